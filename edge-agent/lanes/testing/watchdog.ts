import type { GateRecord, LaneCommand } from "@parkme/shared/domain/gate-record";
import type { LaneInput } from "@parkme/shared/domain/lane";
import type { Lane, LaneConfig } from "../machine/model.ts";
import type { Levels } from "./board.ts";
import { creditOf, type Beat, type Watch } from "./lane-bench.ts";

/** Inputs under and behind the arm. */
const GUARDS = ["safety", "closing", "photocell"] as const;

/**
 * The gate's safety invariants, watched from outside: by what the switches said and what was commanded, not by
 * what the lane believes. Throws at the first breach.
 */
export function createWatchdog(
  config: Pick<LaneConfig, "direction" | "timers">,
  wired: readonly LaneInput[],
) {
  const guards = GUARDS.filter((input) => wired.includes(input));
  const ids = new Set<string>();
  let clearSince: Partial<Record<LaneInput, number>> = {};
  let safetyWas: boolean | null = null;
  let safetyProven = false;
  let armComesDown = false;
  let obstructed = false;
  let grants = 0;
  let passages = 0;

  function seen(levels: Levels | null, counts: Lane["counts"], nowMs: number): void {
    obstructed = false;
    if (levels === null || wired.some((input) => levels[input] === undefined)) {
      clearSince = {};
      safetyWas = null;
      safetyProven = false;
      armComesDown = false;
      return;
    }
    for (const input of guards) {
      if (levels[input] !== true) clearSince[input] ??= nowMs;
      else {
        obstructed ||= clearSince[input] !== undefined;
        delete clearSince[input];
      }
    }
    if (safetyWas === true && levels.safety === false) safetyProven = true;
    if (counts !== null && counts.safety > 0) safetyProven = true;
    safetyWas = levels.safety ?? null;
  }

  function turn(beats: readonly Beat[], lane: Lane): void {
    const records = beats.flatMap((beat) => beat.records);
    const commands = beats.flatMap((beat) => beat.commands);
    for (const beat of beats) beatIsSafe(beat, records, lane);
    if (armComesDown && obstructed && lane.state !== "FAULT")
      demand(commands.some(isReopening), "reopens onto an obstruction in the same turn (2)");
    obstructed = false;
    // An arm whose limit is reported, or that is given up, is not the lane's to reopen any more.
    armComesDown = lane.state === "CLOSING";
    demand(passages <= grants, "one grant is good for one passage (4)");
  }

  function beatIsSafe(beat: Beat, written: readonly GateRecord[], lane: Lane): void {
    const { event, before, commands, records } = beat;
    demand(!beat.unexpected, `nothing unexpected happens: ${event.kind} in ${before.state}`);
    if (event.kind === "proven" || event.kind === "lost")
      demand(commands.length === 0, "start and reconnection move nothing (7)");
    if (event.kind === "reset" && beat.reply?.ok === true && before.state !== "FAULT") safetyProven = true;
    for (const command of commands) {
      demand(!ids.has(command.id), "every command has an id of its own (11)");
      ids.add(command.id);
      const lifeMs = command.deadlineMs - beat.now.monotonicMs;
      demand(lifeMs > 0 && lifeMs <= 2_000, "every command has a near deadline (11)");
      if (command.action === "close") closesSafely(beat.now.monotonicMs);
      else if (!isReopening(command)) opensRightly(beat, written, lane);
    }
    for (const record of records) {
      if (record.type === "payment") paysOnce(beat, record);
      const own =
        record.type === "movement" && (record.direction === "in") === (config.direction === "entry");
      if (own && record.kind !== "tailgate") passages += 1;
    }
  }

  function closesSafely(nowMs: number): void {
    demand(safetyProven, "closes only over a safety loop that is proven (7)");
    for (const input of guards) {
      const since = clearSince[input];
      demand(since !== undefined, `closes only with ${input} known and clear (1)`);
      demand(nowMs - (since ?? nowMs) >= config.timers.clearMs, `closes only after ${input} was clear (1)`);
    }
  }

  /** A second attempt has the credit of the first; a first one is written down with what it is granted for. */
  function opensRightly({ before, after, event }: Beat, written: readonly GateRecord[], lane: Lane): void {
    if (after.command?.attempt === 2)
      return demand(before.credit !== null, "only a credit is tried again (4)");
    grants += before.unresolved === null ? 1 : 0;
    demand(before.credit === null && before.passage === null, "no grant on top of a grant (4)");
    demand(creditOf(lane) !== null, "what is granted is remembered (12)");
    const accompanied = written.some(({ type }) => ["stay_started", "payment", "vend"].includes(type));
    demand(accompanied || owesNothing(event), "what is granted is written down with the command (12)");
  }

  function paysOnce({ before, commands }: Beat, payment: Extract<GateRecord, { type: "payment" }>): void {
    demand(before.state === "PAYING", "pays where payment is asked for");
    demand(payment.stayId === before.stay?.stayId, "pays for the stay at the lane");
    demand(payment.amountMinor === before.stay?.due?.amountMinor, "pays what is due");
    demand(payment.amountMinor > 0 && payment.changeMinor >= 0, "pays something");
    demand(commands.length === 1, "opens for a payment, once");
  }

  return { seen, turn } satisfies Watch;
}

function isReopening(command: LaneCommand): boolean {
  return command.action === "open" && command.safety;
}

/** Admitted before, or nothing to pay. */
function owesNothing(event: Beat["event"]): boolean {
  if (event.kind !== "facts") return false;
  const { facts } = event;
  if (facts.direction === "entry") return facts.stay?.status === "provisional";
  return facts.match.kind === "one" && facts.match.stay.due?.amountMinor === 0;
}

function demand(holds: boolean, what: string): void {
  if (!holds) throw new Error(`breach: ${what}`);
}
