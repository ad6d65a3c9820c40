import type { LaneView } from "@parkme/shared/protocol/kiosk";

type Stay = NonNullable<LaneView["stay"]>;
/** A stay that a fee is asked for. */
export type DueStay = Stay & { readonly fee: NonNullable<Stay["fee"]> };

/**
 * The stay that the lane waits to be paid for. Only while it is PAYING: the same fee may still be on view when
 * it is paid already, and must not be taken twice.
 */
export function dueStay({ state, stay }: Pick<LaneView, "state" | "stay">): DueStay | null {
  if (state !== "PAYING" || stay === null || stay.fee === null) return null;
  return { ...stay, fee: stay.fee };
}

/** The fee to show: what is asked for, and what may have been paid by a card while nobody knows. */
export function feeInView({ state, stay }: Pick<LaneView, "state" | "stay">): Stay["fee"] {
  return state === "PAYING" || state === "PAY_UNKNOWN" ? (stay?.fee ?? null) : null;
}
