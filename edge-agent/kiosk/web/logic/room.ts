export type Room = {
  readonly free: number;
  readonly full: boolean;
  /** Of the whole, 0 to 1: what is taken, and what is kept for reservations. Together never more than 1. */
  readonly share: number;
  readonly heldShare: number;
};

/** How much room a place has. More may be inside than there are spaces. */
export function describeRoom(place: {
  readonly inside: number;
  readonly held: number;
  readonly capacity: number;
}): Room {
  const { inside, held, capacity } = place;
  const free = Math.max(0, capacity - inside - held);
  const shareOf = (n: number): number => (capacity > 0 ? Math.min(1, Math.max(0, n / capacity)) : 1);
  const share = shareOf(inside);
  return { free, full: free === 0, share, heldShare: Math.min(1 - share, shareOf(held)) };
}
