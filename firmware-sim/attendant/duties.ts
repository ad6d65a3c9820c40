import type { KioskSnapshot, LaneView } from "@parkme/shared/protocol/kiosk";

/** Something a lane needs an attendant for. */
export type Duty = { readonly lane: string } & (
  | {
      /** A driver is asked for a fee. */
      readonly kind: "cash";
      readonly stayId: string;
      readonly amountMinor: number;
      readonly minorDigits: number;
    }
  /** A driver wants out, and the gate does not know the vehicle. */
  | { readonly kind: "vend" }
  /** The lane waits for somebody's word that nothing stands under the arm. */
  | { readonly kind: "reset" }
);

/** What the lanes need right now, at most one duty a lane. */
export function dutiesOf({ lanes, facility }: KioskSnapshot): Duty[] {
  return lanes.flatMap((view) => dutyOf(view, facility.minor_digits) ?? []);
}

function dutyOf(view: LaneView, minorDigits: number): Duty | null {
  const { lane, state, stay, direction } = view;
  if (state === "PAYING" && stay !== null && stay.fee !== null) {
    return { kind: "cash", lane, stayId: stay.stay_id, amountMinor: stay.fee.amount_minor, minorDigits };
  }
  // Nobody is trapped inside; at an entry, a refusal stands.
  if (state === "DENIED" && direction === "exit") return { kind: "vend", lane };
  return asksForReset(view) ? { kind: "reset", lane } : null;
}

/** An attendant vouches for what can be seen: the lane is in trouble, and nobody is under or behind the arm. */
function asksForReset({ state, troubles, inputs }: LaneView): boolean {
  if (troubles.length === 0 || (state !== "UNKNOWN" && state !== "FAULT" && state !== "CLEARING"))
    return false;
  const guards = [inputs.safety, inputs.closing, inputs.photocell];
  return guards.every((level) => level === "off" || level === "absent");
}

/** The smallest note that covers an amount; notes are 1, 2 or 5 times a power of ten, from 5 major units up. */
export function roundUpToNote(amountMinor: number, minorDigits: number): number {
  let note = 5 * 10 ** minorDigits;
  for (let step = 0; note < amountMinor; step++) note *= step % 3 === 2 ? 2.5 : 2;
  return note;
}
