import type { LaneDirection } from "./lane.ts";

/**
 * How a lane, a zone or a facility is run:
 *
 * | mode            | an entry                                         | an exit                   |
 * | --------------- | ------------------------------------------------ | ------------------------- |
 * | `open`          | everybody, while there is room                   | everybody who has paid    |
 * | `full`          | permits and reservations only                    | as `open`                 |
 * | `held_open`     | the arm stays open for an event; loops count     | the same                  |
 * | `closed`        | permits only                                     | nobody: use another lane  |
 * | `closed_to_all` | nobody                                           | nobody: use another lane  |
 */
export const LANE_MODES = ["open", "full", "held_open", "closed", "closed_to_all"] as const;
export type LaneMode = (typeof LANE_MODES)[number];

/**
 * The mode in force at a lane: the strictest of its own and of those around it (its zones, its facility), in the
 * order of {@link LANE_MODES}. An exit heeds its own closing only: a closed facility lets everybody out.
 */
export function modeInForce(direction: LaneDirection, own: LaneMode, around: readonly LaneMode[]): LaneMode {
  const heeded = direction === "entry" ? around : around.filter((mode) => mode === "held_open");
  return heeded.reduce((a, b) => (LANE_MODES.indexOf(a) >= LANE_MODES.indexOf(b) ? a : b), own);
}
