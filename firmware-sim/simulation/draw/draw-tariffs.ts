import { asCurrency, minorDigits } from "@parkme/shared/domain/money";
import type { ProfileName } from "../../traffic/profiles.ts";
import type { Random } from "../../traffic/random.ts";

/**
 * Tariff documents as facilities have them (shared/pricing/TARIFFS.md). Each kind is the form of boards that hang at real
 * car parks; amounts are drawn around what an hour costs in that currency.
 */

/** What an hour in a city garage costs, roughly, in whole units of the currency. */
const HOUR_PRICE: Readonly<Record<string, number>> = {
  EUR: 2,
  GBP: 2.5,
  USD: 3,
  AUD: 4,
  NZD: 4,
  INR: 40,
  EGP: 20,
  JPY: 300,
  KWD: 0.25,
};

type Prices = {
  /** So many hours' price, as a decimal of the currency; never nothing. */
  readonly hours: (count: number) => string;
  readonly random: Random;
};

const KINDS = ["hourly", "tiers", "slabs", "slabs_beyond", "bands", "board", "hotel", "flat"] as const;
type Kind = (typeof KINDS)[number];

/** What each kind of place mostly has. */
const USUAL: Readonly<Record<ProfileName, readonly Kind[]>> = {
  commuter: ["hourly", "bands", "tiers", "board"],
  mall: ["tiers", "slabs", "slabs_beyond"],
  airport: ["slabs_beyond", "tiers", "hourly"],
  venue: ["flat", "bands", "hourly"],
  private: ["hourly", "hotel", "board"],
};

export type TariffPlan = {
  readonly profile: ProfileName;
  readonly currency: string;
  /** The local days of the simulation, `YYYY-MM-DD`; some of them may be holidays. */
  readonly days: readonly string[];
};

/** Draws one tariff document. */
export function drawTariff({ profile, currency, days }: TariffPlan, random: Random): object {
  const price = pricesOf(currency, random);
  const kind = random.chance(0.75) ? random.pick(USUAL[profile]) : random.pick(KINDS);
  const holidays = days.filter(() => random.chance(0.05));
  return {
    ...RATES[kind](price),
    graces: {
      turnaround_minutes: random.pick([0, 5, 10, 15]),
      exit_minutes: random.pick([10, 15, 15, 20]),
      ...(random.chance(0.1) ? { continuous_minutes: 30 } : {}),
    },
    lost_ticket: random.chance(0.5)
      ? { flat: price.hours(12) }
      : { true_time: { fee: price.hours(3), otherwise: price.hours(15) } },
    reservation: random.chance(0.5)
      ? { early: "plan", overstay: "plan" }
      : { early: "free", overstay: { price: price.hours(1.5), per_minutes: 60 } },
    ...(random.chance(0.35) ? { vehicle_types: { motorcycle: { percent: 50 } } } : {}),
    ...(random.chance(0.2)
      ? { surcharges: [{ name: "Charging bay", when: { ev: true }, amount: price.hours(1) }] }
      : {}),
    ...(random.chance(0.4) ? { tax: taxOf(random) } : {}),
    ...(holidays.length > 0 ? { holidays } : {}),
    ...(random.chance(0.2) ? { on_change: "split" } : {}),
  };
}

const RATES: Readonly<Record<Kind, (price: Prices) => object>> = {
  flat: ({ hours, random }) => ({ name: "Event", flat: { price: hours(2 + random.int(4)) }, repeat: "day" }),
  hourly: ({ hours, random }) => {
    const minutes = random.pick([15, 20, 30, 60, 60]);
    return {
      name: "Garage",
      hourly: { price: hours(minutes / 60), per_minutes: minutes },
      ...dayOf({ hours, random }),
    };
  },
  tiers: ({ hours, random }) => ({
    name: "First hours",
    hourly: {
      tiers: [
        { up_to_hours: 1 + random.int(2), price: hours(0.25), per_minutes: 30 },
        { up_to_hours: 4 + random.int(3), price: hours(1), per_minutes: 60 },
        { price: hours(1.5), per_minutes: 60 },
      ],
    },
    ...dayOf({ hours, random }),
  }),
  slabs: ({ hours, random }) => ({
    name: "Visitors",
    slabs: [
      { max_hours: 1, price: hours(1) },
      { max_hours: 3, price: hours(2) },
      { max_hours: 6 + random.int(4), price: hours(4) },
      { max_hours: null, price: hours(8) },
    ],
    repeat: "day",
    day: { kind: random.pick(["rolling", "calendar"]) },
  }),
  slabs_beyond: ({ hours, random }) => ({
    name: "Long stay",
    slabs: [
      { max_hours: 0.5, price: hours(0.5) },
      { max_hours: 4, price: hours(3) },
      { max_hours: 24, price: hours(8 + random.int(6)) },
      { max_hours: null, price: hours(6), per_minutes: 1_440 },
    ],
  }),
  bands: ({ hours, random }) => ({
    name: "Day and night",
    units: random.pick(["band", "stay"]),
    dynamic: {
      bands: [
        {
          name: "Day",
          windows: [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "07:00", to: "19:00" }],
          hourly: { price: hours(1), per_minutes: random.pick([30, 60]) },
          max: hours(7),
        },
        {
          name: "Weekend",
          windows: [{ days: ["sat", "sun", "holiday"], from: "08:00", to: "20:00" }],
          hourly: { price: hours(0.5) },
        },
        { name: "Night", flat: { price: hours(1.5) } },
      ],
      ...(random.chance(0.3) ? { occupancy: [{ from_percent: 80, factor_percent: 125 }] } : {}),
    },
    ...dayOf({ hours, random }),
  }),
  /** The form of a town's underground car park: the clock hour, a cheap night, a most for 24 hours. */
  board: ({ hours, random }) => ({
    name: "Underground car park",
    units: "stay",
    dynamic: {
      bands: [
        {
          name: "Night",
          windows: [{ from: "18:30", to: "08:00" }],
          hourly: { price: hours(0.75) },
          max: hours(1.5),
        },
        { name: "Day", hourly: { price: hours(0.75) } },
      ],
    },
    day: {
      ...(random.chance(0.5) ? { kind: "rolling" } : { kind: "business", starts_at: "06:00" }),
      cap: hours(5),
    },
  }),
  hotel: ({ hours }) => ({
    name: "Residents' guests",
    flat: { price: hours(5) },
    repeat: "day",
    day: { kind: "night", starts_at: "11:00" },
  }),
};

/** A most for a day, of whichever kind of day. */
function dayOf({ hours, random }: Prices): object {
  if (random.chance(0.2)) return {};
  const kind = random.pick(["calendar", "rolling", "business"] as const);
  return {
    day: { kind, cap: hours(7 + random.int(5)), ...(kind === "business" ? { starts_at: "05:00" } : {}) },
    ...(random.chance(0.2) ? { stay_cap: hours(60) } : {}),
  };
}

function taxOf(random: Random): object {
  const included = random.chance(0.7);
  return included
    ? { name: "VAT", percent: random.pick([19, 20, 10]) }
    : { name: "Sales tax", percent: 8.25, included };
}

/** Prices around the hour's, in steps that boards have. */
function pricesOf(currency: string, random: Random): Prices {
  const digits = minorDigits(asCurrency(currency));
  const hour = (HOUR_PRICE[currency] ?? 2) * (0.6 + 0.2 * random.int(8));
  const step = Math.max(10 ** -digits, (HOUR_PRICE[currency] ?? 2) / 20);
  return {
    hours: (count) => Math.max(step, Math.round((hour * count) / step) * step).toFixed(digits),
    random,
  };
}
