import type { LaneDirection, LaneState } from "@parkme/shared/domain/lane";
import type { Lane } from "../machine/model.ts";
import { createBench, type Bench, type BenchOptions } from "./lane-bench.ts";
import { arrive, driveThrough, passNormally } from "./vehicle.ts";

/** How a lane gets into every state, in ordinary ways: what the cells are tried in. */

const HOUR_MS = 3_600_000;

export type CellSituation = {
  readonly state: LaneState;
  readonly what: string;
  /** The directions in which there is this situation. */
  readonly directions: readonly LaneDirection[];
  readonly options?: BenchOptions;
  readonly happens: (bench: Bench) => void;
};

const BOTH = ["entry", "exit"] as const;
const PLATE = "BAB1234";

const opens = (bench: Bench): void => {
  arrive(bench, null);
  bench.vend();
};
const isOpen = (bench: Bench): void => {
  opens(bench);
  bench.wait(1_000);
};
const passes = (bench: Bench): void => {
  isOpen(bench);
  bench.set({ safety: true });
};
const clears = (bench: Bench): void => {
  isOpen(bench);
  driveThrough(bench);
};
const closes = (bench: Bench): void => {
  clears(bench);
  bench.wait(1_000);
};
const prints = (bench: Bench): void => arrive(bench, PLATE);
const isDegraded = (bench: Bench): void => bench.miss("photocell");

const SITUATIONS = {
  unknown_dark: { state: "UNKNOWN", what: "the board is silent", happens: (bench) => bench.lose() },
  unknown_arm_open: {
    state: "UNKNOWN",
    what: "the arm stands open after a restart",
    happens: (bench) => {
      isOpen(bench);
      bench.restart();
      bench.see();
    },
  },
  idle: { state: "IDLE", what: "nobody is there", happens: () => undefined },
  armed: { state: "ARMED", what: "a vehicle waits, unread", happens: (bench) => arrive(bench, null) },
  deciding: { state: "DECIDING", what: "the store is asked", happens: (bench) => arrive(bench, PLATE) },
  printing: { state: "PRINTING", what: "its ticket is printed", directions: ["entry"], happens: prints },
  wait_take: {
    state: "WAIT_TAKE",
    what: "its ticket waits to be taken",
    directions: ["entry"],
    happens: (bench) => {
      prints(bench);
      const { ticket } = bench.lane();
      if (ticket !== null) bench.tell({ kind: "printed", jobId: ticket.jobId, held: true });
    },
  },
  paying: {
    state: "PAYING",
    what: "it owes, and there is no terminal",
    directions: ["exit"],
    options: { lane: { terminal: false } },
    happens: (bench) => arrive(bench, PLATE),
  },
  paying_by_card: {
    state: "PAYING",
    what: "it owes, and the terminal is asked",
    directions: ["exit"],
    happens: (bench) => arrive(bench, PLATE),
  },
  pay_unknown: {
    state: "PAY_UNKNOWN",
    what: "the terminal does not answer",
    directions: ["exit"],
    happens: (bench) => {
      arrive(bench, PLATE);
      bench.wait(90_000);
    },
  },
  denied: {
    state: "DENIED",
    what: "it is not let through",
    options: { capacity: 0 },
    happens: (bench) => arrive(bench, "UNKNOWN1"),
  },
  declined: {
    state: "DENIED",
    what: "its card was declined",
    directions: ["exit"],
    happens: (bench) => {
      arrive(bench, PLATE);
      bench.terminal({ kind: "declined", reason: "no cover" });
    },
  },
  charged_elsewhere: {
    state: "DENIED",
    what: "its card may be charged at a pay station",
    directions: ["exit"],
    happens: (bench) => {
      const stay = [...bench.book.stays.values()].find(({ stay: one }) => one.plate === PLATE)?.stay;
      if (stay === undefined) throw new Error("nobody is to pay");
      bench.chargeElsewhere(stay.stayId);
      arrive(bench, PLATE);
    },
  },
  opening: { state: "OPENING", what: "the arm goes up", happens: opens },
  open: { state: "OPEN", what: "the arm is up", happens: isOpen },
  passing: { state: "PASSING", what: "it is under the arm", happens: passes },
  clearing: { state: "CLEARING", what: "it has passed", happens: clears },
  closing: { state: "CLOSING", what: "the arm comes down", happens: closes },
  held_by_attendant: {
    state: "HELD_OPEN",
    what: "an attendant holds it",
    happens: (bench) => void bench.hold(),
  },
  held_for_vehicle: {
    state: "HELD_OPEN",
    what: "an attendant holds it for one with a credit",
    happens: (bench) => {
      isOpen(bench);
      bench.hold();
    },
  },
  held_by_fire: { state: "HELD_OPEN", what: "there is fire", happens: (bench) => bench.set({ fire: true }) },
  held_after_fire: {
    state: "HELD_OPEN",
    what: "the fire is out, and nobody has reset",
    happens: (bench) => {
      bench.set({ fire: true });
      bench.wait(1_000);
      bench.set({ fire: false });
    },
  },
  held_by_key: {
    state: "HELD_OPEN",
    what: "the key switch is on",
    happens: (bench) => bench.set({ key_switch: true }),
  },
  held_by_mode: {
    state: "HELD_OPEN",
    what: "for an event",
    happens: (bench) => void bench.mode("held_open"),
  },
  held_by_policy: {
    state: "HELD_OPEN",
    what: "a sensor is dead",
    options: { policy: { outage: "open" } },
    happens: isDegraded,
  },
  stopped: { state: "STOPPED", what: "STOP is pressed", happens: (bench) => bench.set({ stop: true }) },
  stop_released: {
    state: "STOPPED",
    what: "STOP is free again",
    happens: (bench) => {
      bench.set({ stop: true });
      bench.set({ stop: false });
    },
  },
  degraded: { state: "DEGRADED", what: "a sensor is dead", happens: isDegraded },
  fault: {
    state: "FAULT",
    what: "the arm does not open",
    happens: (bench) => {
      bench.setArm(false);
      opens(bench);
      bench.wait(4_500);
    },
  },
} as const satisfies Readonly<Record<string, Omit<CellSituation, "directions"> & Partial<CellSituation>>>;

