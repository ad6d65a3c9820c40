import type { LaneState } from "@parkme/shared/domain/lane";
import type { LaneEventKind } from "../machine/model.ts";
import type { Bench, BenchOptions } from "./lane-bench.ts";

/** The rows of the gate handbook's lane table, each with a story in which its cells are taken. */

/** From which state by which event to which state. */
export type Taken = readonly [LaneState, LaneEventKind, LaneState];

export type RowStory = {
  readonly row: number;
  /** What the row says, with what is special about an exit. */
  readonly text: string;
  readonly cells: readonly Taken[];
  readonly options?: BenchOptions;
  readonly story: (bench: Bench) => void;
};
