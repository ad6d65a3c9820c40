import { ok, type Result } from "../domain/result.ts";
import type { PricingRefusal, Quote } from "./quote-model.ts";

/** What is to be paid now. `leaveByMs` is until when a stay that is paid may leave without paying more. */
export type Due = { readonly quote: Quote; readonly amountMinor: number; readonly leaveByMs: number | null };

/** A stay as far as it was paid for. */
export type Account = {
  /** The quote if it ended at that time. */
  readonly quoteAt: (exitMs: number) => Result<Quote, PricingRefusal>;
  /** Paid, or taken off other than by validations. */
  readonly creditedMinor: number;
  /** When nothing was left to pay, last; null = never. */
  readonly settledMs: number | null;
};

/**
 * What a stay owes at a moment. Once it is settled there is the exit grace to leave in, and nothing is due; after it
 * the stay is priced to the present, and only what was not paid before is due. A clock that stepped back behind the
 * settlement is within the grace; it never makes an amount negative.
 */
export function dueOf(
  { quoteAt, creditedMinor, settledMs }: Account,
  nowMs: number,
): Result<Due, PricingRefusal> {
  if (settledMs !== null) {
    const settled = quoteAt(settledMs);
    if (!settled.ok) return settled;
    const leaveByMs = settledMs + settled.value.exitGraceMs;
    if (nowMs <= leaveByMs) return ok({ quote: settled.value, amountMinor: 0, leaveByMs });
  }
  const now = quoteAt(nowMs);
  if (!now.ok) return now;
  const amountMinor = Math.max(0, now.value.total.amountMinor - creditedMinor);
  return ok({ quote: now.value, amountMinor, leaveByMs: null });
}
