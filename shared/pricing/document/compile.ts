import type {
  Band,
  DayRule,
  LostTicket,
  Pass,
  Plan,
  Rate,
  ReservationFees,
  Surcharge,
  Tariff,
  UnitPrice,
  Window,
} from "../tariff-model.ts";
import { basisPoints, millionths, minorUnits, minuteOf } from "./fields.ts";
import {
  DAYS,
  type PlanDocument,
  type RateDocument,
  type TariffDocument,
  type UnitPriceDocument,
  type WindowDocument,
} from "./schema.ts";
import { scalePlan } from "./scale.ts";

/** Makes of a document that was found right what stays are priced with. */

export type TariffIdentity = Pick<Tariff, "id" | "version" | "currency" | "timeZone">;

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const USUAL_UNIT_MINUTES = 60;
const USUAL_EXIT_MINUTES = 15;

export function compileTariff(document: TariffDocument, identity: TariffIdentity): Tariff {
  const { id, version, currency, timeZone } = identity;
  const minor: Minor = (value) => minorUnits(value, currency);
  const plan = planOf(document, USUAL_NAMES[rateName(document)], minor);
  const { graces = {}, tax } = document;
  return {
    id,
    version,
    currency,
    timeZone,
    name: plan.name,
    plan,
    vehiclePlans: mapped(document.vehicle_types, (vehicle, type) => {
      const name = vehicle.name ?? `${plan.name}, ${type}`;
      return vehicle.percent === undefined
        ? planOf(vehicle, name, minor)
        : scalePlan({ ...plan, name }, basisPoints(vehicle.percent));
    }),
    alternativePlans: mapped(document.plans, (alternative, name) => planOf(alternative, name, minor)),
    passes: mapped(document.passes, passOf),
    holidays: new Set(document.holidays),
    graces: {
      turnaroundMs: (graces.turnaround_minutes ?? 0) * MINUTE_MS,
      continuousMs: (graces.continuous_minutes ?? 0) * MINUTE_MS,
      exitMs: (graces.exit_minutes ?? USUAL_EXIT_MINUTES) * MINUTE_MS,
    },
    surcharges: (document.surcharges ?? []).map((surcharge) => surchargeOf(surcharge, minor)),
    penalties: mapped(document.penalties, ({ title, price }) => ({ title, minor: minor(price) })),
    reservation: reservationOf(document.reservation ?? {}, minor),
    lostTicket: lostTicketOf(document.lost_ticket, minor),
    tax:
      tax === undefined
        ? null
        : { name: tax.name, ppm: millionths(tax.percent), included: tax.included ?? true },
    onChange: document.on_change ?? "entry_version",
  };
}

type Minor = (value: string | number) => number;
type RateName = "flat" | "hourly" | "slabs" | "dynamic";

const USUAL_NAMES: Readonly<Record<RateName, string>> = {
  flat: "Flat Rate",
  hourly: "Hourly Rate",
  slabs: "Slab Rate",
  dynamic: "Dynamic Rate",
};

function rateName({ flat, hourly, slabs }: PlanDocument): RateName {
  if (flat !== undefined) return "flat";
  if (hourly !== undefined) return "hourly";
  return slabs === undefined ? "dynamic" : "slabs";
}

/** Without a prototype: a vehicle type called `constructor` is not in it. */
function mapped<Value, Made>(
  named: Readonly<Record<string, Value>> | undefined,
  make: (value: Value, name: string) => Made,
): Readonly<Record<string, Made>> {
  const made = Object.create(null) as Record<string, Made>;
  for (const [name, value] of Object.entries(named ?? {})) made[name] = make(value, name);
  return made;
}

function planOf(document: PlanDocument, usualName: string, minor: Minor): Plan {
  const name = document.name ?? usualName;
  const { rounding, dynamic } = document;
  return {
    name,
    bands: bandsOf(document, name, minor),
    units: document.units ?? "band",
    repeat: document.repeat ?? "stay",
    day: dayOf(document.day, minor),
    stayCapMinor: optional(document.stay_cap, minor),
    minimumMinor: optional(document.minimum, minor) ?? 0,
    rounding: rounding === undefined ? null : { stepMinor: minor(rounding.to), mode: rounding.mode },
    occupancy: (dynamic?.occupancy ?? []).map(({ from_percent, factor_percent }) => ({
      fromPercent: from_percent,
      factorBps: basisPoints(factor_percent),
    })),
  };
}

