import type { LaneDirection } from "@parkme/shared/domain/lane";
import type { LaneView } from "@parkme/shared/protocol/kiosk";
import type { ReasonWords } from "./reason-dialog.tsx";

const OPENS_ONCE =
  "The barrier opens for one vehicle, without a ticket or a payment. It is recorded with your name and the reason.";

export const VEND_WORDS: Record<LaneDirection, ReasonWords> = {
  entry: {
    title: "Vend: open for one vehicle",
    explanation: OPENS_ONCE,
    confirm: "Open for one vehicle",
    quickReasons: ["Plate cannot be read", "Delivery or service", "Emergency vehicle", "Staff vehicle"],
  },
  exit: {
    title: "Vend: open for one vehicle",
    explanation: OPENS_ONCE,
    confirm: "Open for one vehicle",
    quickReasons: ["Has already paid", "No entry found", "Goodwill, no payment", "Emergency vehicle"],
  },
};

export const AFTER_A_FAULT: ReasonWords = {
  title: "Reset after the fault",
  explanation:
    "The lane forgets the fault and takes up where its sensors say it stands. The arm may move: make sure that nobody is near it. It is recorded with your name and the reason.",
  confirm: "Reset the lane",
  quickReasons: [
    "Arm looked at, way is clear",
    "Obstacle removed",
    "Power was restored",
    "Technician agrees",
  ],
};

const VOUCH: ReasonWords = {
  title: "Reset: the lane is clear",
  explanation:
    "Look at the lane first. With your word that nothing is under the arm or near it, the arm comes down as soon as the loops are clear. It is recorded with your name and the reason.",
  confirm: "The lane is clear: reset",
  quickReasons: [
    "Looked at it: lane is clear",
    "Raised by hand, now clear",
    "Power was restored",
    "Technician agrees",
  ],
};

/**
 * What a reset would mean in the lane as it is, or null where there is nothing to reset: a fault to forget, or
 * an open arm that waits for a person's word before it closes.
 */
export function resetWords({ state, troubles }: Pick<LaneView, "state" | "troubles">): ReasonWords | null {
  if (state === "FAULT") return AFTER_A_FAULT;
  const waitsForAWord = (state === "UNKNOWN" || state === "CLEARING") && troubles.length > 0;
  return waitsForAWord ? VOUCH : null;
}
