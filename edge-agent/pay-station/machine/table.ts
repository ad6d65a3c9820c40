import type { Now } from "@parkme/shared/domain/clock";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type {
  Attempt,
  EventOf,
  Found,
  Lines,
  Station,
  StationContext,
  StationEvent,
  StationStep,
  StationTable,
} from "./model.ts";
import { andThen, enter, lookUp, NOBODY, rest, stay } from "./moves.ts";
import {
  changedWhilePaying,
  charge,
  chase,
  doubtful,
  enquireAgain,
  payOverdue,
  showWhilePaying,
  terminalAnswers,
} from "./paying.ts";
import * as words from "./words.ts";

/** The disk may work again by then. */
const TRY_AGAIN_MS = 10_000;

/** A station that begins to work; `open` are card payments that an earlier run left without an outcome, oldest first. */
export function newStation(now: Now, open: readonly Attempt[]): Station {
  return {
    state: "IDLE",
    since: now,
    dueMs: null,
    lines: words.WELCOME_WITHOUT_CARD,
    ...NOBODY,
    attempt: null,
    doubts: open.map((attempt) => ({ ...attempt, phase: "unknown" })),
    chaseMs: open.length === 0 ? null : now.monotonicMs,
    works: { reader: null, terminal: null, printer: null, display: null },
    // An earlier run may have raised it.
    alarmed: open.length === 0 ? false : null,
  };
}

/** What comes next by itself; null = nothing. */
export function nextOf({
  dueMs,
  chaseMs,
}: Station): { readonly kind: "due" | "chase"; readonly atMs: number } | null {
  if (dueMs !== null && (chaseMs === null || dueMs <= chaseMs)) return { kind: "due", atMs: dueMs };
  return chaseMs === null ? null : { kind: "chase", atMs: chaseMs };
}

export function step(
  station: Station,
  event: StationEvent,
  ctx: StationContext,
): StationStep & { readonly unexpected: boolean } {
  const cell = STATION_TABLE[station.state][event.kind];
  if (typeof cell === "string") return { ...stay(station), unexpected: cell === "unexpected" };
  // The table gives every kind of event a cell of its own.
  const done = (cell as (station: Station, event: StationEvent, ctx: StationContext) => StationStep)(
    station,
    event,
    ctx,
  );
  return { ...done, unexpected: false };
}

/**
 * Nothing of the turn could be written down, so nothing of it was done. A payment that the terminal was asked for
 * before is in doubt now: what it said of it may be lost.
 */
export function outage(before: Station, event: StationEvent, ctx: StationContext): Station {
  const { attempt } = before;
  // What a device said of itself is true all the same, and it will not say it again.
  const works = event.kind === "device" ? { ...before.works, [event.device]: event.ok } : before.works;
  const station = { ...before, ...NOBODY, works };
  if (attempt === null) return enter(station, "OUT_OF_ORDER", words.OUT_OF_ORDER, TRY_AGAIN_MS, ctx);
  return doubtful(station, attempt, ctx);
}

function decide(station: Station, { found }: EventOf<"found">, ctx: StationContext): StationStep {
  if (found.kind === "refused") return refused(station, found, ctx);
  const ticket = found.voucher ? station.ticket : station.asked;
  const at = { ...station, stayId: found.stayId, ticket };
  const { amountMinor, leaveByMs, quote } = found;
  if (amountMinor > 0) return charge(at, found, ctx);
  const show = (lines: Lines): StationStep =>
    stay(enter(at, "SHOWING", lines, ctx.showMs, ctx), { orders: [{ kind: "indicate", signal: "granted" }] });
  if (leaveByMs !== null) return show(words.leaveBy("Already paid", leaveByMs, ctx.timeZone));
  if (found.covered) return show(words.PERMIT);
  // Edge case 24: whoever owed nothing here is let out by that.
  const leaveMs = ctx.now.wallMs + quote.exitGraceMs;
  const shown = show(words.leaveBy("Nothing to pay", leaveMs, ctx.timeZone));
  return { ...shown, settled: [{ stayId: found.stayId, quote }] };
}

function refused(
  station: Station,
  { lines, goOn }: Extract<Found, { kind: "refused" }>,
  ctx: StationContext,
): StationStep {
  const at = goOn ? { ...station, again: true } : { ...station, ...NOBODY };
  return stay(enter(at, "SHOWING", lines, ctx.showMs, ctx), {
    orders: [{ kind: "indicate", signal: "denied" }],
  });
}

/** A voucher was refused: what it was shown for is asked for once more, and paid without it. */
function shownLongEnough(station: Station, _event: object, ctx: StationContext): StationStep {
  const { again, ticket } = station;
  return again && ticket !== null ? lookUp(station, { shown: ticket }) : rest(station, ctx);
}

function changedWhileShown(
  station: Station,
  { stayId }: EventOf<"stay_changed">,
  ctx: StationContext,
): StationStep {
  return station.stayId === stayId ? rest(station, ctx) : stay(station);
}

/** Tells of a device that ceases to work, and of one that works again. */
function note(station: Station, { device, ok, reason }: EventOf<"device">): StationStep {
  if (station.works[device] === ok) return stay(station);
  const records: GateRecord[] = [
    ok ? { type: "alarm_over", kind: device } : { type: "alarm", kind: device, detail: reason },
  ];
  return stay({ ...station, works: { ...station.works, [device]: ok } }, { records });
}

/** Without a reader there is nothing to be shown; without a terminal nobody is asked for a card. */
function noteAtRest(station: Station, event: EventOf<"device">, ctx: StationContext): StationStep {
  return andThen(note(station, event), (at) => {
    if (at === station || (event.device !== "reader" && event.device !== "terminal")) return stay(at);
    return at.state === "SHOWING" && at.works.reader !== false ? stay(at) : rest(at, ctx);
  });
}

function noteAfterPaying(station: Station, event: EventOf<"device">, ctx: StationContext): StationStep {
  return andThen(note(station, event), (at) => (at.works.reader === false ? rest(at, ctx) : stay(at)));
}

/** Every state and every event. */
export const STATION_TABLE: StationTable = {
  IDLE: {
    shown: lookUp,
    found: decide,
    terminal: terminalAnswers,
    due: "unexpected",
    chase,
    stay_changed: "ignored",
    device: noteAtRest,
  },
  SHOWING: {
    shown: lookUp,
    found: decide,
    terminal: terminalAnswers,
    due: shownLongEnough,
    chase,
    stay_changed: changedWhileShown,
    device: noteAtRest,
  },
  PAYING: {
    shown: showWhilePaying,
    found: "unexpected",
    terminal: terminalAnswers,
    due: payOverdue,
    chase,
    stay_changed: changedWhilePaying,
    device: note,
  },
  IN_DOUBT: {
    shown: "ignored",
    found: "unexpected",
    terminal: terminalAnswers,
    due: enquireAgain,
    chase,
    stay_changed: "ignored",
    device: note,
  },
  THANKS: {
    shown: lookUp,
    found: decide,
    terminal: terminalAnswers,
    due: (station, _event, ctx) => rest(station, ctx),
    chase,
    stay_changed: "ignored",
    device: noteAfterPaying,
  },
  OUT_OF_ORDER: {
    shown: lookUp,
    found: decide,
    terminal: terminalAnswers,
    due: (station, _event, ctx) => rest(station, ctx),
    chase,
    stay_changed: "ignored",
    device: noteAtRest,
  },
};