export type SituationName = keyof typeof SITUATIONS;
export const SITUATION_NAMES = Object.keys(SITUATIONS) as readonly SituationName[];

export function situation(name: SituationName): CellSituation {
  return { directions: BOTH, ...SITUATIONS[name] };
}

/** A lane of either kind that got there, and the bench it got there on. */
export function laneIn(
  name: SituationName,
  direction: LaneDirection,
  kind: BenchOptions["kind"] = direction,
): { readonly lane: Lane; readonly bench: Bench } {
  const { options, happens, state } = situation(name);
  const tickets = name === "printing" || name === "wait_take";
  const bench = createBench({
    kind,
    direction,
    ...options,
    lane: { terminal: direction === "exit", ticket: tickets ? "always" : "no_plate", ...options?.lane },
  });
  bench.see();
  // The safety loop is proven by the vehicle before.
  if (direction === "exit") bench.parked("PRV111", 60_000);
  bench.site.capacity = 10;
  passNormally(bench, "PRV111");
  bench.site.capacity = options?.capacity ?? 10;
  if (direction === "exit") bench.parked(PLATE, 2 * HOUR_MS);
  const earlier = bench.beats.length;
  happens(bench);
  // A decision is taken within the turn: it is only seen on the way through.
  const seen = [bench.lane(), ...bench.beats.slice(earlier).map(({ after }) => after)];
  const lane = seen.find((one) => one.state === state);
  if (lane === undefined) throw new Error(`no way into ${name} of an ${direction}`);
  return { lane, bench };
}
