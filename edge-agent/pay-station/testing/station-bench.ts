import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { type AttemptId, asId, type IdMint, type StayId } from "@parkme/shared/domain/ids";
import { asCurrency } from "@parkme/shared/domain/money";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import type { Found, Shown, Station, StationContext, StationEvent, StationStep } from "../machine/model.ts";
import { newStation, step } from "../machine/table.ts";

/** A pay station without devices: told what happens, and asked what it does. */

const EUR = asCurrency("EUR");
/** Monday 2 March 2026, 14:00 in Berlin. */
export const NOON_MS = Date.UTC(2026, 2, 2, 13);
export const ADA = asId<StayId>("00000000-0000-7000-8000-00000000000a");
export const BOB = asId<StayId>("00000000-0000-7000-8000-00000000000b");

export const TICKET: Shown = { medium: "code", text: "PKM-ADA" };
export const OTHER_TICKET: Shown = { medium: "code", text: "PKM-BOB" };
export const VOUCHER: Shown = { medium: "code", text: "VOUCHER" };

/** Ids of one kind count up: `...001` is the first. */
export function countingMint(): IdMint {
  let serial = 0;
  return {
    next: <Id>(): Id => {
      serial += 1;
      return `00000000-0000-7000-8000-${serial.toString(16).padStart(12, "0")}` as Id;
    },
    ticketNumber: () => {
      throw new Error("a pay station makes no tickets");
    },
  };
}

export function contextAt(monotonicMs: number, mint: IdMint = countingMint()): StationContext {
  return {
    now: { wallMs: NOON_MS + monotonicMs, monotonicMs },
    mint,
    currency: EUR,
    timeZone: "Europe/Berlin",
    payMs: 90_000,
    showMs: 8_000,
  };
}

type FoundStay = Extract<Found, { kind: "stay" }>;

export function owing(amountMinor: number, more: Partial<FoundStay> = {}): FoundStay {
  const quote = plainQuote(amountMinor);
  return {
    kind: "stay",
    stayId: ADA,
    quote,
    amountMinor,
    leaveByMs: null,
    covered: false,
    voucher: false,
    ...more,
  };
}

export const REFUSED: Extract<Found, { kind: "refused" }> = {
  kind: "refused",
  lines: ["Not known", ""],
  goOn: false,
};

/** A station at which things happen one after the other; each look finds what was laid out for it. */
export function createBench(start: Station = newStation({ wallMs: NOON_MS, monotonicMs: 0 }, [])) {
  const mint = countingMint();
  let station = start;
  let nowMs = 0;
  const steps: StationStep[] = [];

  function apply(event: StationEvent): StationStep {
    const { unexpected, ...done } = step(station, event, contextAt(nowMs, mint));
    if (unexpected) throw new Error(`${event.kind} in ${station.state}`);
    station = done.station;
    steps.push(done);
    return done;
  }

  return {
    station: () => station,
    apply,
    /** What is shown, and what is found behind it. */
    show: (shown: Shown, found: Found): StationStep => {
      const { request } = apply({ kind: "shown", shown });
      return request === null ? stepOf(station) : apply({ kind: "found", found });
    },
    find: (found: Found): StationStep => apply({ kind: "found", found }),
    works: (): void => {
      for (const device of ["reader", "terminal"] as const)
        apply({ kind: "device", device, ok: true, reason: "" });
    },
    terminal: (outcome: Extract<StationEvent, { kind: "terminal" }>["outcome"]): StationStep => {
      const attemptId = station.attempt?.attemptId;
      if (attemptId === undefined) throw new Error("no payment is under way");
      return apply({ kind: "terminal", attemptId, outcome });
    },
    wait: (): StationStep => {
      if (station.dueMs === null) throw new Error(`nothing is due in ${station.state}`);
      nowMs = Math.max(nowMs, station.dueMs);
      return apply({ kind: "due" });
    },
    later: (ms: number): void => {
      nowMs += ms;
    },
    steps,
  };
}

function stepOf(station: Station): StationStep {
  return { station, records: [], settled: [], orders: [], request: null };
}

export const APPROVED = { kind: "approved", receipt: "0471", card: "**1" } as const;
export const DECLINED = { kind: "declined", reason: "no cover" } as const;
export const REFUSAL = { kind: "refused", reason: "offline" } as const;
export const UNKNOWN = { kind: "unknown", reason: "line lost" } as const;
export const STRANGE_ATTEMPT = asId<AttemptId>("00000000-0000-7000-8000-0000000000ff");

/** What a step comes to, in a line: `PAYING "To pay EUR 4.50" write begun; granted authorise 450`. */
export function outcomeOf(
  before: Station,
  { station, records, settled, orders, request }: StationStep,
): string {
  const shows = station.lines === before.lines ? "" : `"${station.lines.join(" / ").trim()}"`;
  const written = [...records.map(recordWord), ...settled.map(() => "settled")];
  const ordered = orders.map((order) => {
    if (order.kind === "indicate") return order.signal;
    return order.kind === "authorise" ? `authorise ${order.amountMinor}` : order.kind;
  });
  const parts = [
    station.state === before.state ? "same" : station.state,
    shows,
    written.length === 0 ? "" : `write ${written.join(" ")}`,
    ordered.length === 0 ? "" : `order ${ordered.join(" ")}`,
    request === null ? "" : `look ${request.shown.text}${request.stayId === null ? "" : " with stay"}`,
  ];
  return parts.filter((part) => part !== "").join("; ");
}

function recordWord(record: GateRecord): string {
  if (record.type === "attempt") return record.status;
  if (record.type === "payment") return `payment ${record.amountMinor}`;
  if (record.type === "alarm") return `alarm:${record.kind}`;
  if (record.type === "alarm_over") return `over:${record.kind}`;
  return record.type === "stay_review" ? record.review : record.type;
}
