import type { LaneView } from "@parkme/shared/protocol/kiosk";

/** Names of the lanes that a fire holds open or whose fire signal is on, and of those that are stopped. */
export function emergenciesOf(lanes: readonly Pick<LaneView, "name" | "state" | "held_by" | "inputs">[]): {
  readonly fire: readonly string[];
  readonly stopped: readonly string[];
} {
  const names = (matching: (lane: (typeof lanes)[number]) => boolean): readonly string[] =>
    lanes.filter(matching).map(({ name }) => name);
  return {
    fire: names(({ held_by, inputs }) => held_by === "fire" || inputs.fire === "on"),
    stopped: names(({ state, inputs }) => state === "STOPPED" || inputs.stop === "on"),
  };
}
