import { SENSOR_INPUTS } from "@parkme/shared/domain/lane";
import type { Lane, LaneConfig, LaneTable, TimerName } from "../machine/model.ts";

const STANDING = ["HELD_OPEN", "STOPPED", "DEGRADED"];
const IN_DOUBT = ["UNKNOWN", "FAULT", ...STANDING];

/**
 * What must hold of a lane in each state, written apart from the rules that bring it there. Empty when it does.
 */
export function contradictions(lane: Lane, table: LaneTable, { wired }: LaneConfig): string[] {
  const { state, credit, passage, command, stay, unresolved } = lane;
  const row = table[state];
  const sensors = SENSOR_INPUTS.filter((input) => wired.has(input));
  const known = sensors.every((input) => lane.inputs[input] !== "unknown");
  const found: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) found.push(`${state}: ${what}`);
  };
  const is = (...states: readonly string[]): boolean => states.includes(state);

  for (const timer of Object.keys(lane.timers) as TimerName[]) {
    const cell = row[`${timer}_due`];
    must(typeof cell !== "string", `the timer ${timer} runs, and nothing is done when it is due`);
  }
  const granted = is("OPENING", "OPEN", "PRINTING", "WAIT_TAKE");
  must((credit !== null) === granted || is("HELD_OPEN"), "a credit belongs to an open arm or a ticket");
  must(!is("PAYING", "PAY_UNKNOWN") || stay?.due != null, "what is to be paid is known");
  must(is("PAYING", "PAY_UNKNOWN") || lane.attempt === null, "a stray card payment");
  must(!is("PAY_UNKNOWN") || lane.attempt !== null, "doubt about no payment");
  must((lane.attempt?.amountMinor ?? 0) <= (stay?.due?.amountMinor ?? 0), "a charge of more than is due");
  must(lane.attempt === null || lane.attempt.stayId === stay?.stayId, "a charge for another stay");
  must(lane.chargedAt === null || (is("DENIED") && stay?.due != null), "a stray charge at another place");
  must(lane.chosen === null || !is("ARMED", "IDLE", "CLOSING", ...IN_DOUBT), "a stray word on a vehicle");
  must(is("PRINTING", "WAIT_TAKE") === (lane.ticket !== null), "a ticket is on its way");
  must(command === null || is("OPENING", "CLOSING", "PASSING", "CLEARING", ...STANDING), "a stray command");
  must(!is("PASSING") || passage?.endedMs === null, "somebody passes");
  must(!is("CLEARING") || passage?.endedMs !== null, "nobody passes");
  must(passage === null || is("PASSING", "CLEARING", ...IN_DOUBT), "a stray passage");
  must(passage === null || !is("UNKNOWN") || !known, "a passage in sight is settled");
  must(unresolved === null || is(...IN_DOUBT), "a credit in doubt is settled");
  const credits = [credit, passage?.credit ?? null, unresolved].filter((one) => one !== null);
  must(credits.length <= 1, "two credits, and only one is kept on the disk");
  must(is(...IN_DOUBT) || known, "works without seeing");
  must(!is("UNKNOWN") || !known || lane.inputs.closed_limit === "off", "a proven closed lane is at rest");
  must(!is("UNKNOWN", "FAULT", "STOPPED", "DEGRADED", "IDLE") || stay === null, "a stray stay");
  must(!is("UNKNOWN", "FAULT", "STOPPED", "DEGRADED", "IDLE") || lane.plate === null, "a stray plate");
  must(!lane.loopsProven || known, "loops are proven only while they are seen");
  must(lane.reads.length <= 16, "reads are bounded");
  must(lane.abandoned.length <= 9, "abandoned payments are bounded");
  must(lane.abandoned.length === 0 || lane.timers.pay !== undefined, "a payment is forgotten");
  must((lane.heldBy !== null) === is("HELD_OPEN"), "who holds the arm is known");
  must(lane.alarms.includes("stopped") === is("STOPPED") || !known, "STOP is told while it lasts");
  must(!is("IDLE") || !lane.alarms.some((kind) => AT_FAULT.includes(kind)), "a lane at rest is settled");
  must(known === !lane.alarms.includes("sensor_stale") || !known, "dead sensors are told while they last");
  must(
    is("UNKNOWN", ...STANDING, "FAULT") || lane.alarms.length === 0 || !lane.alarms.includes("fire"),
    "fire lasts",
  );
  must(lane.identifying === null, "an answer of the store is not waited for");
  // Somebody who waits for nothing but a timer must have one.
  const leaves = lane.inputs.arming === "off" && lane.inputs.safety === "off";
  const waits = is("ARMED", "DENIED", "PRINTING", "WAIT_TAKE", "PAYING", "PAY_UNKNOWN", "OPEN");
  must(!waits || !leaves || lane.timers.back !== undefined, "a vehicle that is gone is waited for");
  must(
    !is("HELD_OPEN") || !leaves || credit === null || lane.timers.back !== undefined,
    "a credit is kept for ever",
  );
  must(!is("OPENING", "CLOSING") || lane.timers.move !== undefined, "an arm moves for ever");
  must(!is("PRINTING", "WAIT_TAKE") || lane.timers.take !== undefined, "a ticket is waited for for ever");
  must(lane.attempt === null || lane.timers.pay !== undefined, "the terminal is waited for for ever");
  must(!is("DECIDING"), "a decision is left open");
  return found;
}

const AT_FAULT: readonly string[] = ["forced", "stuck", "arm_fault", "fire", "stopped", "sensor_stale"];
