import type { StayToPrice } from "../../quote-model.ts";
import type { TariffVersion } from "../../versions.ts";
import { referenceQuoteOfParts, type ReferencePart, type ReferenceQuote } from "./reference.ts";

/**
 * What a stay costs by the version of the tariff that it was begun under, and where that one says so by those that came
 * into force while it lasted. `versions` ascend by when they came into force.
 *
 * @throws where there is no such version.
 */
export function referenceQuoteByVersions(
  versions: readonly TariffVersion[],
  at: { readonly id: string; readonly version: number },
  stay: StayToPrice,
): ReferenceQuote {
  const exitMs = Math.max(stay.entryMs, stay.exitMs);
  const index = versions.findIndex(({ tariff }) => tariff.id === at.id && tariff.version === at.version);
  const begun = versions[index];
  if (begun === undefined) throw new Error(`there is no version ${at.version} of tariff ${at.id}`);
  const parts: ReferencePart[] = [];
  let { tariff } = begun;
  for (const next of versions.slice(index + 1)) {
    if (tariff.onChange !== "split" || next.fromMs >= exitMs) break;
    if (next.fromMs <= stay.entryMs) continue;
    parts.push({ tariff, untilMs: next.fromMs });
    tariff = next.tariff;
  }
  const last = { tariff, untilMs: Infinity };
  const [first, ...rest] = [...parts, last];
  return referenceQuoteOfParts(first === undefined ? [last] : [first, ...rest], stay);
}
