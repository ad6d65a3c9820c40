import { describe, expect, it } from "vitest";
import { LANE_STATES, type LaneDirection, type LaneKind } from "@parkme/shared/domain/lane";
import { entryLane } from "../entry-lane.ts";
import { eventsFor, seeing, type CellKey } from "../testing/cell-events.ts";
import { outcomeOf } from "../testing/cell-outcome.ts";
import { laneIn, situation, SITUATION_NAMES, type SituationName } from "../testing/cell-situations.ts";
import { BEFORE_THE_ARM_OPENS, USUAL, type CellBlock, type Expected } from "../testing/cell-table.ts";
import { FROM_THE_OPEN_COMMAND_ON } from "../testing/cell-table-open.ts";
import { contradictions } from "../testing/consistency.ts";
import { countingMint, createBench, vote, type Bench } from "../testing/lane-bench.ts";
import type { Lane, LaneEvent, LaneEventKind, StepContext } from "./model.ts";
import { newLane, step } from "./step.ts";

/** Every cell of every table, with what it does: in the situations that lanes get into in ordinary ways. */

const TABLE: Readonly<Record<SituationName, CellBlock>> = {
  ...BEFORE_THE_ARM_OPENS,
  ...FROM_THE_OPEN_COMMAND_ON,
};

/** The lanes of each kind, by the way their vehicles go. */
const WAYS: readonly (readonly [LaneKind, LaneDirection])[] = [
  ["entry", "entry"],
  ["exit", "exit"],
  ["reversible", "entry"],
  ["reversible", "exit"],
];

function expectedOf(name: SituationName, event: CellKey, kind: LaneKind, direction: LaneDirection) {
  const key: CellKey = kind === "reversible" && event === "turn" ? "turn/reversible" : event;
  const expected: Expected | undefined = TABLE[name][key] ?? (USUAL as CellBlock)[key];
  return typeof expected === "object" ? expected[direction] : expected;
}

const situations = WAYS.flatMap(([kind, direction]) =>
  SITUATION_NAMES.filter((name) => situation(name).directions.includes(direction)).map(
    (name) => [kind, direction, situation(name).state, name, situation(name).what] as const,
  ),
);

describe.each(situations)("a lane (%s, as %s) in %s, %s: %s", (kind, direction, state, name) => {
  const { lane, bench } = laneIn(name, direction, kind);
  const events = [...eventsFor(lane, bench.now().monotonicMs)];

  it.each(events)("%s", (key, event) => {
    expect(lane.state).toBe(state);
    const before = seeing(lane, event);
    const { step: done, unexpected } = step(bench.table, before, event, contextOf(bench));
    const cell = cellAt(bench, lane, event.kind);
    const expected = expectedOf(name, key, kind, direction);
    if (typeof cell === "string") {
      expect(cell, "as the table says").toBe(expected);
      expect(done, "nothing comes of it").toEqual({ ...NOTHING, lane: before });
      expect(done.lane).toBe(before);
    } else {
      expect(outcomeOf(before, done)).toBe(expected);
    }
    expect(unexpected).toBe(cell === "unexpected");
    expect(done.reply !== null, "an attendant is answered, and nobody else").toBe(ASKED.includes(event.kind));
    if (done.reply?.ok === false && done.orders.length === 0)
      expect(done.lane, "a refusal changes nothing").toBe(before);
    if (done.request === null && state !== "DECIDING" && !unexpected)
      expect(contradictions(done.lane, bench.table, bench.config)).toEqual([]);
  });
});

const ASKED: readonly LaneEventKind[] = ["cash", "vend", "identify", "reset", "hold", "turn"];
const NOTHING = { records: [], commands: [], orders: [], request: null, reply: null };

/** What the table has for this event, a reversible lane's by its direction. */
function cellAt({ table }: Bench, { state, direction }: Lane, kind: LaneEventKind): unknown {
  const cell = table[state][kind];
  return typeof cell === "object" ? cell[direction] : cell;
}

function contextOf(bench: Bench): StepContext {
  return { config: bench.config, now: bench.now(), mint: countingMint(), vote };
}

