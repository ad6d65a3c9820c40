/**
 * Rights to spaces. A facility's spaces are shared out between its edge, which admits drive-ins, and the cloud, which
 * sells reservations, by class and by hour: `edge + cloud + blocked <= capacity`, whatever becomes of the link between
 * the two. Each side spends only what it holds. What moves is debited durably by its giver before its receiver credits
 * it, so that what is on its way is nobody's.
 *
 * The edge begins with everything, and its book says what it has given. The cloud's book says what it holds of that,
 * and what it has sold. See capacity-rights-edge.ts and capacity-rights-cloud.ts.
 */

/** A slot is an hour of UTC, named by its beginning in Unix milliseconds. */
export const SLOT_MS = 3_600_000;

/** Of one movement or sale: a month. */
export const MAX_RIGHT_SLOTS = 31 * 24;

/** The class of whoever may park anywhere; every zone is a class of its own besides. */
export const STANDARD_CLASS = "standard";

/** Whole slots, from `fromMs` to before `untilMs`. */
export type SlotRange = { readonly fromMs: number; readonly untilMs: number };

/**
 * Rights of one class on their way, the same amount in every slot. What answers a request has the request's id: asked
 * again, it is answered once.
 */
export type RightsMove = SlotRange & {
  readonly id: string;
  readonly class: string;
  readonly amount: number;
};

/** Somebody would like to have that many. */
export type RightsRequest = RightsMove;

/** The slot that a moment lies in. */
export function slotOf(ms: number): number {
  return Math.floor(ms / SLOT_MS) * SLOT_MS;
}

/** The slots of a range, in the order of time. */
export function slotsOf({ fromMs, untilMs }: SlotRange): readonly number[] {
  const slots: number[] = [];
  for (let slot = fromMs; slot < untilMs; slot += SLOT_MS) slots.push(slot);
  return slots;
}

/** What is wrong with a range of slots, in words; null = nothing. */
export function slotRangeProblem({ fromMs, untilMs }: SlotRange): string | null {
  if (!Number.isSafeInteger(fromMs) || !Number.isSafeInteger(untilMs)) return "from and until must be times";
  if (fromMs % SLOT_MS !== 0 || untilMs % SLOT_MS !== 0) return "from and until must be full hours of UTC";
  if (untilMs <= fromMs) return "until must be after from";
  if ((untilMs - fromMs) / SLOT_MS > MAX_RIGHT_SLOTS) return `at most ${MAX_RIGHT_SLOTS} hours at once`;
  return null;
}

/** What of a range is not over yet; null = all of it is. */
export function stillToCome(range: SlotRange, nowMs: number): SlotRange | null {
  const fromMs = Math.max(range.fromMs, slotOf(nowMs));
  return fromMs < range.untilMs ? { fromMs, untilMs: range.untilMs } : null;
}
