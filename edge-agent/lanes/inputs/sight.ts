import type { LoopCounts } from "@parkme/shared/domain/gate-record";
import type { LaneInput } from "@parkme/shared/domain/lane";
import type { BoardEvent } from "../../devices/ports.ts";
import type { InputImage } from "../machine/step.ts";
import { createDebounce } from "./debounce.ts";

/** Where one input of a lane is wired, and how its level is to be taken. */
export type InputWire = {
  readonly board: string;
  readonly point: string;
  /** The contact is open when the input is on: a loop detector that fails safe, a STOP circuit. */
  readonly inverted: boolean;
  readonly debounceMs: number;
  /** What a switch counts as while it is not known; null for sensors, which are unknown then. */
  readonly whenUnknown: boolean | null;
};
export type LaneWiring = ReadonlyMap<LaneInput, InputWire>;

export type Sight =
  { readonly known: true; readonly image: InputImage } | { readonly known: false; readonly reason: string };

type BoardImage = Extract<BoardEvent, { kind: "inputs" }>;
type Images = ReadonlyMap<string, BoardImage | string>;

/** Inputs under and behind the arm. */
const GUARDS: ReadonlySet<LaneInput> = new Set(["safety", "closing", "photocell"]);

/**
 * Composes one lane's inputs from the boards they are wired to. While the barrier's own board is silent the lane
 * sees nothing; while another one is, or a point is missing, it sees the rest and is told what is missing.
 */
export function createSight(wiring: LaneWiring, barrierBoard: string) {
  const images = new Map<string, BoardImage | string>();
  for (const board of [barrierBoard, ...[...wiring.values()].map((wire) => wire.board)]) {
    images.set(board, `Waiting for board ${board}`);
  }
  const debounce = createDebounce(
    new Map(
      [...wiring].map(([input, wire]) => [input, { ms: wire.debounceMs, onAtOnce: GUARDS.has(input) }]),
    ),
  );
  let wakeMs: number | null = null;

  function look(nowMs: number): Sight {
    const barrier = images.get(barrierBoard);
    if (barrier === undefined || typeof barrier === "string") {
      wakeMs = null;
      return { known: false, reason: barrier ?? "no board" };
    }
    const { raw, missing } = levelsOf(wiring, images);
    const { levels, nextMs } = debounce(raw, nowMs);
    wakeMs = nextMs;
    return { known: true, image: { levels, counts: countsOf(wiring, images), missing } };
  }

  return {
    boards: [...images.keys()],
    /** Takes a board's report and tells what the lane sees now. */
    update: (
      board: string,
      event: BoardImage | Extract<BoardEvent, { kind: "lost" }>,
      nowMs: number,
    ): Sight => {
      images.set(board, event.kind === "inputs" ? event : event.reason);
      return look(nowMs);
    },
    /** What the lane sees when nothing was reported but time has passed. */
    look,
    /** When to look again, monotonic; null when no level is on its way. */
    wakeMs: () => wakeMs,
  };
}

function levelsOf(wiring: LaneWiring, images: Images) {
  const raw: Partial<Record<LaneInput, boolean>> = {};
  let missing: string | null = null;
  for (const [input, wire] of wiring) {
    const image = images.get(wire.board);
    const level = image === undefined || typeof image === "string" ? undefined : image.levels[wire.point];
    if (level !== undefined) raw[input] = level !== wire.inverted;
    else if (wire.whenUnknown !== null) raw[input] = wire.whenUnknown;
    else missing ??= typeof image === "string" ? image : `board ${wire.board} does not report ${wire.point}`;
  }
  return { raw, missing };
}

function countsOf(wiring: LaneWiring, images: Images): LoopCounts | null {
  const safety = wiring.get("safety");
  if (safety === undefined) return null;
  const image = images.get(safety.board);
  if (image === undefined || typeof image === "string" || image.edges === null || image.boot === null)
    return null;
  const { edges, boot } = image;
  const closing = wiring.get("closing");
  // Counts of two boards cannot be compared across a restart of one of them, nor can falling edges with rising ones.
  if (safety.inverted || (closing !== undefined && !isCountable(closing, safety))) return null;
  const arming = wiring.get("arming");
  return {
    boot,
    arming: arming !== undefined && isCountable(arming, safety) ? (edges[arming.point] ?? 0) : 0,
    safety: edges[safety.point] ?? 0,
    closing: closing === undefined ? 0 : (edges[closing.point] ?? 0),
  };
}

function isCountable(wire: InputWire, safety: InputWire): boolean {
  return wire.board === safety.board && !wire.inverted;
}
