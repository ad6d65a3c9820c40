import type { Band, Plan, Rate } from "../../tariff-model.ts";
import type { Piece } from "./pieces.ts";

type SlabRate = Extract<Rate, { readonly kind: "slab" }>;
/** One price, asked for at the moment at which what it pays for begins. */
type Charge = { readonly atMs: number; readonly minor: number };

/** Half of a minor unit and more is a whole one. */
export function share(minor: number, bps: number): number {
  return Number((BigInt(minor) * BigInt(bps) * 2n + 10_000n) / 20_000n);
}

/** What the time of a stay costs: never more than its maximum, and what is not free costs its minimum. */
export function baseOf(plan: Plan, timeMinor: number): number {
  const total = Math.min(timeMinor, plan.stayCapMinor ?? Infinity);
  return total === 0 ? 0 : Math.max(total, plan.minimumMinor);
}

/** What the time of the pieces costs: charge by charge in order of time, under the maximums of bands and days. */
export function timeMinorOf(
  tariffPlan: Plan,
  pieces: readonly Piece[],
  occupancyPercent: number | null,
): number {
  const plan = byOccupancy(tariffPlan, occupancyPercent);
  const perDay = new Map<number, number>();
  for (const run of unbroken(
    pieces.filter(({ free }) => free === "no"),
    () => true,
  )) {
    const perMax = new Map<string, number>();
    const stretches = unbroken(run, (a, b) => a.band === b.band);
    for (const { atMs, minor } of chargesOf(plan, run)) {
      const stretch = stretches.findIndex((pieces) => isIn(pieces, atMs));
      const piece = stretches[stretch]?.find((piece) => isIn([piece], atMs));
      if (piece === undefined) throw new Error("a charge outside of the stay");
      const { maxMinor, maxPer } = bandOf(plan, piece);
      const key = maxPer === "day" ? `${stretch} ${piece.day}` : `${stretch}`;
      // Prices that fall take off again what they added, so the sum is cut and not the charge.
      const sum = perMax.get(key) ?? 0;
      perMax.set(key, sum + minor);
      const added = Math.min(sum + minor, maxMinor ?? Infinity) - Math.min(sum, maxMinor ?? Infinity);
      perDay.set(piece.day, (perDay.get(piece.day) ?? 0) + added);
    }
  }
  const days = [...perDay.values()].map((minor) => Math.min(minor, plan.day.capMinor ?? Infinity));
  return days.reduce((sum, minor) => sum + minor, 0);
}

/** The plan with every price multiplied by the factor of the last step reached. */
function byOccupancy(plan: Plan, percent: number | null): Plan {
  const step = plan.occupancy.findLast(({ fromPercent }) => percent !== null && percent >= fromPercent);
  const priced = <T extends { readonly priceMinor: number }>(price: T): T => ({
    ...price,
    priceMinor: share(price.priceMinor, step?.factorBps ?? 10_000),
  });
  const rateOf = (rate: Rate): Rate => {
    if (rate.kind === "flat") return priced(rate);
    if (rate.kind === "units") return { ...rate, tiers: rate.tiers.map(priced) };
    return { ...rate, slabs: rate.slabs.map(priced), beyond: rate.beyond && priced(rate.beyond) };
  };
  const [first, ...rest] = plan.bands;
  const bandOf = (band: Band): Band => ({ ...band, rate: rateOf(band.rate) });
  return { ...plan, bands: [bandOf(first), ...rest.map(bandOf)] };
}

function chargesOf(plan: Plan, run: readonly Piece[]): Charge[] {
  const counted = unbroken(run, (a, b) => plan.repeat === "stay" || a.day === b.day);
  return counted.flatMap((pieces) => {
    if (plan.units === "stay" && startOf(pieces) < endOf(pieces)) return walk(plan, pieces);
    return unbroken(pieces, (a, b) => a.band === b.band).flatMap((stretch) => {
      const band = bandOf(plan, stretch[0]);
      return chargesOfStretch(band.rate, startOf(stretch), endOf(stretch));
    });
  });
}

