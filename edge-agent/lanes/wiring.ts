import type { LoopCounts } from "@parkme/shared/domain/gate-record";
import type { LaneInput } from "@parkme/shared/domain/lane";
import type { BoardEvent } from "../devices/ports.ts";
import type { InputImage } from "./machine/step.ts";

/** Where each input of a lane is wired: a board and the point on it. */
export type LaneWiring = ReadonlyMap<LaneInput, { readonly board: string; readonly point: string }>;

export type Sight =
  { readonly known: true; readonly image: InputImage } | { readonly known: false; readonly reason: string };

type BoardImage = Extract<BoardEvent, { kind: "inputs" }>;

/**
 * Composes one lane's inputs from the boards they are wired to. If any of those boards is silent, the lane
 * sees nothing: half a picture is not one to move an arm by.
 */
export function createSight(wiring: LaneWiring) {
  const images = new Map<string, BoardImage | string>();
  for (const { board } of wiring.values()) images.set(board, `Waiting for board ${board}`);
  const counts = (): LoopCounts | null => countsOf(wiring, images);
  return {
    boards: [...images.keys()],
    /** Takes a board's report and tells what the lane sees now. */
    update: (board: string, event: BoardImage | Extract<BoardEvent, { kind: "lost" }>): Sight => {
      images.set(board, event.kind === "inputs" ? event : event.reason);
      const levels: Partial<Record<LaneInput, boolean>> = {};
      for (const [input, at] of wiring) {
        const image = images.get(at.board);
        if (image === undefined || typeof image === "string")
          return { known: false, reason: image ?? "no board" };
        const level = image.levels[at.point];
        if (level !== undefined) levels[input] = level;
      }
      return { known: true, image: { levels, counts: counts() } };
    },
  };
}

function countsOf(wiring: LaneWiring, images: ReadonlyMap<string, BoardImage | string>): LoopCounts | null {
  const safety = wiring.get("safety");
  if (safety === undefined) return null;
  const image = images.get(safety.board);
  if (image === undefined || typeof image === "string" || image.edges === null || image.boot === null)
    return null;
  const closing = wiring.get("closing");
  // Counts of two boards cannot be compared across a restart of one of them.
  if (closing !== undefined && closing.board !== safety.board) return null;
  return {
    boot: image.boot,
    safety: image.edges[safety.point] ?? 0,
    closing: closing === undefined ? 0 : (image.edges[closing.point] ?? 0),
  };
}
