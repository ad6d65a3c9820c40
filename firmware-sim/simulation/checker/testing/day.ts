import type { GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import type { AttemptId, TicketNumber } from "@parkme/shared/domain/ids";
import { asCurrency, money } from "@parkme/shared/domain/money";
import type { Quote } from "@parkme/shared/pricing/quote-model";
import type { Entry, Told } from "../../journal.ts";
import type { Schedule } from "../../schedule.ts";
import { createChecker } from "../checker.ts";
import type { RuleName } from "../violation.ts";
import { cloudOf, GateBooks } from "./gate-books.ts";
import { HOUR_MS, idOf, MINUTE_MS, SCHEDULE } from "./places.ts";

export type Paying = { readonly method: "cash" | "card"; readonly minor: number };

/** A journal told by hand, with the books that a gate would have of it. */
export class Day {
  entries: Entry[] = [];
  readonly gate = new GateBooks();
  nowMs = 0;
  private ids = 0;

  next = (): number => (this.ids += 1);

  at(ms: number): this {
    this.nowMs = ms;
    return this;
  }

  tell(...all: readonly Told[]): this {
    for (const told of all) this.entries.push({ step: this.entries.length + 1, atMs: this.nowMs, ...told });
    return this;
  }

  record(lane: string, record: GateRecord): this {
    this.gate.write(lane, record, this.nowMs);
    return this.tell({ kind: "record", lane, record });
  }

  pulse(lane: string, action: "open" | "close", changes: object = {}): this {
    const commandId = `command-${this.next()}`;
    this.gate.rows.commands.push({ id: commandId, lane, action, epoch: 1 });
    const clear = { underneath: [], covered: [] } as const;
    const good = { monotonicMs: this.nowMs, deadlineMs: this.nowMs + 1_000, epoch: 1 };
    return this.tell({ kind: "pulsed", lane, action, commandId, ...good, ...clear, ...changes });
  }

  arm(lane: string, motion: "up" | "down", changes: object = {}): this {
    const clear = { underneath: [], covered: [] } as const;
    const end = motion === "up" ? 1 : 0;
    this.tell({ kind: "arm", lane, motion, position: 1 - end, ...clear, ...changes });
    this.nowMs += 1_500;
    return this.tell({ kind: "arm", lane, motion: "still", position: end, ...clear });
  }

  drivesUp(lane: string, visit: number): this {
    this.tell({ kind: "arrived", visit, lane });
    this.nowMs += 2_000;
    this.tell({ kind: "at_line", visit, lane });
    return this.tell({ kind: "read", visit, lane, plate: plateOf(visit) });
  }

  goesThrough(lane: string, visit: number, stay: StayInHand | null, changes: object = {}): this {
    const way = lane.startsWith("entry") ? "in" : "out";
    this.nowMs += 4_000;
    this.tell({ kind: "passed", visit, lane, direction: way === "in" ? "entry" : "exit" });
    this.nowMs += 1_000;
    this.record(lane, movementOf(this.next(), way, stay, visit, changes));
    return this.pulse(lane, "close").arm(lane, "down");
  }

  /** @returns the stay that it begins. */
  comesIn(visit: number, right: StayInHand["right"] = null): StayInHand {
    const lane = "entry-1";
    this.drivesUp(lane, visit);
    const stay = stayOf(visit, this.nowMs, right);
    this.record(lane, { type: "stay_started", stay, credential: null, zone: null });
    this.pulse(lane, "open").arm(lane, "up");
    this.goesThrough(lane, visit, stay);
    return stay;
  }

  pays(lane: string, stay: StayInHand, { method, minor }: Paying, visit: number): this {
    const changeMinor = method === "cash" ? 1_000 - minor : 0;
    if (method === "card") {
      const attempt = {
        type: "attempt",
        attemptId: idOf<AttemptId>(800 + visit),
        stayId: stay.stayId,
        amountMinor: minor,
      } as const;
      this.record(lane, { ...attempt, status: "begun", receipt: null, detail: "" });
      this.tell({ kind: "charged", place: lane, attemptId: idOf(800 + visit), amountMinor: minor });
      this.record(lane, { ...attempt, status: "approved", receipt: "17", detail: "" });
    } else {
      this.tell(
        { kind: "cash", actor: "alex", visit, amountMinor: 1_000, for: "payment" },
        { kind: "cash", actor: "alex", visit, amountMinor: -changeMinor, for: "change" },
      );
    }
    return this.record(lane, {
      type: "payment",
      paymentId: idOf(700 + visit),
      stayId: stay.stayId,
      method,
      amountMinor: minor,
      changeMinor,
      actor: method === "cash" ? "alex" : "terminal",
      idempotencyKey: method === "card" ? idOf(800 + visit) : `cash-${visit}`,
      quote: quoteOf(minor),
      reference: null,
    });
  }

  goesOut(visit: number, stay: StayInHand, paying: Paying | null): this {
    const lane = "exit-1";
    this.drivesUp(lane, visit);
    if (paying !== null) this.pays(lane, stay, paying, visit);
    this.pulse(lane, "open").arm(lane, "up");
    return this.goesThrough(lane, visit, stay, { quote: quoteOf(paying?.minor ?? 0) });
  }

  /** What the checker says: `rule: message`. */
  judged(schedule: Schedule = SCHEDULE, only?: readonly RuleName[], withCloud = true): string[] {
    const checker = createChecker(schedule, only);
    const edge = this.gate.edge();
    const last = { step: this.entries.length, atMs: this.nowMs };
    const cloud = withCloud ? cloudOf(edge) : null;
    const found = [
      ...this.entries.flatMap((entry) => checker.tell(entry)),
      ...checker.end({ ...last, edge, cloud }),
    ];
    return found.map(({ rule, message }) => `${rule}: ${message}`);
  }

  /** Leaves entries out. */
  without(isOut: (entry: Entry) => boolean): this {
    this.entries = this.entries.filter((entry) => !isOut(entry));
    return this;
  }

  /** Something else happened in the place of these. */
  instead<K extends Entry["kind"]>(
    kind: K,
    changes: object,
    which: (entry: Entry) => boolean = () => true,
  ): this {
    this.entries = this.entries.map((entry) =>
      entry.kind === kind && which(entry) ? { ...entry, ...changes } : entry,
    );
    return this;
  }
}

function plateOf(visit: number): string {
  return SCHEDULE.visits.find(({ id }) => id === visit)?.vehicle.plate.text ?? "?";
}

export function stayOf(visit: number, atMs: number, right: StayInHand["right"] = null): StayInHand {
  return {
    stayId: idOf(100 + visit),
    ticketNumber: `PKM-0000000${visit}` as TicketNumber,
    plate: plateOf(visit),
    entryWallMs: SCHEDULE.site.startMs + atMs,
    status: "provisional",
    right,
    due: null,
  };
}

export function movementOf(
  id: number,
  direction: "in" | "out",
  stay: StayInHand | null,
  visit: number,
  changes: object = {},
): GateRecord {
  return {
    type: "movement",
    movementId: idOf(500 + id),
    direction,
    kind: "normal",
    scope: "facility",
    zones: [],
    stayId: stay?.stayId ?? null,
    plate: plateOf(visit),
    review: null,
    quote: null,
    ...changes,
  };
}

export function quoteOf(minor: number): Quote {
  const amount = money(minor, asCurrency("EUR"));
  const nothing = money(0, asCurrency("EUR"));
  return {
    base: amount,
    discounts: nothing,
    validated: nothing,
    penalties: nothing,
    rounding: nothing,
    tax: nothing,
    taxIncluded: true,
    total: amount,
    durationMinutes: 0,
    appliedRule: "Hourly",
    tariffId: "house",
    tariffVersion: 1,
    subscriptionUsed: false,
    passMinutes: 0,
    exitGraceMs: 15 * MINUTE_MS,
    trace: [],
  };
}

/** Vehicle 1 pays cash and vehicle 2 by card; vehicle 3 has a permit and stays inside. */
export function goodDay(): Day {
  const day = new Day();
  const first = day.at(10 * MINUTE_MS).comesIn(1);
  const second = day.at(20 * MINUTE_MS).comesIn(2);
  day.at(30 * MINUTE_MS).comesIn(3, { kind: "permit", id: "permit-1" });
  day.at(HOUR_MS).goesOut(2, second, { method: "card", minor: 200 });
  day.at(3 * HOUR_MS - 5 * MINUTE_MS).goesOut(1, first, { method: "cash", minor: 600 });
  return day.at(4 * HOUR_MS);
}
