import type { LaneMode } from "@parkme/shared/domain/lane-mode";
import type { ModeView, SetMode } from "@parkme/shared/protocol/kiosk";
import type { TimeText } from "./time-text.ts";

type Scope = SetMode["scope"];

export const MODE_TITLES: Record<LaneMode, string> = {
  open: "Normal",
  full: "Full",
  held_open: "Held open",
  closed: "Closed",
  closed_to_all: "Closed to all",
};

/** What a mode means for drivers. A lane's own closing shuts an exit too; a place's leaves its exits open. */
export function describeMode(mode: LaneMode, scope: Scope): string {
  const exits = scope === "lane" ? "An exit sends drivers to another lane." : "Exits stay open.";
  switch (mode) {
    case "open":
      return "In while there is room, out when paid.";
    case "full":
      return "Only permits and reservations get in.";
    case "held_open":
      return "The arm stays up. Vehicles are counted.";
    case "closed":
      return `Only permits get in. ${exits}`;
    case "closed_to_all":
      return `Nobody gets in. ${exits}`;
    default:
      return mode satisfies never;
  }
}

/** What was set for one place or lane itself, whatever is in force there; null = nothing, it is open. */
export function ownMode(modes: readonly ModeView[], scope: Scope, name: string): ModeView | null {
  return modes.find((set) => set.scope === scope && set.name === name) ?? null;
}

/** Who set it, when and why: `alex, since 14:03: Works or snow`. */
export function modeOrigin(
  { actor, since, reason }: Pick<ModeView, "actor" | "since" | "reason">,
  time: Pick<TimeText, "moment">,
  nowMs: number,
): string {
  return `${actor ?? "By schedule"}, since ${time.moment(Date.parse(since), nowMs)}: ${reason}`;
}