/** Units from the beginning on, each by the band that it starts in; a band without units is left at its end. */
function walk(plan: Plan, pieces: readonly Piece[]): Charge[] {
  const charges: Charge[] = [];
  const stretches = unbroken(pieces, (a, b) => a.band === b.band);
  let at = startOf(pieces);
  while (at < endOf(pieces)) {
    const stretch = stretches.find((stretch) => isIn(stretch, at)) ?? [];
    const { rate } = bandOf(plan, stretch[0]);
    if (rate.kind === "units") {
      const unit = unitAt(rate, at - startOf(pieces));
      charges.push({ atMs: at, minor: unit.priceMinor });
      at += unit.unitMs;
    } else {
      charges.push(...chargesOfStretch(rate, at, endOf(stretch)));
      at = endOf(stretch);
    }
  }
  return charges;
}

function chargesOfStretch(rate: Rate, fromMs: number, toMs: number): Charge[] {
  const charges: Charge[] = [];
  switch (rate.kind) {
    case "flat":
      return [{ atMs: fromMs, minor: rate.priceMinor }];
    case "units":
      for (let at = fromMs; at < toMs; at += unitAt(rate, at - fromMs).unitMs) {
        charges.push({ atMs: at, minor: unitAt(rate, at - fromMs).priceMinor });
      }
      return charges;
    case "slab":
      return slabCharges(rate, fromMs, toMs);
    default:
      return rate satisfies never;
  }
}

/**
 * A price that grows is charged as it grows: at the moment at which a slab's limit is passed. Where it falls
 * somewhere, the slab that is reached is charged at the beginning.
 */
function slabCharges({ slabs, beyond }: SlabRate, fromMs: number, toMs: number): Charge[] {
  const charges: Charge[] = [];
  const used = slabs.filter(({ maxMs }) => beyond === null || maxMs !== null);
  const rises = used.every(({ priceMinor }, i) => priceMinor >= (used[i - 1]?.priceMinor ?? 0));
  let [at, price] = [fromMs, 0];
  for (const { maxMs, priceMinor } of used) {
    if (at !== fromMs && at >= toMs) break;
    charges.push({ atMs: rises ? at : fromMs, minor: priceMinor - price });
    [at, price] = [fromMs + (maxMs ?? Infinity), priceMinor];
  }
  for (; beyond !== null && at < toMs; at += beyond.unitMs) {
    charges.push({ atMs: at, minor: beyond.priceMinor });
  }
  return charges;
}

function unitAt(rate: Extract<Rate, { kind: "units" }>, elapsedMs: number) {
  const tier = rate.tiers.find(({ maxMs }) => maxMs === null || elapsedMs < maxMs);
  if (tier === undefined) throw new Error("the last tier has no limit");
  return tier;
}

/** Groups of pieces that follow each other without a hole, as long as `together` holds of neighbours. */
function unbroken(pieces: readonly Piece[], together: (a: Piece, b: Piece) => boolean): Piece[][] {
  const groups: Piece[][] = [];
  for (const piece of pieces) {
    const before = groups.at(-1)?.at(-1);
    if (before?.toMs === piece.fromMs && together(before, piece)) groups.at(-1)?.push(piece);
    else groups.push([piece]);
  }
  return groups;
}

function bandOf(plan: Plan, piece: Piece | undefined): Band {
  const band = plan.bands[piece?.band ?? -1];
  if (band === undefined) throw new Error("the last band fills every gap");
  return band;
}

const startOf = (pieces: readonly Piece[]): number => pieces[0]?.fromMs ?? 0;
const endOf = (pieces: readonly Piece[]): number => pieces.at(-1)?.toMs ?? 0;
/** A piece of no length has its one moment in it. */
const isIn = (pieces: readonly Piece[], atMs: number): boolean =>
  startOf(pieces) === atMs || (startOf(pieces) <= atMs && atMs < endOf(pieces));
