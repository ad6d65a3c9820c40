import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asCurrency } from "../domain/money.ts";
import { parseTariff } from "./tariff.ts";
import { tariffOf } from "./testing/tariffs.ts";

const identity = { id: "standard", version: 3, currency: asCurrency("EUR"), timeZone: "Europe/Berlin" };
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const parse = (document: unknown, currency = "EUR") =>
  parseTariff(document, { ...identity, currency: asCurrency(currency) });

function problemsOf(document: unknown, currency = "EUR"): string[] {
  const parsed = parse(document, currency);
  return parsed.ok ? [] : parsed.error.map(({ path, message }) => `${path}: ${message}`);
}

describe("a tariff document", () => {
  it("with slabs is ready to price with, and everything that it does not say is as usual", () => {
    const document = {
      slabs: [
        { max_hours: 1, price: 5 },
        { max_hours: 3, price: 12 },
        { max_hours: null, price: 30 },
      ],
    };
    const slabs = [
      { maxMs: HOUR_MS, priceMinor: 500 },
      { maxMs: 3 * HOUR_MS, priceMinor: 1200 },
      { maxMs: null, priceMinor: 3000 },
    ];
    const rate = { kind: "slab", slabs, beyond: null };
    expect(parse(document)).toEqual({
      ok: true,
      value: {
        ...identity,
        name: "Slab Rate",
        plan: {
          name: "Slab Rate",
          bands: [{ name: "Slab Rate", windows: [], rate, maxMinor: null }],
          units: "band",
          repeat: "stay",
          day: { kind: "rolling", startMinute: 0, capMinor: null },
          stayCapMinor: null,
          minimumMinor: 0,
          rounding: null,
          occupancy: [],
        },
        vehiclePlans: {},
        alternativePlans: {},
        passes: {},
        holidays: new Set(),
        graces: { turnaroundMs: 0, continuousMs: 0, exitMs: 15 * MINUTE_MS },
        surcharges: [],
        penalties: {},
        reservation: { early: "free", overstay: "plan" },
        lostTicket: null,
        tax: null,
        onChange: "entry_version",
      },
    });
  });

  it("with a flat price takes it as text or as a number, in the currency's decimals", () => {
    const priceOf = (price: unknown, currency: string) => tariffOf({ flat: { price } }, { currency }).plan;
    const bandOf = (priceMinor: number) => ({
      name: "Flat Rate",
      bands: [{ rate: { kind: "flat", priceMinor } }],
    });
    for (const price of [5, "5", "5.00", "5.0"]) expect(priceOf(price, "EUR")).toMatchObject(bandOf(500));
    expect(priceOf(500, "JPY")).toMatchObject(bandOf(500));
    expect(priceOf("0.125", "KWD")).toMatchObject(bandOf(125));
  });

  it("may have a name of its own, and a price of nothing", () => {
    expect(parse({ name: "Sunday", flat: { price: 0 } })).toMatchObject({
      value: { name: "Sunday", plan: { name: "Sunday", bands: [{ rate: { priceMinor: 0 } }] } },
    });
  });

  it("by the hour is one price for each started unit, or tiers of them", () => {
    const rateOf = (hourly: unknown) => tariffOf({ hourly }).plan.bands[0].rate;
    expect(rateOf({ price: "1.50" })).toEqual({
      kind: "units",
      tiers: [{ unitMs: HOUR_MS, priceMinor: 150, maxMs: null }],
    });
    const tiers = [
      { up_to_hours: 2, price: 3, per_minutes: 30 },
      { up_to_hours: null, price: 2 },
    ];
    expect(rateOf({ tiers })).toEqual({
      kind: "units",
      tiers: [
        { unitMs: 30 * MINUTE_MS, priceMinor: 300, maxMs: 2 * HOUR_MS },
        { unitMs: HOUR_MS, priceMinor: 200, maxMs: null },
      ],
    });
  });

  it("may price what is longer than its slabs by the unit", () => {
    const slabs = [
      { max_hours: 0.5, price: 1 },
      { max_hours: 4, price: 6 },
      { max_hours: null, price: "0.80", per_minutes: 20 },
    ];
    expect(tariffOf({ slabs }).plan.bands[0].rate).toEqual({
      kind: "slab",
      slabs: [
        { maxMs: HOUR_MS / 2, priceMinor: 100 },
        { maxMs: 4 * HOUR_MS, priceMinor: 600 },
      ],
      beyond: { unitMs: 20 * MINUTE_MS, priceMinor: 80 },
    });
  });

  it("says all that the format knows", () => {
    const tariff = tariffOf(FULL, { version: 7 });
    expect(tariff).toMatchObject({ name: "Harbour", version: 7, onChange: "split" });
    expect(tariff.plan).toMatchObject({
      bands: [
        {
          name: "Day",
          windows: [{ weekdays: [1, 2, 3, 4, 5], onHolidays: false }],
          maxMinor: 1_200,
          maxPer: "day",
        },
        {
          name: "Night",
          windows: [
            { fromMinute: 20 * 60, toMinute: 360, weekdays: [0, 1, 2, 3, 4, 5, 6], onHolidays: true },
          ],
        },
        {
          name: "Advent",
          windows: [{ fromDate: "2026-11-29", toDate: "2026-12-24", fromMinute: 0, toMinute: 1_440 }],
        },
        { name: "Weekend", windows: [] },
      ],
      occupancy: [{ fromPercent: 90, factorBps: 12_550 }],
      units: "stay",
      repeat: "day",
      day: { kind: "business", startMinute: 360, capMinor: 2_000 },
      stayCapMinor: 20_000,
      minimumMinor: 100,
      rounding: { stepMinor: 50, mode: "up" },
    });
    expect(tariff.passes).toEqual({
      "night-owl": { name: "Night owl", windows: [expect.anything()], quotaMinutes: 6_000, period: "month" },
      resident: { name: "Resident", windows: [], quotaMinutes: null, period: "pass" },
    });
    expect(tariff.holidays).toEqual(new Set(["2026-12-25"]));
    expect(tariff.graces).toEqual({ turnaroundMs: 10 * MINUTE_MS, continuousMs: 0, exitMs: 20 * MINUTE_MS });
    expect(tariff.surcharges).toEqual([
      {
        name: "Charging bay",
        when: { ev: true, accessible: null, vehicleTypes: [] },
        amount: { kind: "amount", minor: 250 },
      },
      {
        name: "Accessible",
        when: { ev: null, accessible: true, vehicleTypes: ["car", "van"] },
        amount: { kind: "percent", bps: -5_000 },
      },
    ]);
    expect(tariff.penalties).toEqual({ "wrong-bay": { title: "Wrong bay", minor: 2_500 } });
    expect(tariff.reservation).toEqual({
      early: { unitMs: HOUR_MS, priceMinor: 200 },
      overstay: { unitMs: 30 * MINUTE_MS, priceMinor: 300 },
    });
    expect(tariff.lostTicket).toEqual({ kind: "true_time", flatMinor: 4_000, feeMinor: 1_000 });
    expect(tariff.tax).toEqual({ name: "VAT", ppm: 190_000, included: false });
  });

  it("has plans for types of vehicle and for validations", () => {
    const { plan, vehiclePlans, alternativePlans } = tariffOf(FULL);
    expect(vehiclePlans["bus"]).toMatchObject({ name: "Harbour, bus", bands: [{ rate: { kind: "flat" } }] });
    expect(alternativePlans["hotel"]).toMatchObject({ name: "Hotel guests", day: { kind: "night" } });
    // At half the price, each amount rounded half up: 0.75 is 0.38.
    expect(vehiclePlans["motorcycle"]).toEqual({
      ...plan,
      name: "Harbour, motorcycle",
      bands: [
        {
          ...plan.bands[0],
          rate: { kind: "units", tiers: [{ unitMs: 20 * MINUTE_MS, priceMinor: 38, maxMs: null }] },
          maxMinor: 600,
        },
        { ...plan.bands[1], rate: { kind: "flat", priceMinor: 150 } },
        { ...plan.bands[2], rate: { kind: "flat", priceMinor: 500 } },
        { ...plan.bands[3], rate: { kind: "flat", priceMinor: 250 } },
      ],
      day: { ...plan.day, capMinor: 1_000 },
      stayCapMinor: 10_000,
      minimumMinor: 50,
    });
    for (const name of ["constructor", "toString", "__proto__"]) expect(vehiclePlans[name]).toBeUndefined();
  });

  it("is not changed by reading it", () => {
    const document = Object.freeze({
      slabs: Object.freeze([Object.freeze({ max_hours: null, price: "1" })]),
    });
    expect(parse(document).ok).toBe(true);
  });
});

