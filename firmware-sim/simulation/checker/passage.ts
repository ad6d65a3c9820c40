import type { GateRecord } from "@parkme/shared/domain/gate-record";

/** A vehicle that truly went through a lane. */
export type Passage = {
  readonly visit: number;
  readonly lane: string;
  readonly way: "in" | "out";
  readonly atMs: number;
  readonly step: number;
};

/** A movement as an agent wrote it. */
export type Moved = {
  readonly lane: string;
  readonly atMs: number;
  readonly step: number;
  readonly movement: Extract<GateRecord, { readonly type: "movement" }>;
};

/** A vehicle that left a lane on the side from which it had come. */
export type BackedOut = { readonly visit: number; readonly lane: string; readonly atMs: number };
