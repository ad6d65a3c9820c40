import type { Lane, LaneConfig, LaneTable, TimerName } from "../machine/model.ts";

/**
 * What must hold of a lane in each state, written apart from the rules that bring it there. Empty when it does.
 */
export function contradictions(lane: Lane, table: LaneTable, { wired }: LaneConfig): string[] {
  const { state, credit, passage, command, stay, unresolved } = lane;
  const row = table[state];
  const known = [...wired].every((input) => lane.inputs[input] !== "unknown");
  const found: string[] = [];
  const must = (holds: boolean, what: string): void => {
    if (!holds) found.push(`${state}: ${what}`);
  };

  for (const timer of Object.keys(lane.timers) as TimerName[]) {
    const cell = row[`${timer}_due`];
    must(typeof cell === "function", `the timer ${timer} runs, and nothing is done when it is due`);
  }
  must((credit !== null) === (state === "OPENING" || state === "OPEN"), "a credit belongs to an open arm");
  must((state === "PAYING") === (state === "PAYING" && stay?.due != null), "what is to be paid is known");
  must(command === null || ["OPENING", "CLOSING", "PASSING", "CLEARING"].includes(state), "a stray command");
  must(state !== "PASSING" || passage !== null, "somebody passes");
  must(passage === null || ["PASSING", "CLEARING", "UNKNOWN"].includes(state), "a stray passage");
  must(passage === null || state !== "UNKNOWN" || !known, "a passage in sight is settled");
  must(unresolved === null || state === "UNKNOWN" || state === "FAULT", "a credit in doubt is settled");
  must(state === "UNKNOWN" || state === "FAULT" || known, "works without seeing");
  must(
    state !== "UNKNOWN" || !known || lane.inputs.closed_limit === "off",
    "a proven closed lane is at rest",
  );
  must(
    !["UNKNOWN", "FAULT", "IDLE"].includes(state) || (stay === null && lane.plate === null),
    "a stray stay",
  );
  must(!lane.loopsProven || known, "loops are proven only while they are seen");
  must(lane.reads.length <= 16, "reads are bounded");
  // Somebody who waits for nothing but a timer must have one.
  const leaves = lane.inputs.arming === "off" && lane.inputs.safety === "off";
  const waits = ["ARMED", "DENIED", "PAYING", "OPEN"].includes(state);
  must(!waits || !leaves || lane.timers.back !== undefined, "a vehicle that is gone is waited for");
  must(!["OPENING", "CLOSING"].includes(state) || lane.timers.move !== undefined, "an arm moves for ever");
  must(state !== "DECIDING", "a decision is left open");
  return found;
}