/** Every key of the format. */
const FULL = {
  name: "Harbour",
  currency: "EUR",
  dynamic: {
    bands: [
      {
        name: "Day",
        windows: [{ days: ["mon", "tue", "wed", "thu", "fri"], from: "06:00", to: "20:00" }],
        hourly: { price: "0.75", per_minutes: 20 },
        max: 12,
        max_per: "day",
      },
      { name: "Night", windows: [{ from: "20:00", to: "06:00" }], flat: { price: 3 } },
      {
        name: "Advent",
        windows: [{ from_date: "2026-11-29", to_date: "2026-12-24" }],
        flat: { price: 10 },
      },
      { name: "Weekend", flat: { price: 5 } },
    ],
    occupancy: [{ from_percent: 90, factor_percent: "125.5" }],
  },
  units: "stay",
  repeat: "day",
  day: { kind: "business", starts_at: "06:00", cap: 20 },
  stay_cap: 200,
  minimum: 1,
  rounding: { to: "0.50", mode: "up" },
  vehicle_types: { motorcycle: { percent: 50 }, bus: { flat: { price: 30 } } },
  plans: {
    hotel: { name: "Hotel guests", flat: { price: 8 }, day: { kind: "night", starts_at: "11:00", cap: 8 } },
  },
  passes: {
    "night-owl": {
      name: "Night owl",
      windows: [{ from: "18:00", to: "08:00" }],
      quota_minutes: 6_000,
      period: "month",
    },
    resident: { name: "Resident" },
  },
  holidays: ["2026-12-25"],
  graces: { turnaround_minutes: 10, exit_minutes: 20 },
  surcharges: [
    { name: "Charging bay", when: { ev: true }, amount: "2.50" },
    { name: "Accessible", when: { accessible: true, vehicle_types: ["car", "van"] }, percent: -50 },
  ],
  penalties: { "wrong-bay": { title: "Wrong bay", price: 25 } },
  reservation: { early: { price: 2 }, overstay: { price: 3, per_minutes: 30 } },
  lost_ticket: { true_time: { fee: 10, otherwise: 40 } },
  tax: { name: "VAT", percent: 19, included: false },
  on_change: "split",
};

