import { slabsRise } from "./engine/slabs.ts";
import type { Plan, Tariff } from "./tariff-model.ts";

/**
 * Whether the tariff promises that a longer stay never costs less, all else being equal: every slab costs at least
 * as much as the one before. Several rebates by percent may together take more from a dearer stay than it is dearer,
 * by rounding alone, so there is no promise with more than one.
 */
export function risesWithTime(tariff: Tariff): boolean {
  const plans: Plan[] = [
    tariff.plan,
    ...Object.values(tariff.vehiclePlans),
    ...Object.values(tariff.alternativePlans),
  ];
  const rebates = tariff.surcharges.flatMap(({ amount }) =>
    amount.kind === "percent" && amount.bps < 0 ? [amount.bps] : [],
  );
  const rebatesRise = rebates.length === 0 || (rebates.length === 1 && (rebates[0] ?? 0) >= -10_000);
  return rebatesRise && plans.every(({ bands }) => bands.every(({ rate }) => slabsRise(rate)));
}
