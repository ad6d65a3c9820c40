import type { Plan, Rate } from "../tariff-model.ts";

/**
 * A plan at a percentage of its prices, as a price board would print it: every price, maximum, cap and the minimum,
 * each rounded to whole minor units, halves up. Times, windows, occupancy steps and the rounding step stay.
 */
export function scalePlan(plan: Plan, bps: number): Plan {
  const minor = (amount: number): number => scaledMinor(amount, bps);
  const [first, ...rest] = plan.bands;
  const band = (it: typeof first): typeof first => ({
    ...it,
    rate: scaleRate(it.rate, minor),
    maxMinor: it.maxMinor === null ? null : minor(it.maxMinor),
  });
  const { day } = plan;
  return {
    ...plan,
    bands: [band(first), ...rest.map(band)],
    day: { ...day, capMinor: day.capMinor === null ? null : minor(day.capMinor) },
    stayCapMinor: plan.stayCapMinor === null ? null : minor(plan.stayCapMinor),
    minimumMinor: minor(plan.minimumMinor),
  };
}

function scaleRate(rate: Rate, minor: (amount: number) => number): Rate {
  const priced = <Priced extends { readonly priceMinor: number }>(it: Priced): Priced => ({
    ...it,
    priceMinor: minor(it.priceMinor),
  });
  switch (rate.kind) {
    case "flat":
      return priced(rate);
    case "units":
      return { ...rate, tiers: rate.tiers.map(priced) };
    case "slab":
      return {
        ...rate,
        slabs: rate.slabs.map(priced),
        beyond: rate.beyond === null ? null : priced(rate.beyond),
      };
    default:
      return rate satisfies never;
  }
}

function scaledMinor(amount: number, bps: number): number {
  // Prices are not negative, so the division's rounding towards zero makes of "a half more" a rounding half up.
  return Number((BigInt(amount) * BigInt(bps) + 5_000n) / 10_000n);
}
