/**
 * What must be true in the end, whatever happened on the way. It is written apart from the code that makes it so: it
 * knows which events the gate wrote and which disks were lost when, and nothing of numbers, cursors, hashes or epochs.
 */

/** An event that the gate wrote because something happened there. */
export type Fact = {
  readonly eventId: string;
  readonly kind: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

/** What a side has in the end. */
export type Books = {
  /** In their order. */
  readonly events: readonly { readonly eventId: string; readonly kind: string }[];
  /** Rows by table: ids, and what they are worth. */
  readonly rows: Readonly<Record<Subject, readonly Row[]>>;
  /** Rows that a restore could not put in their place, and said so. */
  readonly setAside: ReadonlySet<string>;
};
export type Row = { readonly id: string; readonly minor: number | null };

export const SUBJECTS = ["stays", "movements", "payments", "ledger", "receipts", "shifts"] as const;
export type Subject = (typeof SUBJECTS)[number];

/** What an event of a kind is about: the row that must be there because of it, once. */
const ROWS: Readonly<Record<string, readonly [Subject, id: string, minor: string | null]>> = {
  "stay.started": ["stays", "stay_id", null],
  "movement.recorded": ["movements", "movement_id", null],
  "payment.taken": ["payments", "payment_id", "amount_minor"],
  "ledger.entry": ["ledger", "entry_id", "amount_minor"],
  "receipt.issued": ["receipts", "number", "amount_minor"],
  "shift.opened": ["shifts", "shift_id", "float_minor"],
};

/** Events that a gate writes of itself when it was restored, or shut out. */
const OF_THE_LINK = new Set([
  "log.restored",
  "rows.changed",
  "alarm.raised",
  "alarm.ended",
  "equality.reported",
]);

export class Model {
  private readonly facts: Fact[] = [];
  /** There was a moment at which no disk had them. */
  private readonly mayBeGone = new Set<string>();
  /** Disks that were lost or put back. */
  disasters = 0;
  /** What was noted beside the gate's database, of the numbers that it had given, was lost with it. */
  private numbersForgotten = false;

  wrote(facts: readonly Fact[]): void {
    this.facts.push(...facts);
  }

  get written(): number {
    return this.facts.length;
  }

  /** A disk that had some events has others now, while the other side's disk has what it has. */
  diskReplaced({ had, has, elsewhere }: Record<"had" | "has" | "elsewhere", ReadonlySet<string>>): void {
    this.disasters += 1;
    for (const eventId of had) if (!has.has(eventId) && !elsewhere.has(eventId)) this.mayBeGone.add(eventId);
  }

  forgetNumbers(): void {
    this.numbersForgotten = true;
  }

  /**
   * Whether rows of a table may be other ones on both sides: those that have numbers which were given twice, and those
   * that two lives of the gate changed, where a restore said so.
   */
  mayDiffer(subject: string, { setAside }: Books): boolean {
    const isNumbered = ["receipts", "payments", "shifts"].includes(subject);
    return (
      [...setAside].some((name) => name.startsWith(`${subject} `)) || (this.numbersForgotten && isNumbered)
    );
  }

  /** @returns what is wrong, in words; nothing, when all is as it must be. */
  judge(edge: Books, cloud: Books): string[] {
    return [
      ...this.lost("edge", edge),
      ...this.lost("cloud", cloud),
      ...doubled("edge", edge),
      ...doubled("cloud", cloud),
      ...this.unlike(edge, cloud),
      ...this.repeated(edge),
      ...this.strangers(cloud),
      ...this.orderless(cloud),
      ...this.wrongRows("edge", edge),
      ...this.wrongRows("cloud", cloud),
    ];
  }

  private lost(side: string, { events }: Books): string[] {
    const there = new Set(events.map(({ eventId }) => eventId));
    return this.facts
      .filter(({ eventId }) => !there.has(eventId) && !this.mayBeGone.has(eventId))
      .map(({ eventId, kind }) => `the ${side} has lost ${kind} ${eventId}`);
  }

  /** Nobody writes facts but the gate. */
  private strangers({ events }: Books): string[] {
    const ours = new Set(this.facts.map(({ eventId }) => eventId));
    return events
      .filter(({ eventId, kind }) => !ours.has(eventId) && !OF_THE_LINK.has(kind))
      .map(({ eventId, kind }) => `${kind} ${eventId} was never written`);
  }

  /** Without a disaster, the order is the one in which things happened. */
  private orderless({ events }: Books): string[] {
    if (this.disasters > 0) return [];
    const order = new Map(this.facts.map(({ eventId }, index) => [eventId, index]));
    let last = -1;
    return events.flatMap(({ eventId }) => {
      const at = order.get(eventId);
      if (at === undefined) return [];
      const wrong = at < last;
      last = Math.max(last, at);
      return wrong ? [`event ${eventId} is not in its place`] : [];
    });
  }

  /** What the surviving events say is there, once, with its amount; and nothing else is. */
  private wrongRows(side: string, { events, rows }: Books): string[] {
    const expected = this.rowsToldBy(events);
    const problems: string[] = [];
    for (const subject of SUBJECTS) {
      for (const { id, minor } of rows[subject]) {
        const name = `${subject} ${id}`;
        const should = expected.get(name);
        if (should === undefined) problems.push(`the ${side} has ${name}, of which no event tells`);
        else if (!should.includes(minor))
          problems.push(`the ${side} has ${minor} for ${name}, which was ${should.join(" or ")}`);
        expected.delete(name);
      }
    }
    return [...problems, ...[...expected.keys()].map((name) => `the ${side} has no ${name}`)];
  }

  /** Rows by their names, with what they are worth; where a name was given twice, with both. */
  private rowsToldBy(events: Books["events"]): Map<string, (number | null)[]> {
    const there = new Set(events.map(({ eventId }) => eventId));
    const told = new Map<string, (number | null)[]>();
    for (const { eventId, kind, payload } of this.facts) {
      const about = ROWS[kind];
      if (about === undefined || !there.has(eventId)) continue;
      const [subject, id, minor] = about;
      const name = `${subject} ${String(payload[id])}`;
      told.set(name, [...(told.get(name) ?? []), minor === null ? null : Number(payload[minor])]);
    }
    return told;
  }

  /** Names that were given to two rows: only numbers may be, when they were forgotten; and then it is said. */
  private repeated({ events, setAside }: Books): string[] {
    return [...this.rowsToldBy(events)]
      .filter(([, told]) => told.length > 1)
      .filter(([name]) => !(this.numbersForgotten && name.startsWith("receipts ") && setAside.has(name)))
      .map(([name]) => `${name} was given twice`);
  }

  /** Both sides have the same events in the same order, and their books add up to the same. */
  private unlike(edge: Books, cloud: Books): string[] {
    const order = ({ events }: Books): string => events.map(({ eventId }) => eventId).join();
    const twice = new Set(
      [...this.rowsToldBy(edge.events)].flatMap(([name, told]) => (told.length > 1 ? [name] : [])),
    );
    const sum = ({ rows }: Books, subject: Subject): string => {
      const single = rows[subject].filter(({ id }) => !twice.has(`${subject} ${id}`));
      return `${rows[subject].length} rows, ${single.reduce((all, { minor }) => all + (minor ?? 0), 0)}`;
    };
    const problems = SUBJECTS.flatMap((subject) => {
      const [here, there] = [sum(edge, subject), sum(cloud, subject)];
      return here === there ? [] : [`${subject}: ${here} at the edge, ${there} in the cloud`];
    });
    if (order(edge) !== order(cloud))
      problems.push(
        `the edge has ${edge.events.length} events, the cloud ${cloud.events.length}: not the same`,
      );
    return problems;
  }
}

function doubled(side: string, { events, rows }: Books): string[] {
  const lists = [["events", events.map(({ eventId }) => eventId)] as const];
  const tables = SUBJECTS.map((subject) => [subject, rows[subject].map(({ id }) => id)] as const);
  return [...lists, ...tables].flatMap(([name, ids]) =>
    ids.length === new Set(ids).size ? [] : [`the ${side} has some of its ${name} twice`],
  );
}
