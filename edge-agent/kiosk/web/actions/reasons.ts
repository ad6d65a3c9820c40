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

const AFTER_A_FIRE: ReasonWords = {
  title: "Reset after the fire",
  explanation:
    "The fire signal must be off. The lane then takes up where its sensors say it stands, and the arm comes down as soon as nothing is under it: make sure that this way is not needed any more. It is recorded with your name and the reason.",
  confirm: "Reset after the fire",
  quickReasons: ["Fire brigade has cleared it", "False alarm, panel is reset", "Drill is over"],
};

const AFTER_A_STOP: ReasonWords = {
  title: "Reset after the stop",
  explanation:
    "The stop button must be released. The lane then takes up where its sensors say it stands, and the arm may move: make sure that nobody is near it. It is recorded with your name and the reason.",
  confirm: "Reset after the stop",
  quickReasons: ["Danger is over, way is clear", "Pressed by mistake", "Technician agrees"],
};

const RELEASE: ReasonWords = {
  title: "Release: end the holding open",
  explanation:
    "The lane goes back to normal: the arm comes down as soon as nothing is under it or near it. It is recorded with your name and the reason.",
  confirm: "Release the arm",
  quickReasons: ["Traffic is normal again", "Event is over", "Works are finished", "Held open by mistake"],
};

export const HOLD_WORDS: ReasonWords = {
  title: "Hold the arm open",
  explanation:
    "The arm goes up and stays up until somebody releases it. Whoever drives through is counted, but neither asked for a ticket nor for money. It is recorded with your name and the reason.",
  confirm: "Hold the arm open",
  quickReasons: [
    "Queue back to the street",
    "Works in the lane",
    "Wide or long vehicle",
    "Police or ambulance",
  ],
};

export const MODE_WORDS: ReasonWords = {
  title: "Mode",
  explanation:
    "At a lane the strictest of its own, its zone's and the facility's is in force. It is recorded with your name.",
  confirm: "Set the mode",
  quickReasons: ["Event", "No space left", "Works or snow", "Back to normal"],
};

export const COUNT_WORDS: ReasonWords = {
  title: "Correct the count",
  explanation:
    "Says how many vehicles are there now; stays and payments are not touched. It is recorded with your name and the reason.",
  confirm: "Correct the count",
  quickReasons: ["Counted by hand", "Lot is empty", "Held open for a while", "Count drifted"],
};

export const PASSBACK_WORDS: ReasonWords = {
  title: "Reset anti-passback",
  explanation:
    "From now on it does not matter who is still inside by the record: each plate and card may come in once more. Open stays are kept. It is recorded with your name and the reason.",
  confirm: "Reset anti-passback",
  quickReasons: ["After an event", "Arms were held open", "Count was corrected", "Asked for by the office"],
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
 * What a reset would mean in the lane as it is, or null where there is nothing to reset: a fault to forget, a
 * stop, a fire or a holding open to end, or an open arm that waits for a person's word before it closes.
 */
export function resetWords({
  state,
  troubles,
  held_by: heldBy,
}: Pick<LaneView, "state" | "troubles" | "held_by">): ReasonWords | null {
  if (state === "FAULT") return AFTER_A_FAULT;
  if (state === "STOPPED") return AFTER_A_STOP;
  // What a mode holds open, another mode lets go.
  if (state === "HELD_OPEN" && heldBy === "mode") return null;
  if (state === "HELD_OPEN") return heldBy === "fire" ? AFTER_A_FIRE : RELEASE;
  const waitsForAWord = (state === "UNKNOWN" || state === "CLEARING") && troubles.length > 0;
  return waitsForAWord ? VOUCH : null;
}