describe("the list of cells", () => {
  const kinds = Object.keys(entryLane.IDLE) as LaneEventKind[];

  it.each(WAYS)(
    "has every state of a lane (%s, as %s), and an event of every kind for each",
    (kind, direction) => {
      const listed = new Set<string>();
      for (const [ofKind, way, state, name] of situations) {
        if (ofKind !== kind || way !== direction) continue;
        const { lane, bench } = laneIn(name, direction, kind);
        for (const [key, event] of eventsFor(lane, bench.now().monotonicMs)) {
          const expected = expectedOf(name, key, kind, direction);
          if (expected !== undefined) listed.add(`${state} x ${event.kind}`);
        }
      }
      const all = LANE_STATES.filter((state) => !NEVER_REACHED[direction].includes(state)).flatMap((state) =>
        kinds.map((event) => `${state} x ${event}`),
      );
      expect([...listed].toSorted()).toEqual(all.toSorted());
    },
  );

  it("names nothing that does not exist", () => {
    const { lane, bench } = laneIn("idle", "entry");
    const keys = [...eventsFor(lane, bench.now().monotonicMs).keys(), "turn/reversible"];
    for (const block of [USUAL, ...Object.values(TABLE)])
      for (const key of Object.keys(block)) expect(keys, "an event of the list").toContain(key);
  });
});

/** An entry takes no money, and an exit prints no ticket: if one were there all the same, it would not be stuck. */
const NEVER_REACHED: Readonly<Record<LaneDirection, readonly string[]>> = {
  entry: ["PAYING", "PAY_UNKNOWN"],
  exit: ["PRINTING", "WAIT_TAKE"],
};

describe.each([
  ["entry", "PAYING"],
  ["entry", "PAY_UNKNOWN"],
  ["exit", "PRINTING"],
  ["exit", "WAIT_TAKE"],
] as const)("an %s in %s, which it never is", (direction, state) => {
  const { lane: armed, bench } = laneIn("armed", direction);
  const lane: Lane = { ...armed, state, timers: {} };
  const events = [...eventsFor(lane, bench.now().monotonicMs)];

  it.each(events)("%s", (_key, event) => {
    const before = seeing(lane, event);
    const { step: done, unexpected } = step(bench.table, before, event, contextOf(bench));
    const leaves = done.lane.state !== state;
    expect({ leaves, unexpected }, "what gets it out of there").toEqual({
      leaves: WAYS_OUT.includes(event.kind),
      unexpected: bench.table[state][event.kind] === "unexpected",
    });
    expect(done.reply !== null).toBe(ASKED.includes(event.kind));
  });

  const WAYS_OUT: readonly LaneEventKind[] = [
    "arm_left_closed",
    "back_due",
    "fire_on",
    "stop_on",
    "key_on",
    "lost",
    "stale",
    "vend",
    "hold",
  ];
});

it.each(["entry", "exit"] as const)("an %s lane refuses the facts of the other kind", (direction) => {
  const { lane, bench } = laneIn("deciding", direction);
  const other = direction === "entry" ? "exit" : "entry";
  const facts = [...eventsFor({ ...lane, direction: other }, 0).values()].find(
    ({ kind }) => kind === "facts",
  );
  if (facts === undefined) throw new Error("no facts");
  expect(() => step(bench.table, lane, facts, contextOf(bench))).toThrow(/was given an .*'s facts/);
});

it("a close is not repeated onto a lane that is not clear any more", () => {
  const { lane, bench } = laneIn("closing", "entry");
  const commandId = lane.command?.id;
  if (commandId === undefined) throw new Error("nothing was commanded");
  const refused: LaneEvent = { kind: "outcome", commandId, outcome: "refused", detail: "late" };
  const obstructed: Lane = { ...lane, inputs: { ...lane.inputs, closing: "on" } };
  const given = step(bench.table, obstructed, refused, contextOf(bench)).step;
  expect(outcomeOf(obstructed, given)).toBe("FAULT write alarm:arm_fault");
});

it("a new lane knows nothing, and runs no timer but for payments that are not settled", () => {
  const now = { wallMs: 0, monotonicMs: 7 };
  const start = { direction: "entry", credit: null, alarms: [], mode: "open", abandoned: [] } as const;
  const lane = newLane(now, start);
  expect(lane).toMatchObject({ state: "UNKNOWN", timers: {}, direction: "entry" });
  expect(new Set(Object.values(lane.inputs))).toEqual(new Set(["unknown"]));
  const { lane: owing } = laneIn("pay_unknown", "exit");
  const abandoned = owing.attempt === null ? [] : [owing.attempt];
  expect(newLane(now, { ...start, abandoned }).timers).toEqual({ pay: 7 });
});

it("a bench without a lane of its own kind is an entry", () => {
  expect(createBench().lane().direction).toBe("entry");
});
