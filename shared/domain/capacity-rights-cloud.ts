import { slotsOf, type RightsMove } from "./capacity-rights.ts";

/** The cloud's side of the rights to spaces: what it holds, and what it sells of that. */

/** One class in one slot. `0 <= sold <= held`, always. */
export type CloudSlot = {
  /** Received from the edge and not given back. */
  readonly held: number;
  readonly sold: number;
  /**
   * Of `held`, those that the edge has back already: sold by a cloud that was restored and had forgotten that it had
   * returned them. Zero in every other life. What is released pays for it first.
   */
  readonly owed: number;
};

export const NO_RIGHTS: CloudSlot = { held: 0, sold: 0, owed: 0 };

/** Which way rights went, with what the edge said of it. */
export type RightsMoved = RightsMove & { readonly to: "cloud" | "edge" };

/** What the cloud has by right: what it received less what it gave back. */
function entitled({ held, owed }: CloudSlot): number {
  return held - owed;
}

/** Nothing that is sold is ever taken away: what is missing for it is owed. */
function slotWith(rights: number, sold: number): CloudSlot {
  const held = Math.max(rights, sold);
  return { held, sold, owed: held - rights };
}

/** What can be sold or returned still. */
export function freeOf({ held, sold }: CloudSlot): number {
  return held - sold;
}

/** Null = there are not so many. */
export function sell(slot: CloudSlot, amount: number): CloudSlot | null {
  return amount <= freeOf(slot) ? { ...slot, sold: slot.sold + amount } : null;
}

export function release(slot: CloudSlot, amount: number): CloudSlot {
  return slotWith(entitled(slot), Math.max(0, slot.sold - amount));
}

/** Takes out what is returned to the edge; never more than is free. */
export function giveBack(slot: CloudSlot, amount: number): CloudSlot {
  return slotWith(entitled(slot) - Math.min(amount, freeOf(slot)), slot.sold);
}

/**
 * The book after the edge has told of a move. Told twice, it counts once; and where the cloud knows the same move
 * otherwise (it was restored, and did it anew), what the edge has done is what was done.
 *
 * @param known the move of this id as the cloud has it; null = it has none.
 * @returns the slots that the two touch, as they are afterwards.
 */
export function settleMove(
  slotAt: (slot: number) => CloudSlot,
  known: RightsMoved | null,
  told: RightsMoved,
): ReadonlyMap<number, CloudSlot> {
  const changes = new Map<number, number>();
  const add = (move: RightsMoved, times: 1 | -1): void => {
    const change = (move.to === "cloud" ? move.amount : -move.amount) * times;
    for (const slot of slotsOf(move)) changes.set(slot, (changes.get(slot) ?? 0) + change);
  };
  if (known !== null) add(known, -1);
  add(told, 1);
  const after = new Map<number, CloudSlot>();
  for (const [slot, change] of changes) {
    const before = slotAt(slot);
    if (change !== 0) after.set(slot, slotWith(entitled(before) + change, before.sold));
  }
  return after;
}

/** More is sold here than the cloud has by right. */
export function isOversold({ sold, owed }: CloudSlot): boolean {
  return owed > 0 && sold > 0;
}
