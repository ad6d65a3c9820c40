import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import type { PricingRefusal, Quote, StayToPrice } from "@parkme/shared/pricing/quote-model";
import type { Result } from "@parkme/shared/domain/result";
import type { TariffView } from "@parkme/shared/protocol/kiosk-desk";
import type { TariffRow } from "../store/tariffs.ts";

/** What the desk's page shows of the tariffs. */

const HOUR = 60;
/** Lengths of stay that people ask for: quarters of an hour, then hours, then days. */
const LENGTHS = [
  ...Array.from({ length: 16 }, (_, i) => (i + 1) * 15),
  ...Array.from({ length: 20 }, (_, i) => (i + 5) * HOUR),
  ...[2, 3, 7].map((days) => days * 24 * HOUR),
];
/** More are not shown. */
const MAX_COMING = 20;

export type ViewParts = {
  readonly inForce: { readonly row: TariffRow; readonly tariff: Tariff; readonly document: string } | null;
  readonly coming: readonly TariffRow[];
  readonly refused: string | null;
  readonly price: (stay: StayToPrice) => Result<Quote, PricingRefusal>;
};

export function viewOf({ inForce, coming, refused, price }: ViewParts, nowMs: number): TariffView {
  const instant = (atMs: number): string => new Date(atMs).toISOString();
  return {
    in_force:
      inForce === null
        ? null
        : {
            id: inForce.row.id,
            version: inForce.row.version,
            name: inForce.tariff.name,
            since: instant(inForce.row.fromMs),
            document: JSON.parse(inForce.document) as unknown,
          },
    coming: coming
      .slice(0, MAX_COMING)
      .map(({ id, version, fromMs }) => ({ id, version, from: instant(fromMs) })),
    refused,
    preview: inForce === null ? [] : previewOf(price, nowMs),
  };
}

function previewOf(price: ViewParts["price"], nowMs: number): TariffView["preview"] {
  return LENGTHS.flatMap((minutes) => {
    const priced = price({ entryMs: nowMs, exitMs: nowMs + minutes * 60_000 });
    return priced.ok ? [{ minutes, total_minor: priced.value.total.amountMinor }] : [];
  });
}
