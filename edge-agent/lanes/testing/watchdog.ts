import type { GateRecord, LaneCommand } from "@parkme/shared/domain/gate-record";
import type { AttemptId, StayId } from "@parkme/shared/domain/ids";
import type { Lane, LaneConfig } from "../machine/model.ts";
import { createEyes, demand } from "./eyes.ts";
import { creditOf, type Beat, type Watch } from "./lane-bench.ts";

/**
 * The gate's safety invariants, watched from outside: by what the switches said and what was commanded, not by
 * what the lane believes. Throws at the first breach. Where each of the twelve is watched:
 *
 *  1. eyes.closesSafely. 2. turn: reopens in the same turn. 3. eyes.closesSafely: a timer closes by the same rule
 *     as all else. 4. grants: what is opened against what has passed. 5. commandIsSafe: no open within a close
 *     pulse but for danger or by word; that the other relay is let go of first is the board driver's.
 *  6. hasPriority, isLatched. 7. movesByItself: start and reconnection move nothing; eyes.closesSafely: a proven
 *     safety loop. 8. movesByItself: a lost line is followed by no command. 9. The device's own; the length of
 *     each pulse is checked here. 10. Nobody closes by word: eyes.closesSafely holds for every close.
 * 11. commandIsSafe: ids and deadlines; epochs are the board driver's. 12. grants: what is granted is written with
 *     the command; refused: without the disk nothing is granted.
 */
export function createWatchdog(config: LaneConfig) {
  const eyes = createEyes(config);
  const grants = createGrants(config);
  const charges = createCharges();
  const ids = new Set<string>();
  let armComesDown = false;
  /** Until when a close pulse may last, on the monotonic clock, while the arm is not down. */
  let closingUntilMs = -Infinity;

  function turn(beats: readonly Beat[], lane: Lane): void {
    const written = beats.flatMap((beat) => beat.records);
    const commands = beats.flatMap((beat) => beat.commands);
    for (const beat of beats) {
      beatIsSafe(beat);
      for (const command of beat.commands) commandIsSafe(command, beat, written, lane);
    }
    const stopped = commands.some(({ action }) => action === "stop");
    if (armComesDown && eyes.obstructed() && lane.state !== "FAULT" && !stopped)
      demand(commands.some(isReopening), "reopens onto an obstruction in the same turn (2)");
    // An arm whose limit is reported, or that is given up, is not the lane's to reopen any more.
    armComesDown = lane.state === "CLOSING";
    if (lane.state === "IDLE") closingUntilMs = -Infinity;
    grants.balance();
    hasPriority(lane);
  }

  /** 6: STOP > FIRE > obstruction > operator hold > normal. */
  function hasPriority({ state, heldBy }: Lane): void {
    if (!eyes.sees()) return;
    if (eyes.on("stop")) demand(state === "STOPPED", "STOP stops whatever else happens (6)");
    else if (eyes.on("fire") && state !== "STOPPED")
      demand(state === "HELD_OPEN" && heldBy === "fire", "fire holds the arm open (6)");
  }

  function beatIsSafe(beat: Beat): void {
    const { event, before } = beat;
    demand(!beat.unexpected, `nothing unexpected happens: ${event.kind} in ${before.state}`);
    demand(!movesByItself(beat), "start, reconnection and a lost line move nothing (7, 8)");
    isLatched(beat);
    if (event.kind === "reset" && beat.reply?.ok === true && vouches(before)) eyes.vouched();
    grants.beat(beat);
    charges.beat(beat);
    for (const record of beat.records) if (record.type === "payment") paysOnce(beat, record);
  }

  function commandIsSafe(command: LaneCommand, beat: Beat, written: readonly GateRecord[], lane: Lane): void {
    const nowMs = beat.now.monotonicMs;
    demand(!ids.has(command.id), "every command has an id of its own (11)");
    ids.add(command.id);
    isBounded(command, nowMs, config);
    if (eyes.on("stop")) demand(command.action === "stop", "nothing moves while STOP is pressed (6)");
    if (command.action === "close") {
      eyes.closesSafely(nowMs);
      closingUntilMs = nowMs + command.pulseMs;
      return;
    }
    if (command.action === "open" && nowMs < closingUntilMs)
      demand(isReopening(command) || isWord(beat), "open within a close pulse is for danger only (5)");
    closingUntilMs = -Infinity;
    if (command.action === "open" && !isReopening(command)) grants.opens(beat, written, lane);
  }

  /** Nothing is written, so nothing was granted; danger alone moves the arm. */
  function refused(commands: readonly LaneCommand[], lane: Lane): void {
    const sent = commands.every(({ safety, action }) => safety && action !== "close");
    demand(sent, "without the disk only danger moves the arm (12)");
    armComesDown = false;
    closingUntilMs = -Infinity;
    eyes.forget();
    const still = ["UNKNOWN", "STOPPED", "HELD_OPEN"].includes(lane.state);
    demand(still, "without the disk nothing is decided (12)");
  }

  const seen: Watch["seen"] = (levels, counts, nowMs) => {
    eyes.seen(levels, counts, nowMs);
    if (levels === null) armComesDown = false;
  };
  return { seen, turn, refused } satisfies Watch;
}

function isBounded({ deadlineMs, pulseMs }: LaneCommand, nowMs: number, config: LaneConfig): void {
  const lifeMs = deadlineMs - nowMs;
  demand(lifeMs > 0 && lifeMs <= 2_000, "every command has a near deadline (11)");
  demand(pulseMs === config.pulseMs, "every pulse is as long as configured (9)");
}

