import type { BoardEvent } from "../ports.ts";

type Inputs = Omit<Extract<BoardEvent, { kind: "inputs" }>, "kind">;

/**
 * Tells the agent what is known of a board's inputs: images while they are proven, and one `lost` per outage.
 * Shared by the drivers so that none of them can forget that old knowledge is no knowledge.
 */
export type InputReport = {
  readonly known: () => boolean;
  /** The board itself has just said so: starts the freshness limit anew. */
  readonly proven: (inputs: Inputs) => void;
  /** A change within a proven image; not by itself a proof of the other inputs. */
  readonly changed: (inputs: Inputs) => void;
  readonly lost: (reason: string) => void;
  /** Starts the freshness limit anew, without any proof: the board has just been asked. */
  readonly asked: () => void;
  readonly stop: () => void;
};

/** `onStale` runs when nothing was proven for `staleAfterMs`, counted from now at first; it says `lost` itself. */
export function createInputReport(
  sink: (event: BoardEvent) => void,
  staleAfterMs: number,
  onStale: () => void,
): InputReport {
  let state: "unknown" | "known" | "lost" = "unknown";
  const freshness = setTimeout(onStale, staleAfterMs);
  return {
    known: () => state === "known",
    proven(inputs) {
      freshness.refresh();
      state = "known";
      sink({ kind: "inputs", ...inputs });
    },
    changed(inputs) {
      sink({ kind: "inputs", ...inputs });
    },
    lost(reason) {
      if (state === "lost") return;
      state = "lost";
      sink({ kind: "lost", reason });
    },
    asked() {
      freshness.refresh();
    },
    stop() {
      clearTimeout(freshness);
    },
  };
}