describe("the problems of a tariff document", () => {
  it("are reported all at once, each where it stands", () => {
    const slabs = [
      { max_hours: 2, price: -5 },
      { max_hours: null, price: "abc" },
      { max_hours: 2, price: 1.005 },
      { max_hours: 1.5, price: "999999999999999" },
    ];
    expect(problemsOf({ slabs })).toEqual([
      "slabs.0.price: must not be negative",
      "slabs.1.max_hours: only the last slab may be open-ended; later ones are unreachable",
      "slabs.1.price: is not a decimal number",
      "slabs.2.max_hours: must be longer than the slab before it",
      "slabs.2.price: has more decimals than EUR allows",
      "slabs.3.max_hours: must be longer than the slab before it",
      "slabs.3.max_hours: no slab covers a stay of more than 1.5 h; end with null",
      "slabs.3.price: is too large",
    ]);
  });

  it.each([
    [
      "a stay that no slab covers",
      { slabs: [{ max_hours: 1, price: 5 }] },
      /^slabs\.0\.max_hours: no slab covers/,
    ],
    [
      "slabs of the same length",
      {
        slabs: [
          { max_hours: 1, price: 1 },
          { max_hours: 1, price: 2 },
          { max_hours: null, price: 3 },
        ],
      },
      /^slabs\.1\.max_hours: must be longer/,
    ],
    [
      "a slab shorter than a millisecond",
      {
        slabs: [
          { max_hours: 1e-9, price: 1 },
          { max_hours: null, price: 3 },
        ],
      },
      /^slabs\.0\.max_hours: must be longer/,
    ],
    ["no slabs", { slabs: [] }, /^slabs: /],
    [
      "too many slabs",
      { slabs: Array.from({ length: 201 }, (_, i) => ({ max_hours: i + 1, price: 1 })) },
      /^slabs: /,
    ],
    ["both kinds of rule", { flat: { price: 1 }, slabs: [{ max_hours: null, price: 1 }] }, /flat/],
    ["an unknown key", { flat: { price: 1, per: "day" } }, /^flat: .*per/],
    ["a negative limit", { slabs: [{ max_hours: -1, price: 1 }] }, /^slabs\.0\.max_hours: /],
    ["a limit of no length", { slabs: [{ max_hours: 0, price: 1 }] }, /^slabs\.0\.max_hours: /],
    ["a limit of years", { slabs: [{ max_hours: 1e6, price: 1 }] }, /^slabs\.0\.max_hours: /],
    ["a price that is missing", { flat: {} }, /^flat\.price: /],
    ["a price in words", { flat: { price: "five" } }, /^flat\.price: is not a decimal number/],
    ["a price beyond all bounds", { flat: { price: 1e20 } }, /^flat\.price: is too large/],
    ["a price in exponent form", { flat: { price: 1e21 } }, /^flat\.price: is not a decimal number/],
    ["an empty name", { name: "", flat: { price: 1 } }, /^name: /],
    ["a name too long for a receipt", { name: "x".repeat(81), flat: { price: 1 } }, /^name: /],
    ["nothing", null, /^: /],
    ["a list", [], /^: /],
    ["a text", "flat", /^: /],
  ])("are found: %s", (_what, document, expected) => {
    const problems = problemsOf(document);
    expect(problems.length).toBeGreaterThan(0);
    expect(problems.some((problem) => expected.test(problem))).toBe(true);
  });

  it("hang on the currency", () => {
    expect(problemsOf({ flat: { price: "1.5" } }, "JPY")).toEqual([
      "flat.price: has more decimals than JPY allows",
    ]);
    expect(problemsOf({ flat: { price: "1.505" } }, "KWD")).toEqual([]);
  });

  it("are told of the whole document at once, in its order, wherever they are", () => {
    const document = {
      flat: { price: 1 },
      hourly: {},
      currency: "USD",
      day: { kind: "night" },
      minimum: 5,
      stay_cap: 3,
      rounding: { to: 0, mode: "sideways" },
      vehicle_types: {
        "Big Van": { flat: { price: 1 } },
        bus: {},
        moped: { percent: 50, stay_cap: 3 },
      },
      holidays: ["2026-02-30"],
      surcharges: [{ name: "EV" }, { name: "EV", amount: 1, percent: -101 }],
      reservation: { early: { price: -1 }, overstay: "free" },
      lost_ticket: { true_time: { fee: 1 } },
      tax: { percent: 19.12345 },
      on_change: "later",
      speed: 1,
    };
    expect(problemsOf(document)).toEqual([
      ': has keys that are not known: "speed"',
      ": can have only one of flat, hourly",
      "hourly: must have a price, or tiers",
      "currency: is not the currency of this facility, which is EUR",
      "day.starts_at: is missing: a night day begins at a time that you name",
      "minimum: must not be more than stay_cap",
      "rounding.to: must be more than 0",
      "rounding.mode: must be one of up, down, nearest",
      "vehicle_types.?: is not a short name: lower-case letters, digits, dashes, a letter first",
      "vehicle_types.bus: must have one of flat, hourly, slabs, dynamic, percent",
      "vehicle_types.moped.percent: takes the whole plan at a percentage: leave out stay_cap",
      'holidays.0: must be a day, such as "2026-12-25", in quotes',
      "surcharges.0: must have one of amount, percent",
      "surcharges.1: can have only one of amount, percent",
      "surcharges.1.percent: must be at least -100 percent",
      "reservation.early: must be free, plan, or { price, per_minutes }",
      "reservation.overstay: must be plan, or { price, per_minutes }",
      "lost_ticket.true_time.otherwise: is missing",
      "tax.percent: must be a percentage with at most four decimals",
      "tax.name: is missing",
      "on_change: must be one of entry_version, split",
    ]);
  });

  const band = (name: string, ...windows: unknown[]) => ({ name, windows, flat: { price: 1 } });
  const rest = { name: "Rest", flat: { price: 1 } };
  const week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
  it.each([
    [
      "a gap: a last band that is not always in force",
      [band("Day", { from: "06:00" })],
      /^dynamic\.bands\.0\.windows: must be left out of the last band/,
    ],
    [
      "bands after one that is always in force",
      [rest, { ...rest, name: "More" }],
      /bands\.0\.windows: is missing/,
    ],
    ["a name used twice", [band("Rest", { from: "06:00" }), rest], /bands\.1\.name: is used twice/],
    [
      "a band within the one before it",
      [band("Day", { from: "06:00", to: "20:00" }), band("Noon", { from: "11:00", to: "14:00" }), rest],
      /bands\.1\.windows: are all covered/,
    ],
    [
      "a band within two together, over midnight",
      [
        band("Evening", { from: "18:00", to: "02:00" }),
        band("Morning", { from: "02:00", to: "09:00" }),
        band("Night", { from: "22:00", to: "08:00" }),
        rest,
      ],
      /bands\.2\.windows: are all covered/,
    ],
    [
      "a band of days that others have taken",
      [band("Weekend", { days: ["sat", "sun"] }), band("Saturday", { days: ["sat"], from: "08:00" }), rest],
      /bands\.1\.windows: are all covered/,
    ],
    [
      "a season within a season",
      [
        band("Summer", { from_date: "2026-06-01", to_date: "2026-08-31" }),
        band("July", { from_date: "2026-07-01", to_date: "2026-07-31" }),
        rest,
      ],
      /bands\.1\.windows: are all covered/,
    ],
    [
      "a weekday that does not come between its dates",
      // 1 and 2 July 2026 are a Wednesday and a Thursday.
      [band("Fair", { days: ["sun"], from_date: "2026-07-01", to_date: "2026-07-02" }), rest],
      /bands\.0\.windows: never come/,
    ],
    [
      "dates the wrong way round",
      [band("Fair", { from_date: "2026-07-02", to_date: "2026-07-01" }), rest],
      /bands\.0\.windows\.0\.to_date: must not be before from_date/,
    ],
    [
      "more windows than a plan may have",
      [...Array.from({ length: 3 }, (_, i) => band(`B${i}`, ...Array(40).fill({ from: "06:00" }))), rest],
      /^dynamic\.bands: can have at most 100 windows/,
    ],
  ])("of bands are found: %s", (_what, bands, expected) => {
    const problems = problemsOf({ dynamic: { bands } });
    expect(problems.filter((problem) => expected.test(problem))).toHaveLength(1);
  });

  it.each([
    [
      "a day that only holidays leave over",
      [band("Week", { days: week }), band("Feast", { days: ["holiday"] }), rest],
    ],
    [
      "a minute between two others",
      [
        band("A", { from: "06:00", to: "12:00" }),
        band("B", { from: "12:01", to: "06:00" }),
        band("C", { from: "11:00", to: "13:00" }),
        rest,
      ],
    ],
    [
      "the night that a season's first day begins with",
      [
        band("Summer", { from_date: "2026-06-01", to_date: "2026-08-31" }),
        band("Night before", { from: "22:00", to: "02:00", from_date: "2026-05-31", to_date: "2026-05-31" }),
        rest,
      ],
    ],
    [
      "the Monday morning that a Sunday window reaches into",
      [
        band("Monday", { days: ["mon"], from: "04:00" }),
        band("Late", { days: ["sun"], from: "23:00", to: "05:00" }),
        rest,
      ],
    ],
  ])("are not seen in bands that do come into force: %s", (_what, bands) => {
    expect(problemsOf({ dynamic: { bands } })).toEqual([]);
  });

  it("are told up to a hundred, and never repeat what somebody wrote in a wrong place", () => {
    const slabs = Array.from({ length: 200 }, () => ({ max_hours: "secret", price: "secret" }));
    const problems = problemsOf({ slabs, "my secret": 1, plans: { "my secret": 1 } });
    expect(problems).toHaveLength(100);
    expect(problems.join("\n")).not.toContain("secret");
  });

  it("of what is no tariff at all are found in bounded time", () => {
    const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`k${i}`, { percent: i / 7 }]));
    expect(problemsOf({ flat: { price: 1 }, vehicle_types: many, plans: many, passes: many })).toHaveLength(
      100,
    );
    const windows = Array.from({ length: 99 }, (_, i) => ({
      from_date: `${1950 + i}-01-02`,
      to_date: "2095-12-31",
    }));
    const bands = Array.from({ length: 49 }, (_, i) => band(`B${i}`, windows[i], windows[i + 49]));
    expect(problemsOf({ dynamic: { bands: [...bands, rest] } }).length).toBeGreaterThan(40);
  });

  it("are a result for garbage of any shape, never an exception", () => {
    const hours = fc.oneof(fc.double(), fc.constant(null), fc.anything());
    const slab = fc.record({ max_hours: hours, price: fc.oneof(fc.double(), fc.string(), fc.anything()) });
    const garbage = fc.oneof(
      fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withSparseArray: true }),
      fc.record({ slabs: fc.oneof(fc.array(slab), fc.anything()) }),
      fc.record({ flat: fc.record({ price: fc.anything() }), name: fc.anything() }),
    );
    fc.assert(fc.property(garbage, readsOrTells), { numRuns: 500 });
  });

  it("are a result for a good document of which any part was replaced", () => {
    const places = placesOf(FULL);
    const value = fc.oneof(fc.anything(), fc.constantFrom(null, -1, 1e21, "", "24:00", "2026-13-01", {}, []));
    fc.assert(
      fc.property(fc.constantFrom(...places), value, (place, garbage) => {
        readsOrTells(replaced(FULL, place, garbage));
      }),
      { numRuns: 1_500 },
    );
  });
});