function bandsOf(document: PlanDocument, name: string, minor: Minor): readonly [Band, ...Band[]] {
  const only: Band = { name, windows: [], rate: rateOf(document, minor), maxMinor: null };
  const [first = only, ...rest] = (document.dynamic?.bands ?? []).map((band) => ({
    name: band.name,
    windows: (band.windows ?? []).map(windowOf),
    rate: rateOf(band, minor),
    maxMinor: optional(band.max, minor),
    ...(band.max_per === undefined ? {} : { maxPer: band.max_per }),
  }));
  return [first, ...rest];
}

function rateOf({ flat, hourly, slabs }: RateDocument, minor: Minor): Rate {
  if (hourly !== undefined) {
    const { tiers = [{ price: hourly.price ?? 0, per_minutes: hourly.per_minutes }] } = hourly;
    return {
      kind: "units",
      tiers: tiers.map((tier) => ({ ...unitPriceOf(tier, minor), maxMs: limitOf(tier) })),
    };
  }
  if (slabs === undefined) return { kind: "flat", priceMinor: minor(flat?.price ?? 0) };
  const last = slabs.at(-1);
  const beyond = last?.per_minutes === undefined ? null : unitPriceOf(last, minor);
  const priced = beyond === null ? slabs : slabs.slice(0, -1);
  return {
    kind: "slab",
    slabs: priced.map((slab) => ({ maxMs: limitOf(slab), priceMinor: minor(slab.price) })),
    beyond,
  };
}

function limitOf({
  max_hours: slab,
  up_to_hours: tier,
}: {
  readonly max_hours?: number | null;
  readonly up_to_hours?: number | null | undefined;
}): number | null {
  const hours = slab ?? tier ?? null;
  return hours === null ? null : Math.round(hours * HOUR_MS);
}

function unitPriceOf({ price, per_minutes }: UnitPriceDocument, minor: Minor): UnitPrice {
  return { unitMs: (per_minutes ?? USUAL_UNIT_MINUTES) * MINUTE_MS, priceMinor: minor(price) };
}

function windowOf({ days: named, from, to, from_date, to_date }: WindowDocument): Window {
  const days: readonly (typeof DAYS)[number][] = named ?? DAYS;
  return {
    weekdays: DAYS.flatMap((day, weekday) => (day !== "holiday" && days.includes(day) ? [weekday] : [])),
    onHolidays: days.includes("holiday"),
    fromMinute: minuteOf(from ?? "00:00"),
    toMinute: minuteOf(to ?? "24:00"),
    fromDate: from_date ?? null,
    toDate: to_date ?? null,
  };
}

function dayOf(day: PlanDocument["day"], minor: Minor): DayRule {
  return {
    kind: day?.kind ?? "rolling",
    startMinute: minuteOf(day?.starts_at ?? "00:00"),
    capMinor: optional(day?.cap, minor),
  };
}

function optional(value: string | number | undefined, minor: Minor): number | null {
  return value === undefined ? null : minor(value);
}

function passOf(pass: NonNullable<TariffDocument["passes"]>[string]): Pass {
  return {
    name: pass.name,
    windows: (pass.windows ?? []).map(windowOf),
    quotaMinutes: pass.quota_minutes ?? null,
    period: pass.period ?? "pass",
  };
}

function surchargeOf(
  { name, when = {}, amount, percent }: NonNullable<TariffDocument["surcharges"]>[number],
  minor: Minor,
): Surcharge {
  return {
    name,
    when: {
      ev: when.ev ?? null,
      accessible: when.accessible ?? null,
      vehicleTypes: when.vehicle_types ?? [],
    },
    amount:
      percent === undefined
        ? { kind: "amount", minor: minor(amount ?? 0) }
        : { kind: "percent", bps: basisPoints(percent) },
  };
}

function reservationOf(
  { early = "free", overstay = "plan" }: NonNullable<TariffDocument["reservation"]>,
  minor: Minor,
): ReservationFees {
  return {
    early: typeof early === "string" ? early : unitPriceOf(early, minor),
    overstay: typeof overstay === "string" ? overstay : unitPriceOf(overstay, minor),
  };
}

function lostTicketOf(lost: TariffDocument["lost_ticket"], minor: Minor): LostTicket | null {
  if (lost === undefined) return null;
  const { flat, true_time: trueTime } = lost;
  return trueTime === undefined
    ? { kind: "flat", flatMinor: minor(flat ?? 0), feeMinor: 0 }
    : { kind: "true_time", flatMinor: minor(trueTime.otherwise), feeMinor: minor(trueTime.fee) };
}
