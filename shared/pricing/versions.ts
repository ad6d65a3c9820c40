import { err, type Result } from "../domain/result.ts";
import { wholeBy, type Part } from "./engine/compiled.ts";
import { lengthOf } from "./engine/price.ts";
import { quoteParts, tariffMissing } from "./quote.ts";
import type { PricingRefusal, Quote, StayToPrice } from "./quote-model.ts";
import type { Tariff } from "./tariff-model.ts";

/** A version of the facility's tariff and when it came into force (Unix ms). */
export type TariffVersion = { readonly tariff: Tariff; readonly fromMs: number };

/**
 * Prices a stay where the tariff may have changed in the middle of it. `versions` ascend by when they came into force;
 * the one that was in force at entry, or the one named by `at`, prices all of the stay. Where it says
 * `onChange: "split"` it prices the time up to the next version, and that one the time from there, and so on.
 *
 * Each version prices the time of its part as a stay of its own: units and tiers, bands, days and their maximums begin
 * anew at the change. What concerns the stay as a whole is done once: the graces are the first version's (the
 * turnaround grace goes by the length of the whole stay, and free minutes that the first part does not use up go on
 * into the next), a right's minutes are used up over all parts, and the stay's maximum and minimum, a lost ticket's
 * price, surcharges, fees, fines, rounding, tax and the exit grace are the last version's; the quote bears its number.
 * The trace says where each version begins.
 *
 * Without a version that was in force at entry, or with one named that is not among them, the tariff is missing.
 */
export function quoteByVersions(
  versions: readonly TariffVersion[],
  at: { readonly id: string; readonly version: number } | null,
  stay: StayToPrice,
): Result<Quote, PricingRefusal> {
  const index =
    at === null
      ? versions.findLastIndex(({ fromMs }) => fromMs <= stay.entryMs)
      : versions.findLastIndex(({ tariff }) => tariff.id === at.id && tariff.version === at.version);
  let current = versions[index];
  if (current === undefined) return err(tariffMissing());
  const exitMs = stay.entryMs + lengthOf(stay);
  const earlier: Part[] = [];
  for (const next of versions.slice(index + 1)) {
    if (current.tariff.onChange !== "split" || next.fromMs >= exitMs) break;
    // Versions between the one that was named and the entry never had a part in this stay.
    if (next.fromMs <= stay.entryMs) continue;
    if (next.tariff.currency !== current.tariff.currency)
      throw new TypeError(`cannot mix ${current.tariff.currency} and ${next.tariff.currency}`);
    earlier.push({ tariff: wholeBy(current.tariff)[0].tariff, untilMs: next.fromMs });
    current = next;
  }
  const [last] = wholeBy(current.tariff);
  const [first, ...rest] = [...earlier, last];
  return quoteParts(first === undefined ? [last] : [first, ...rest], stay);
}
