import { describe, expect, it } from "vitest";
import { LANE_STATES, type LaneDirection, type LaneState } from "@parkme/shared/domain/lane";
import type { CommandId, StayId } from "@parkme/shared/domain/ids";
import { contradictions } from "../testing/consistency.ts";
import { countingMint, createBench, type Bench } from "../testing/lane-bench.ts";
import { arrive, driveThrough } from "../testing/vehicle.ts";
import type { Lane, LaneEvent, LaneEventKind, StepContext } from "./model.ts";
import { blind, newLane, step } from "./step.ts";

/** Every cell of both tables, applied to lanes that got into the cell's state in an ordinary way. */

const HOUR_MS = 3_600_000;

/** How a lane gets into each state; what an entry never reaches is left out. */
const WAYS: Readonly<Record<LaneState, (bench: Bench) => void>> = {
  UNKNOWN: (bench) => bench.lose(),
  IDLE: () => undefined,
  ARMED: (bench) => arrive(bench, null),
  DECIDING: (bench) => arrive(bench, "BAB1234"),
  PAYING: (bench) => arrive(bench, "BAB1234"),
  DENIED: (bench) => arrive(bench, "UNKNOWN1"),
  OPENING: (bench) => {
    arrive(bench, null);
    bench.vend();
  },
  OPEN: (bench) => {
    WAYS.OPENING(bench);
    bench.wait(1_000);
  },
  PASSING: (bench) => {
    WAYS.OPEN(bench);
    bench.set({ safety: true });
  },
  CLEARING: (bench) => {
    WAYS.OPEN(bench);
    driveThrough(bench);
  },
  CLOSING: (bench) => {
    WAYS.CLEARING(bench);
    bench.wait(1_000);
  },
  FAULT: (bench) => {
    bench.setArm(false);
    WAYS.OPENING(bench);
    bench.wait(4_500);
  },
};

function laneIn(state: LaneState, direction: LaneDirection): { lane: Lane; bench: Bench } | null {
  // No room at the entry makes it deny.
  const bench = createBench({ direction, capacity: state === "DENIED" ? 0 : 10 });
  if (direction === "exit") bench.parked("BAB1234", 2 * HOUR_MS);
  bench.see();
  WAYS[state](bench);
  // A decision is taken within the turn: it is only seen on the way through.
  const lane = [bench.lane(), ...bench.beats.map(({ after }) => after)].find((l) => l.state === state);
  return lane === undefined ? null : { lane, bench };
}

const READ: LaneEvent = {
  kind: "read",
  read: {
    plate: "HHCD77",
    raw: "HHCD77",
    confidence: 0.95,
    camera: "cam",
    sourceId: null,
    claimedAtMs: null,
    imageId: null,
    at: { wallMs: 0, monotonicMs: 0 },
  },
};
const BY = { actor: "alex", reason: "looked", idempotencyKey: "k" };

function eventsFor(lane: Lane, bench: Bench): LaneEvent[] {
  const commandId = lane.command?.id ?? ("none" as CommandId);
  const stayId = lane.stay?.stayId ?? ("none" as StayId);
  const bare: Bare[] = [
    "arming_on",
    "arming_off",
    "safety_on",
    "safety_off",
    "arm_opened",
    "arm_closed",
    "arm_left_closed",
    "proven",
    "arm_due",
    "read_due",
    "back_due",
    "clear_due",
    "noEntry_due",
    "stuck_due",
    "move_due",
  ];
  const asked = { purpose: "identify", plate: "HHCD77" } as const;
  return [
    ...bare.map((kind): LaneEvent => ({ kind })),
    { kind: "behind_on", input: "closing" },
    { kind: "behind_on", input: "photocell" },
    { kind: "behind_off", input: "closing" },
    { kind: "lost", reason: "gone" },
    READ,
    bench.config.direction === "entry"
      ? { kind: "facts", facts: { ...asked, direction: "entry", taken: 0, capacity: 1, stay: null } }
      : {
          kind: "facts",
          facts: { ...asked, direction: "exit", match: { kind: "none" }, pricingRefusal: null },
        },
    ...(["done", "refused", "silent"] as const).map((outcome): LaneEvent => ({
      kind: "outcome",
      commandId,
      outcome,
      detail: "",
    })),
    { kind: "cash", stayId, amountMinor: 500, tenderedMinor: 500, actor: "alex", idempotencyKey: "k" },
    {
      kind: "cash",
      stayId: "other" as StayId,
      amountMinor: 500,
      tenderedMinor: 0,
      actor: "alex",
      idempotencyKey: "k",
    },
    { kind: "vend", ...BY },
    { kind: "reset", ...BY },
  ];
}
type Bare = Exclude<
  LaneEventKind,
  "behind_on" | "behind_off" | "lost" | "read" | "facts" | "outcome" | "cash" | "vend" | "reset"
