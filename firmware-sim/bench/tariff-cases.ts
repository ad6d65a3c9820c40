import { asCurrency } from "@parkme/shared/domain/money";
import { parseTariff } from "@parkme/shared/pricing/tariff";
import type { StayToPrice } from "@parkme/shared/pricing/quote-model";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import { piecesOf } from "@parkme/shared/pricing/testing/reference/pieces";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

type Floor = { readonly totalMinor: number; readonly minutes: number };
type FloorTraced = Floor & { readonly text: string };

/** A tariff with stays to price, and the same sum by hand. */
export type PricingCase = {
  readonly name: string;
  readonly tariff: Tariff;
  readonly stays: readonly StayToPrice[];
  readonly floor: (stay: number) => Floor;
  readonly floorTraced: (stay: number) => FloorTraced;
};

export function pricingCases(): PricingCase[] {
  return [flatCase(), slabCase(), weekCase(), monthCase()];
}

/** A bare function: one object and nothing to decide. */
function flatCase(): PricingCase {
  const stays = staysOf(4_096, MINUTE_MS, 12 * HOUR_MS);
  const lengths = lengthsOf(stays);
  const floor = (i: number): Floor => ({ totalMinor: 500, minutes: minutesOf(lengths[i] ?? 0) });
  return {
    name: "flat",
    tariff: tariffOf({ flat: { price: 5 } }),
    stays,
    floor,
    floorTraced: (i) => {
      const { totalMinor, minutes } = floor(i);
      return { totalMinor, minutes, text: line(minutes, totalMinor) };
    },
  };
}

/** A bare function with a loop over the slabs and one object. */
function slabCase(): PricingCase {
  const slabs = [
    { maxMs: HOUR_MS, minor: 500 },
    { maxMs: 3 * HOUR_MS, minor: 1_200 },
    { maxMs: Infinity, minor: 3_000 },
  ];
  const stays = staysOf(4_096, MINUTE_MS, 6 * HOUR_MS);
  const lengths = lengthsOf(stays);
  const floor = (i: number): Floor => {
    const length = lengths[i] ?? 0;
    for (const { maxMs, minor } of slabs) {
      if (length <= maxMs) return { totalMinor: minor, minutes: minutesOf(length) };
    }
    throw new RangeError("the last slab has no limit");
  };
  return {
    name: "slab",
    // As it stands in the documentation.
    tariff: tariffOf({
      slabs: [
        { max_hours: 1, price: 5 },
        { max_hours: 3, price: 12 },
        { max_hours: null, price: 30 },
      ],
    }),
    stays,
    floor,
    floorTraced: (i) => {
      const { totalMinor, minutes } = floor(i);
      return { totalMinor, minutes, text: line(minutes, totalMinor) };
    },
  };
}

const PEAK = {
  name: "Peak",
  windows: [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "07:00", to: "19:00" }],
  hourly: { price: "2.50", per_minutes: 60 },
};
const OFF_PEAK = { name: "Off-peak", hourly: { price: "1.00", per_minutes: 60 } };
const PRICES = [250, 100];

/** Five to seven days in eleven or so stretches, of which the floor knows begin and end beforehand. */
function weekCase(): PricingCase {
  const tariff = tariffOf({ dynamic: { bands: [PEAK, OFF_PEAK] } });
  return stretchedCase("week", tariff, staysOf(256, 5 * DAY_MS, 7 * DAY_MS), Infinity);
}

/** 29 to 31 days with a maximum for each calendar day: the floor knows each day's stretches beforehand. */
function monthCase(): PricingCase {
  const tariff = tariffOf({
    dynamic: { bands: [PEAK, OFF_PEAK] },
    day: { kind: "calendar", cap: "20.00" },
    stay_cap: "2000.00",
  });
  return stretchedCase("30d", tariff, staysOf(256, 29 * DAY_MS, 31 * DAY_MS), 2_000);
}

/** Units of one price that start in one day: from the first of them to the end of the time. */
type Row = { readonly fromMs: number; readonly toMs: number; readonly day: number; readonly minor: number };

/**
 * A bare loop over stretches that were found beforehand, summing started units under a day's maximum. What it leaves
 * out is what an engine is for: finding out where in the local week the stretches begin and end.
 */
function stretchedCase(
  name: string,
  tariff: Tariff,
  stays: readonly StayToPrice[],
  capMinor: number,
): PricingCase {
  const rows = stays.map((stay) => rowsOf(tariff, stay));
  const lengths = lengthsOf(stays);
  const sum = (i: number, each: (units: number, minor: number) => void): Floor => {
    let [total, ofDay, day] = [0, 0, 0];
    for (const row of rows[i] ?? []) {
      if (row.day !== day) {
        total += Math.min(ofDay, capMinor);
        [ofDay, day] = [0, row.day];
      }
      const units = Math.ceil((row.toMs - row.fromMs) / HOUR_MS);
      ofDay += units * row.minor;
      each(units, row.minor);
    }
    return { totalMinor: total + Math.min(ofDay, capMinor), minutes: minutesOf(lengths[i] ?? 0) };
  };
  return {
    name,
    tariff,
    stays,
    floor: (i) => sum(i, () => undefined),
    floorTraced: (i) => {
      let text = "";
      const { totalMinor, minutes } = sum(i, (units, minor) => (text += line(units * 60, units * minor)));
      return { totalMinor, minutes, text };
    },
  };
}

/** The stretches of a stay by the pricing reference, cut at the first unit that starts in a day. */
function rowsOf(tariff: Tariff, stay: StayToPrice): Row[] {
  const rows: Row[] = [];
  let [nextUnit, band] = [stay.entryMs, -1];
  for (const piece of piecesOf(tariff, tariff.plan, stay)) {
    if (piece.band !== band) [nextUnit, band] = [piece.fromMs, piece.band];
    if (nextUnit >= piece.toMs) continue;
    rows.push({ fromMs: nextUnit, toMs: piece.toMs, day: piece.day, minor: PRICES[band] ?? 0 });
    nextUnit += Math.ceil((piece.toMs - nextUnit) / HOUR_MS) * HOUR_MS;
  }
  return rows;
}

/** Stays all over the year 2026, the same in every run. */
function staysOf(count: number, fromMs: number, toMs: number): StayToPrice[] {
  let state = 20_260_101;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
  return Array.from({ length: count }, () => {
    const entryMs = Date.UTC(2026, 0, 1) + Math.floor(random() * 330 * DAY_MS);
    return { entryMs, exitMs: entryMs + fromMs + Math.floor(random() * (toMs - fromMs)) };
  });
}

function tariffOf(document: unknown): Tariff {
  const options = { id: "bench", version: 1, currency: asCurrency("EUR"), timeZone: "Europe/Berlin" };
  const parsed = parseTariff(document, options);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

function lengthsOf(stays: readonly StayToPrice[]): number[] {
  return stays.map(({ entryMs, exitMs }) => exitMs - entryMs);
}

const minutesOf = (ms: number): number => Math.ceil(ms / MINUTE_MS);
const line = (minutes: number, minor: number): string =>
  `${Math.floor(minutes / 60)} h ${minutes % 60} min = ${Math.floor(minor / 100)}.${minor % 100}\n`;