/** Nobody is charged while an earlier charge for the same stay may still come, or at a terminal that is busy. */
function createCharges() {
  const unsettled = new Map<AttemptId, { readonly stayId: StayId; readonly asked: boolean }>();
  return {
    beat: ({ records, orders }: Beat): void => {
      for (const record of records) {
        if (record.type !== "attempt") continue;
        const { attemptId, stayId, status } = record;
        const lasts = status === "begun" || status === "unknown" || status === "reversing";
        if (status === "begun") {
          const others = [...unsettled.values()];
          demand(!others.some((one) => one.stayId === stayId), "never charges a stay twice (edge case 20)");
          demand(!others.some(({ asked }) => asked), "never charges at a terminal that is busy");
        }
        if (lasts) unsettled.set(attemptId, { stayId, asked: status === "begun" });
        else unsettled.delete(attemptId);
      }
      for (const order of orders) {
        if (order.kind === "authorise")
          demand(unsettled.get(order.attemptId)?.asked === true, "a charge is written down first (12)");
        // A lane that has started anew takes what was under way for in doubt, and asks what became of it.
        const found = order.kind === "enquire" ? unsettled.get(order.attemptId) : undefined;
        if (order.kind === "enquire" && found !== undefined)
          unsettled.set(order.attemptId, { ...found, asked: false });
      }
    },
  };
}

const WRITTEN: readonly GateRecord["type"][] = ["stay_started", "payment", "vend", "ticket"];

/** One grant is good for one passage (4), and is written with its command (12). */
function createGrants(config: LaneConfig) {
  let grants = 0;
  let passages = 0;

  function holdsOpen(before: Lane, written: readonly GateRecord[]): void {
    const begins = written.some((record) => record.type === "hold" && record.on);
    demand(begins || before.state === "HELD_OPEN", "what is held open is written with the command (12)");
    if (written.some(({ type }) => type === "vend") && before.unresolved === null) grants += 1;
  }

  return {
    beat: ({ orders, records }: Beat): void => {
      // A ticket is a promise: its stay is let in when it is taken.
      if (orders.some(({ kind }) => kind === "print")) grants += 1;
      for (const record of records)
        if (record.type === "movement" && (record.kind === "normal" || record.kind === "vend")) passages += 1;
    },
    /** A second attempt has the credit of the first; a first one is written down with what it is granted for. */
    opens: ({ before, after, event }: Beat, written: readonly GateRecord[], lane: Lane): void => {
      if (after.state === "HELD_OPEN") return holdsOpen(before, written);
      if (after.command?.attempt === 2)
        return demand(before.credit !== null, "only a credit is tried again (4)");
      const promised = before.state === "PRINTING" || before.state === "WAIT_TAKE";
      grants += before.unresolved === null && !promised ? 1 : 0;
      demand(before.credit === null || promised, "no grant on top of a grant (4)");
      demand(before.passage?.endedMs !== null, "no grant for a vehicle that passes (4)");
      demand(creditOf(lane) !== null, "what is granted is remembered (12)");
      const accompanied = written.some(({ type }) => WRITTEN.includes(type));
      demand(accompanied || owesNothing(event, config), "what is granted is written with the command (12)");
    },
    balance: (): void => demand(passages <= grants, "one grant is good for one passage (4)"),
  };
}

function movesByItself({ event, before, commands }: Beat): boolean {
  const sight = event.kind === "proven" || event.kind === "lost";
  return commands.length > 0 && (sight || (event.kind === "stale" && before.state === "UNKNOWN"));
}

/** 6: fire and STOP last until a person resets them. */
function isLatched({ event, before, after }: Beat): void {
  if (event.kind === "reset") return;
  const free = before.alarms.includes("fire") && !after.alarms.includes("fire");
  demand(!free, "fire is latched until a person resets it (6)");
  const runs = before.state === "STOPPED" && after.state !== "STOPPED";
  demand(!runs, "STOP is latched until a person resets it (6)");
}

/** A reset by which a person vouches for a clear lane; at a fault and after STOP it does not. */
function vouches({ state }: Lane): boolean {
  return state !== "FAULT" && state !== "STOPPED";
}

/** A person or the house wants the arm up. */
function isWord({ event, after }: Beat): boolean {
  return event.kind === "vend" || after.state === "HELD_OPEN";
}

function paysOnce(
  { before, commands, event }: Beat,
  payment: Extract<GateRecord, { type: "payment" }>,
): void {
  demand(payment.amountMinor > 0 && payment.changeMinor >= 0, "pays something");
  if (event.kind === "terminal" && before.attempt?.attemptId !== event.attemptId) {
    const released = before.abandoned.find(({ attemptId }) => attemptId === event.attemptId)?.released;
    demand(released === true, "a late card payment is kept for who was let out only");
    return demand(commands.length === 0, "a late payment opens nothing (4)");
  }
  const cash = payment.method === "cash";
  demand(before.state === "PAYING" || (!cash && before.state === "PAY_UNKNOWN"), "pays where it is asked to");
  demand(!cash || before.attempt === null, "takes no cash while a card may be charged");
  demand(payment.stayId === before.stay?.stayId, "pays for the stay at the lane");
  const due = before.stay?.due?.amountMinor ?? 0;
  const asked = cash ? due : before.attempt?.amountMinor;
  demand(payment.amountMinor === asked, "pays what is due");
  demand(commands.length === (payment.amountMinor >= due ? 1 : 0), "opens for a payment, once");
}

function isReopening(command: LaneCommand): boolean {
  return command.action === "open" && command.safety;
}

/** Admitted before, or nothing to pay, or within the facility. */
function owesNothing(event: Beat["event"], { inner }: LaneConfig): boolean {
  if (event.kind !== "facts") return false;
  const { facts } = event;
  if (facts.direction === "entry") return inner || facts.stay?.status === "provisional";
  return facts.match.kind === "one" && (inner || facts.match.stay.due?.amountMinor === 0);
}
