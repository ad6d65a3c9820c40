import { zoneClockOf, type ZoneClock } from "../../domain/local-day.ts";
import { money, type Money } from "../../domain/money.ts";
import type { Band, Pass, Plan, Rate, Tariff, UnitPrice } from "../tariff-model.ts";
import { createBandTable, type BandTable } from "./bands.ts";
import { scaled, WHOLE_BPS } from "./percent.ts";
import { slabsRise } from "./slabs.ts";

/** A tariff with what pricing looks up, made once for each tariff. */
export type CompiledTariff = {
  readonly tariff: Tariff;
  readonly clock: ZoneClock;
  readonly nothing: Money;
  readonly plan: CompiledPlan;
  readonly vehiclePlans: ReadonlyMap<string, CompiledPlan>;
  readonly alternativePlans: ReadonlyMap<string, CompiledPlan>;
  readonly passes: ReadonlyMap<string, CompiledPass>;
};

/** A version of the tariff and until when it prices a stay; the last one to its end. */
export type Part = { readonly tariff: CompiledTariff; readonly untilMs: number };
export type Parts = readonly [Part, ...Part[]];

export type CompiledPlan = {
  readonly plan: Plan;
  readonly clock: ZoneClock;
  /** Null = one band that is always in force. */
  readonly table: BandTable | null;
  /** Whether anything depends on where days begin. */
  readonly byDay: boolean;
  /** At the prices of an ordinary day, and then one for each step of occupancy. */
  readonly bandsBySteps: readonly (readonly CompiledBand[])[];
};

export type CompiledBand = {
  readonly name: string;
  readonly rate: Rate;
  /** Each slab costs at least as much as the one before. */
  readonly rises: boolean;
  readonly maxMinor: number;
  /** The maximum is for each day of a stretch, not for all of it. */
  readonly maxPerDay: boolean;
};

export type CompiledPass = {
  readonly pass: Pass;
  /** Band 0 is the pass's time; null = always. */
  readonly table: BandTable | null;
};

const known = new WeakMap<Tariff, Parts>();

/** A stay that one version of the tariff prices from begin to end. */
export function wholeBy(tariff: Tariff): Parts {
  let parts = known.get(tariff);
  if (parts === undefined) {
    parts = [{ tariff: compile(tariff), untilMs: Infinity }];
    known.set(tariff, parts);
  }
  return parts;
}

function compile(tariff: Tariff): CompiledTariff {
  const clock = zoneClockOf(tariff.timeZone);
  const plan = (from: Plan) => compilePlan(from, clock, tariff.holidays);
  const plans = (named: Readonly<Record<string, Plan>>) =>
    new Map(Object.entries(named).map(([name, from]) => [name, plan(from)]));
  return {
    tariff,
    clock,
    nothing: money(0, tariff.currency),
    plan: plan(tariff.plan),
    vehiclePlans: plans(tariff.vehiclePlans),
    alternativePlans: plans(tariff.alternativePlans),
    passes: new Map(
      Object.entries(tariff.passes).map(([name, pass]) => [
        name,
        {
          pass,
          table:
            pass.windows.length === 0
              ? null
              : createBandTable(clock, [pass, { windows: [] }], tariff.holidays),
        },
      ]),
    ),
  };
}

function compilePlan(plan: Plan, clock: ZoneClock, holidays: ReadonlySet<string>): CompiledPlan {
  const factors = [WHOLE_BPS, ...plan.occupancy.map(({ factorBps }) => factorBps)];
  return {
    plan,
    clock,
    table: plan.bands.length === 1 ? null : createBandTable(clock, plan.bands, holidays),
    byDay:
      plan.repeat === "day" ||
      plan.day.capMinor !== null ||
      plan.bands.some(({ maxPer }) => maxPer === "day"),
    bandsBySteps: factors.map((bps) => plan.bands.map((band) => compileBand(band, bps))),
  };
}

/** The prices as they would stand on the board when the facility is that full. */
function compileBand(band: Band, factorBps: number): CompiledBand {
  return {
    name: band.name,
    rate: rateTimes(band.rate, factorBps),
    rises: slabsRise(band.rate),
    maxMinor: band.maxMinor ?? Infinity,
    maxPerDay: band.maxPer === "day",
  };
}

function rateTimes(rate: Rate, factorBps: number): Rate {
  if (factorBps === WHOLE_BPS) return rate;
  const times = <Priced extends { readonly priceMinor: number }>(priced: Priced): Priced => ({
    ...priced,
    priceMinor: scaled(priced.priceMinor, factorBps, WHOLE_BPS),
  });
  switch (rate.kind) {
    case "flat":
      return times(rate);
    case "units":
      return { ...rate, tiers: rate.tiers.map(times) };
    case "slab": {
      const beyond: UnitPrice | null = rate.beyond === null ? null : times(rate.beyond);
      return { ...rate, slabs: rate.slabs.map(times), beyond };
    }
    default:
      return rate satisfies never;
  }
}

/** The bands at the prices of the last step of occupancy that was reached. */
export function bandsAt({ plan, bandsBySteps }: CompiledPlan, occupancyPercent: number | null) {
  let step = 0;
  if (occupancyPercent !== null)
    while (occupancyPercent >= (plan.occupancy[step]?.fromPercent ?? Infinity)) step++;
  return bandsBySteps[step] ?? [];
}
