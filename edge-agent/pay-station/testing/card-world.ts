import type { GateRecord, TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId, StayId } from "@parkme/shared/domain/ids";
import { asCurrency } from "@parkme/shared/domain/money";
import type { Attempt, Found, LookUp, StationOrder } from "../machine/model.ts";
import { nextOf } from "../machine/table.ts";
import { createStationRunner, type StationRunner } from "../station-runner.ts";
import { ADA, BOB, countingMint, NOON_MS, owing, TICKET } from "./station-bench.ts";

/** What the terminal does with one charge: whether the card is charged, and what it says of it at first. */
export type Way = { readonly charges: boolean; readonly says: "truth" | "unknown" | "nothing" };

type Charge = {
  readonly stayId: StayId;
  readonly amountMinor: number;
  charged: boolean;
  under: Way | null;
};
type Attempts = Map<
  AttemptId,
  { readonly stayId: StayId; readonly amountMinor: number; readonly status: string }
>;

const OPEN = ["begun", "unknown"];

const SETTINGS = {
  name: "lobby",
  currency: asCurrency("EUR"),
  timeZone: "Europe/Berlin",
  payMs: 90_000,
  showMs: 8_000,
};

function leftOpen(attempts: Attempts): Attempt[] {
  return [...attempts].flatMap(([attemptId, { stayId, amountMinor, status }]): Attempt[] =>
    OPEN.includes(status) ? [{ attemptId, stayId, amountMinor, quote: null, phase: "unknown" }] : [],
  );
}

/** The terminal, and what it catches the station at. */
function createCards(
  attempts: Attempts,
  dueOf: (stayId: StayId) => number,
  tell: (attemptId: AttemptId, outcome: TerminalOutcome) => void,
) {
  const charges = new Map<AttemptId, Charge>();
  const breaches: string[] = [];
  const isOpen = (id: AttemptId): boolean => OPEN.includes(attempts.get(id)?.status ?? "");
  const truth = ({ charged }: Charge): TerminalOutcome =>
    charged
      ? { kind: "approved", receipt: "0471", card: "**1" }
      : { kind: "declined", reason: "not charged" };

  function authorise({ attemptId, amountMinor }: Extract<StationOrder, { kind: "authorise" }>): void {
    const written = attempts.get(attemptId);
    if (written?.status !== "begun") breaches.push("charged before it was written down");
    if (written === undefined) return;
    const { stayId } = written;
    if (charges.has(attemptId)) breaches.push("one payment was asked for twice");
    if ([...charges].some(([id, charge]) => charge.stayId === stayId && isOpen(id)))
      breaches.push("charged while in doubt");
    if (amountMinor > dueOf(stayId)) breaches.push("charged more than was due");
    charges.set(attemptId, { stayId, amountMinor, charged: false, under: null });
  }

  return {
    breaches,
    order: (one: StationOrder): void => {
      if (one.kind === "authorise") return authorise(one);
      const charge = one.kind === "abort" ? charges.get(one.attemptId) : undefined;
      // Too late once the card was taken.
      if (charge?.under === null) charge.under = { charges: false, says: "truth" };
    },
    charged: (stayId: StayId): number =>
      [...charges.values()].reduce(
        (sum, one) => sum + (one.charged && one.stayId === stayId ? one.amountMinor : 0),
        0,
      ),
    /** The card is put in. */
    card: (way: Way): void => {
      const [attemptId, charge] = [...charges].find(([id, { under }]) => under === null && isOpen(id)) ?? [];
      if (attemptId === undefined || charge === undefined) return;
      charge.under = way;
      charge.charged = way.charges;
      if (way.says === "nothing") return;
      tell(attemptId, way.says === "truth" ? truth(charge) : { kind: "unknown", reason: "line lost" });
    },
    /** The terminal says what it knows of all that is open. */
    answer: (sure: boolean): void => {
      for (const [attemptId, charge] of [...charges].filter(([id]) => isOpen(id))) {
        charge.under ??= { charges: false, says: "truth" };
        tell(attemptId, sure ? truth(charge) : { kind: "unknown", reason: "busy" });
      }
    },
  };
}

/** Two drivers, a pay station with its disk, and a card terminal that knows the truth about every charge. */
export function createCardWorld(feeMinor: number) {
  const mint = countingMint();
  const attempts: Attempts = new Map();
  const paid = new Map<StayId, number>();
  const byCard = new Map<StayId, number>();
  const dueOf = (stayId: StayId): number => Math.max(0, feeMinor - (paid.get(stayId) ?? 0));
  const { breaches, order, ...terminal } = createCards(attempts, dueOf, (attemptId, outcome) =>
    runner.tell({ kind: "terminal", attemptId, outcome }),
  );
  const told: StayId[] = [];
  let nowMs = 0;
  let diskRefuses = false;
  let runner = start();

  function write(record: GateRecord): void {
    if (record.type === "attempt") attempts.set(record.attemptId, record);
    if (record.type !== "payment") return;
    const { stayId, amountMinor } = record;
    for (const book of [paid, byCard]) book.set(stayId, (book.get(stayId) ?? 0) + amountMinor);
  }

  function lookUp({ shown }: LookUp): Found {
    const stayId = shown.text === TICKET.text ? ADA : BOB;
    const amountMinor = dueOf(stayId);
    return owing(amountMinor, { stayId, leaveByMs: amountMinor === 0 ? NOON_MS : null });
  }

  function start(): StationRunner {
    const started = createStationRunner(SETTINGS, leftOpen(attempts), {
      clock: { wallMs: () => NOON_MS + nowMs, monotonicMs: () => nowMs },
      mint,
      lookUp,
      record: (records) => {
        if (diskRefuses) throw new Error("the disk refuses");
        for (const record of records) write(record);
      },
      order,
      show: () => undefined,
      stayChanged: (stayId) => void told.push(stayId),
      log: { warn: (_fields, message) => void breaches.push(message), error: () => undefined },
    });
    for (const device of ["reader", "terminal"] as const)
      started.tell({ kind: "device", device, ok: true, reason: "" });
    return started;
  }

  return {
    ...terminal,
    breaches,
    /** Whose stays it has told the lanes of. */
    told,
    booked: (stayId: StayId): number => byCard.get(stayId) ?? 0,
    open: (): number => [...attempts.values()].filter(({ status }) => OPEN.includes(status)).length,
    state: () => runner.station().state,
    tell: (event: Parameters<StationRunner["tell"]>[0]): void => runner.tell(event),
    payAtDesk: (stayId: StayId): void => {
      paid.set(stayId, feeMinor);
      runner.tell({ kind: "stay_changed", stayId });
    },
    /** So long, or until something comes by itself. */
    wait: (ms: number | null): void => {
      const next = nextOf(runner.station());
      nowMs = ms === null ? Math.max(nowMs, next?.atMs ?? 0) : nowMs + ms;
      if (next !== null && next.atMs <= nowMs) runner.tell({ kind: next.kind });
    },
    restart: (): void => {
      runner.stop();
      runner = start();
    },
    disk: (refuses: boolean): void => {
      diskRefuses = refuses;
    },
    stop: (): void => runner.stop(),
  };
}