>;

describe.each(["entry", "exit"] as const)("the %s table", (direction) => {
  const reachable = LANE_STATES.filter((state) => direction === "exit" || state !== "PAYING");

  it.each(reachable)("in %s answers everything", (state) => {
    const found = laneIn(state, direction);
    expect(found, "the lane gets there").not.toBeNull();
    if (found === null) return;
    const { lane, bench } = found;
    for (const event of eventsFor(lane, bench)) {
      const cell = bench.table[state][event.kind];
      const before = seeing(lane, event);
      const { step: done, unexpected } = step(bench.table, before, event, contextOf(bench));
      const where = `${state} x ${event.kind}`;
      expect(unexpected, `${where}`).toBe(cell === "unexpected");
      if (typeof cell === "string") {
        expect(done.lane, `${where}`).toBe(before);
        expect([...done.records, ...done.commands], `${where}`).toEqual([]);
      }
      if (["cash", "vend", "reset"].includes(event.kind)) expect(done.reply, `${where}`).not.toBeNull();
      else expect(done.reply, `${where}`).toBeNull();
      if (done.request === null && state !== "DECIDING")
        expect(contradictions(done.lane, bench.table, bench.config), `${where}`).toEqual([]);
    }
  });

  it("an attendant who is refused leaves the lane as it was", () => {
    for (const state of reachable) {
      const found = laneIn(state, direction);
      if (found === null) throw new Error(`no way into ${state}`);
      const { lane, bench } = found;
      for (const event of eventsFor(lane, bench)) {
        const { step: done } = step(bench.table, lane, event, contextOf(bench));
        if (done.reply?.ok === false) expect(done.lane, `${state} x ${event.kind}`).toBe(lane);
      }
    }
  });
});

it("an entry has no cash to wait for", () => {
  const { table } = createBench({ direction: "entry" });
  expect(table.PAYING.arming_on).toBe("unexpected");
});

it("a lane with one kind of facts refuses the other", () => {
  const { bench } = laneIn("ARMED", "entry") ?? {};
  if (bench === undefined) throw new Error("no lane");
  const deciding: Lane = { ...bench.lane(), state: "DECIDING" };
  const facts = { purpose: "decide", plate: "A1", direction: "exit", pricingRefusal: null } as const;
  const event: LaneEvent = { kind: "facts", facts: { ...facts, match: { kind: "none" } } };
  expect(() => step(bench.table, deciding, event, contextOf(bench))).toThrow(/exit's facts/);
});

it("a close is not repeated onto a lane that is not clear any more", () => {
  const { lane, bench } = laneIn("CLOSING", "entry") ?? {};
  if (lane?.command == null || bench === undefined) throw new Error("no lane");
  const obstructed: Lane = { ...lane, inputs: { ...lane.inputs, closing: "on" } };
  const refused = {
    kind: "outcome",
    commandId: lane.command.id,
    outcome: "refused",
    detail: "late",
  } as const;
  const repeated = step(bench.table, lane, refused, contextOf(bench)).step;
  expect(repeated.commands.map(({ action }) => action)).toEqual(["close"]);
  const given = step(bench.table, obstructed, refused, contextOf(bench)).step;
  expect(given.commands).toEqual([]);
  expect(given.lane.state).toBe("FAULT");
});

it("a new lane knows nothing and runs no timer", () => {
  const lane = newLane({ wallMs: 0, monotonicMs: 0 }, null);
  expect(lane.state).toBe("UNKNOWN");
  expect(lane.timers).toEqual({});
  expect(new Set(Object.values(lane.inputs))).toEqual(new Set(["unknown"]));
});

function contextOf(bench: Bench): StepContext {
  return { config: bench.config, now: bench.now(), mint: countingMint(), vote: () => null };
}

/** What the inputs say when an event happens. */
const SEEN: Readonly<Partial<Record<LaneEventKind, Partial<Lane["inputs"]>>>> = {
  arming_on: { arming: "on" },
  arm_due: { arming: "on" },
  arming_off: { arming: "off" },
  safety_on: { safety: "on" },
  safety_off: { safety: "off" },
  arm_opened: { open_limit: "on" },
  arm_closed: { closed_limit: "on" },
  arm_left_closed: { closed_limit: "off" },
};

/** The lane with its inputs as they are when the event happens: they change first, the edges follow. */
function seeing(lane: Lane, event: LaneEvent): Lane {
  if (event.kind === "lost") return blind(lane, event.reason).lane;
  if (event.kind === "behind_on") return { ...lane, inputs: { ...lane.inputs, [event.input]: "on" } };
  if (event.kind === "behind_off") return { ...lane, inputs: { ...lane.inputs, [event.input]: "off" } };
  return { ...lane, inputs: { ...lane.inputs, ...SEEN[event.kind] } };
}
