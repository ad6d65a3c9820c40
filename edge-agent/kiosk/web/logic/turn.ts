import type { LaneDirection } from "@parkme/shared/domain/lane";
import type { LaneView } from "@parkme/shared/protocol/kiosk";

export type TurnOffer = {
  readonly direction: LaneDirection;
  readonly offer: string;
  readonly explanation: string;
  readonly done: string;
};

const OTHER: Record<LaneDirection, LaneDirection> = { entry: "exit", exit: "entry" };

/** The turn that a reversible lane can be asked for; null at a lane that has one direction. */
export function turnOffer({
  kind,
  direction,
  turn_to: turnTo,
}: Pick<LaneView, "kind" | "direction" | "turn_to">): TurnOffer | null {
  if (kind !== "reversible") return null;
  if (turnTo !== null) {
    return {
      direction,
      offer: `Keep as ${direction}`,
      explanation: `The lane was to turn to ${turnTo} as soon as it is clear. It stays ${direction} instead.`,
      done: `It stays ${direction}.`,
    };
  }
  const to = OTHER[direction];
  return {
    direction: to,
    offer: `Turn to ${to}`,
    explanation: `The lane turns from ${direction} to ${to} as soon as no vehicle is in it. It is recorded with your name.`,
    done: `It turns to ${to} as soon as it is clear.`,
  };
}