/** Either a tariff of whole amounts and times, or at least one problem in words. */
function readsOrTells(document: unknown): void {
  const parsed = parse(document);
  if (!parsed.ok) {
    expect(parsed.error.length).toBeGreaterThan(0);
    for (const { message } of parsed.error)
      expect(message).toMatch(/^(is|are|has|have|must|can|only|no|needs|never|takes) /);
    return;
  }
  const text = JSON.stringify(parsed.value);
  for (const [, name = "", number = ""] of text.matchAll(
    /"(\w*(?:Minor|minor|Ms|bps|Bps|Minute|Minutes))":(-?[^,}]+)/g,
  ))
    if (number !== "null") expect(Number.isSafeInteger(Number(number)), `${name} ${number}`).toBe(true);
  for (const { rate } of parsed.value.plan.bands) {
    const prices = rate.kind === "flat" ? [rate] : rate.kind === "units" ? rate.tiers : rate.slabs;
    for (const { priceMinor } of prices) expect(priceMinor).toBeGreaterThanOrEqual(0);
  }
}

type Place = readonly (string | number)[];

function placesOf(value: unknown, at: Place = []): Place[] {
  if (typeof value !== "object" || value === null) return [at];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [at, ...entries.flatMap(([key, part]: [string | number, unknown]) => placesOf(part, [...at, key]))];
}

function replaced(value: unknown, [key, ...deeper]: Place, by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value))
    return value.map((part: unknown, i) => (i === key ? replaced(part, deeper, by) : part));
  const group = value as Readonly<Record<string, unknown>>;
  return { ...group, [key]: replaced(group[key], deeper, by) };
}
