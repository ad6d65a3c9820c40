import type { LaneDirection } from "@parkme/shared/domain/lane";
import { modeInForce, type LaneMode } from "@parkme/shared/domain/lane-mode";

/** A mode that somebody set, for the facility (`name` is its slug), a zone or a lane. What is not set is open. */
export type SetMode = {
  readonly scope: "facility" | "zone" | "lane";
  readonly name: string;
  readonly mode: LaneMode;
};

/** The mode in force at a lane, out of all that are set. `zones` are those it leads into or out of. */
export function laneModeOf(
  lane: { readonly name: string; readonly direction: LaneDirection; readonly zones: readonly string[] },
  modes: readonly SetMode[],
): LaneMode {
  const own = modes.find(({ scope, name }) => scope === "lane" && name === lane.name)?.mode ?? "open";
  const around = modes.filter(
    ({ scope, name }) => scope === "facility" || (scope === "zone" && lane.zones.includes(name)),
  );
  return modeInForce(
    lane.direction,
    own,
    around.map(({ mode }) => mode),
  );
}
