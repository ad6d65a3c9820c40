import { vi } from "vitest";
import { readClock, type Clock } from "@parkme/shared/domain/clock";
import type { Credit, LaneCommand, LaneOrder, LaneRead } from "@parkme/shared/domain/gate-record";
import type { LaneDirection } from "@parkme/shared/domain/lane";
import type { Turn } from "../../store/commit.ts";
import { createLaneRunner, type LaneRunner, type LaneWorld } from "../lane-runner.ts";
import type { InputImage } from "../machine/step.ts";
import type { Levels } from "./board.ts";
import { answer as answerFacts } from "./answers.ts";
import { createBook, type Book } from "./book.ts";
import { ALL_INPUTS, countingMint, laneConfig, PRICE, vote } from "./lane-bench.ts";

export const START_MS = Date.UTC(2026, 2, 1, 8);
/** The process's clock, which a test replaces; its monotonic time begins at `START_MS`. */
const clock: Clock = { wallMs: () => Date.now(), monotonicMs: () => Date.now() - START_MS };

export const CLOSED: Levels = { closed_limit: true };
export const OPEN: Levels = { open_limit: true };

export type Rig = {
  readonly runner: LaneRunner;
  readonly book: Book;
  readonly turns: Turn[];
  readonly sent: LaneCommand[];
  readonly orders: LaneOrder[];
  /** `commit` and `send` in the order they happened. */
  readonly order: string[];
  readonly warnings: unknown[];
  /** How often the disk will refuse from now on. */
  readonly refuse: (times: number) => void;
  /** What the board answers within the call, if anything. */
  readonly answer: (outcome: "refused" | "silent" | null) => void;
  readonly see: (levels: Levels) => void;
  readonly read: (plate: string) => boolean;
};

export type RigOptions = {
  readonly direction?: LaneDirection;
  /** The credit found on the disk at the start. */
  readonly credit?: Credit | null;
  readonly book?: Book;
  readonly capacity?: number;
  readonly storeFailure?: "hold" | "open";
  /** Writes each turn, and throws when it cannot. */
  readonly write?: (turn: Turn) => void;
};

const NO_LISTS = { rights: new Map(), listed: new Map(), neutral: false };

/** A lane runner with a clock that a test moves, a disk in memory that refuses when told, and no board. */
export function createRig({
  direction = "entry",
  credit = null,
  book = createBook(),
  capacity = 10,
  storeFailure = "hold",
  write = () => undefined,
}: RigOptions = {}): Rig {
  const turns: Turn[] = [];
  const sent: LaneCommand[] = [];
  const orders: LaneOrder[] = [];
  const order: string[] = [];
  const warnings: unknown[] = [];
  let refusals = 0;
  let answer: "refused" | "silent" | null = null;
  let serial = 0;
  const config = laneConfig(direction, ALL_INPUTS);
  const known = { capacity, price: PRICE, zoneCapacity: new Map(), ...NO_LISTS };
  const world: LaneWorld = {
    clock,
    mint: countingMint(),
    vote,
    gatherFacts: (request) => answerFacts(request, known, book, config, readClock(clock)),
    commit: (turn) => {
      if (refusals > 0) {
        refusals -= 1;
        order.push("refused");
        throw new Error("disk full");
      }
      write(turn);
      order.push("commit");
      turns.push(turn);
      turn.records.forEach(book.write);
    },
    send: (command) => {
      order.push(`send ${command.action}`);
      sent.push(command);
      if (answer !== null) runner.outcome(command.id, answer, "link down");
    },
    order: (one) => {
      order.push(`order ${one.kind}`);
      orders.push(one);
    },
    storeFailure,
    log: { warn: (fields) => warnings.push(fields), error: () => undefined },
    changed: () => undefined,
  };
  const runner = createLaneRunner(
    config,
    { direction, credit, alarms: [], mode: "open", abandoned: [] },
    world,
  );
  return {
    runner,
    book,
    turns,
    sent,
    orders,
    order,
    warnings,
    refuse: (times) => (refusals = times),
    answer: (outcome) => (answer = outcome),
    see: (levels) => runner.observe(imageOf(levels)),
    read: (plate) => runner.read(readOf(plate, `e${serial++}`)),
  };
}

function imageOf(levels: Levels): InputImage {
  const off = Object.fromEntries(ALL_INPUTS.map((input) => [input, false]));
  return { levels: { ...off, ...levels }, counts: null, missing: null };
}

function readOf(plate: string, sourceId: string): LaneRead {
  const at = readClock(clock);
  return {
    plate,
    raw: plate,
    confidence: 0.95,
    camera: "cam",
    sourceId,
    claimedAtMs: null,
    imageId: null,
    at,
  };
}

/** A vehicle drives up to the arm of a lane at rest. */
export function arrives(r: Rig): void {
  r.see(CLOSED);
  r.see({ ...CLOSED, arming: true });
}

/** A vehicle has been let in and the arm is open. */
export function admitted(r: Rig): void {
  arrives(r);
  r.read("BAB1234");
  vi.advanceTimersByTime(300);
  r.see({ arming: true, ...OPEN });
}

/** It drove through, and the arm has begun to close behind it. */
export function closing(r: Rig): void {
  admitted(r);
  r.see({ safety: true, ...OPEN });
  r.see({ safety: true, closing: true, ...OPEN });
  r.see(OPEN);
  vi.advanceTimersByTime(1_000);
}
