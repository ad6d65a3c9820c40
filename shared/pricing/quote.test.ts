import { describe, expect, it } from "vitest";

import type { StayToPrice } from "./quote-model.ts";
import { describeDuration } from "./engine/texts.ts";
import { quote } from "./quote.ts";
import type { DayRule, Plan, Tariff } from "./tariff-model.ts";
import {
  bandOf,
  DAY_MS,
  flatRate,
  HOUR_MS,
  hours,
  PEAK_PLAN,
  perUnit,
  planOf,
  priced,
  slabsOf,
  tariffWith,
  tiersOf,
  told,
} from "./testing/plans.ts";

const MIN_MS = 60_000;
/** A Monday, 10:00 in Berlin. */
const ENTRY = "2026-03-02T10:00+01:00";
const ENTRY_MS = Date.parse(ENTRY);

const SLABS = tariffWith(planOf(slabsOf([1, 500], [3, 1200], [null, 3000]), { name: "Slab Rate" }));
const HOURLY = planOf(perUnit(200));

function costs(tariff: Tariff, durationMs: number, more: Partial<StayToPrice> = {}): number {
  return priced(tariff, { entryMs: ENTRY_MS, exitMs: ENTRY_MS + durationMs, ...more }).total.amountMinor;
}

describe("a quote by slabs", () => {
  it.each([
    [0, 500],
    [1, 500],
    [HOUR_MS, 500],
    [HOUR_MS + 1, 1200],
    [3 * HOUR_MS, 1200],
    [3 * HOUR_MS + 1, 3000],
    [400 * DAY_MS, 3000],
  ])("for %i ms is %i cents: a slab includes its limit", (durationMs, cents) => {
    expect(costs(SLABS, durationMs)).toBe(cents);
  });

  it("says what it is made of", () => {
    const amount = (amountMinor: number) => ({ amountMinor, currency: "EUR" });
    const stay = { entryMs: ENTRY_MS, exitMs: ENTRY_MS + 3.5 * HOUR_MS };
    const whole = {
      base: amount(3000),
      discounts: amount(0),
      validated: amount(0),
      penalties: amount(0),
      rounding: amount(0),
      tax: amount(0),
      taxIncluded: true,
      total: amount(3000),
      durationMinutes: 210,
      appliedRule: "Slab Rate",
      tariffId: "standard",
      tariffVersion: 7,
      subscriptionUsed: false,
      passMinutes: 0,
      exitGraceMs: 15 * MIN_MS,
      trace: [{ text: "3 h 30 min parked: over 3 h = 30.00", amountMinor: 3000 }],
    };
    expect(priced(SLABS, stay)).toEqual(whole);
    expect(JSON.parse(JSON.stringify(priced(SLABS, stay)))).toEqual(whole);
    expect({ ...priced(SLABS, stay) }).toEqual(whole);
    const read = priced(SLABS, stay);
    expect(read.trace).toBe(read.trace);
    expect(told(SLABS, ENTRY, "2026-03-02T11:01+01:00")[1]).toBe("1 h 1 min parked: up to 3 h = 12.00");
    expect(told(tariffWith(planOf(slabsOf([null, 50]))), ENTRY, ENTRY)[1]).toBe(
      "0 min parked: any length = 0.50",
    );
  });

  it("goes on by the unit beyond the last limit", () => {
    const rate = slabsOf([1, 500], [24, 2000], [null, 0]);
    if (rate.kind !== "slab") throw new Error("not slabs");
    const beyond = tariffWith(planOf({ ...rate, beyond: { unitMs: HOUR_MS, priceMinor: 150 } }));
    expect(costs(beyond, DAY_MS)).toBe(2000);
    expect(told(beyond, ENTRY, "2026-03-03T11:30+01:00")).toEqual([
      2300,
      "1 d 1 h 30 min parked: up to 1 d 20.00, then 2 h x 1.50 = 23.00",
    ]);
  });

  it("counts started minutes: one second more is one minute more", () => {
    const minutes = (durationMs: number) =>
      priced(SLABS, { entryMs: ENTRY_MS, exitMs: ENTRY_MS + durationMs }).durationMinutes;
    expect(minutes(210 * MIN_MS)).toBe(210);
    expect(minutes(210 * MIN_MS + 1_000)).toBe(211);
  });
});

describe("a flat quote", () => {
  it("is the same for every length", () => {
    const flat = tariffWith(planOf(flatRate(5), { name: "Evening" }), { currency: "JPY" });
    for (const durationMs of [0, HOUR_MS, 100 * HOUR_MS]) expect(costs(flat, durationMs)).toBe(5);
    expect(told(flat, ENTRY, "2026-03-02T11:30+01:00")).toEqual([5, "Flat rate for 1 h 30 min = 5"]);
    expect(priced(flat, { entryMs: ENTRY_MS, exitMs: ENTRY_MS }).appliedRule).toBe("Evening");
  });
});

describe("a quote by units", () => {
  it("counts started units, tier by tier; a unit belongs to the tier that it starts in", () => {
    const tiers = tariffWith(planOf(tiersOf([2, 300], [4, 200, 30 * MIN_MS], [null, 100, 45 * MIN_MS])));
    expect(costs(tiers, 0)).toBe(0);
    expect(costs(tiers, 1)).toBe(300);
    expect(costs(tiers, 2 * HOUR_MS)).toBe(600);
    expect(costs(tiers, 2 * HOUR_MS + 1)).toBe(800);
    expect(costs(tiers, 4 * HOUR_MS + 46 * MIN_MS)).toBe(600 + 800 + 200);
    const odd = tariffWith(planOf(tiersOf([1, 100, 25 * MIN_MS], [null, 10])));
    expect(costs(odd, 75 * MIN_MS)).toBe(300);
    expect(costs(odd, 75 * MIN_MS + 1)).toBe(310);
  });

  it("begins them anew at each change of band, or counts on through it", () => {
    const [from, to] = ["2026-03-02T18:30+01:00", "2026-03-02T22:10+01:00"];
    expect(told(tariffWith(PEAK_PLAN), from, to)).toEqual([
      950,
      "Mon 18:30-20:00 peak 2 h x 2.50 = 5.00",
      "Mon 20:00-22:10 off-peak 3 h x 1.50 = 4.50",
    ]);
    // The second hour of the peak lasts to 20:30.
    expect(told(tariffWith({ ...PEAK_PLAN, units: "stay" }), from, to)).toEqual([
      800,
      "Mon 18:30-20:00 peak 2 h x 2.50 = 5.00",
      "Mon 20:30-22:10 off-peak 2 h x 1.50 = 3.00",
    ]);
  });

  it("begins them anew with each day, where the plan repeats by day", () => {
    const daily = tariffWith(
      planOf(slabsOf([2, 400], [null, 900]), {
        repeat: "day",
        day: { kind: "business", startMinute: 360, capMinor: null },
      }),
    );
    expect(told(daily, "2026-03-02T05:00+01:00", "2026-03-03T07:30+01:00")).toEqual([
      400 + 900 + 400,
      "Mon 05:00-06:00 1 h: up to 2 h = 4.00",
      "Mon 06:00-Tue 06:00 1 d: over 2 h = 9.00",
      "Tue 06:00-07:30 1 h 30 min: up to 2 h = 4.00",
    ]);
  });

  it("charges no more for a stretch than its band's maximum", () => {
    const plan = planOf([
      bandOf("night", [hours(20, 8)], perUnit(150), 800),
      bandOf("day", [], perUnit(250)),
    ]);
    expect(told(tariffWith(plan), "2026-03-02T19:00+01:00", "2026-03-03T07:30+01:00")).toEqual([
      1050,
      "Mon 19:00-20:00 day 1 h x 2.50 = 2.50",
      "Mon 20:00-Tue 07:30 night 12 h x 1.50 = 18.00",
      "At most 8.00 for night = -10.00",
    ]);
  });
});

describe("a band's maximum for each day", () => {
  it("begins anew with the day, in one stretch of several", () => {
    const plan = planOf(
      [
        { ...bandOf("weekend", [hours(0, 24, { weekdays: [0, 6] })], perUnit(100), 500), maxPer: "day" },
        bandOf("week", [], perUnit(200)),
      ],
      { day: { kind: "calendar", startMinute: 0, capMinor: null } },
    );
    expect(told(tariffWith(plan), "2026-03-06T23:00+01:00", "2026-03-08T03:00+01:00")).toEqual([
      200 + 500 + 300,
      "Fri 23:00-24:00 week 1 h x 2.00 = 2.00",
      "Sat 00:00-24:00 weekend 24 h x 1.00 = 24.00",
      "At most 5.00 for weekend = -19.00",
      "Sun 00:00-03:00 weekend 3 h x 1.00 = 3.00",
    ]);
  });
});

describe("windows", () => {
  const plan = planOf([
    bandOf("season", [hours(0, 24, { fromDate: "2026-07-01", toDate: "2026-07-31" })], perUnit(900)),
    bandOf("holiday", [hours(0, 24, { weekdays: [], onHolidays: true })], perUnit(50)),
    bandOf("friday night", [hours(22, 4, { weekdays: [5], onHolidays: false })], perUnit(700)),
    bandOf("other", [], perUnit(100)),
  ]);
  const tariff = tariffWith(plan, { holidays: new Set(["2026-05-01"]) });

  it("go by the day that they begin on", () => {
    // 2026-03-06 is a Friday.
    expect(told(tariff, "2026-03-06T21:00+01:00", "2026-03-07T05:00+01:00")).toEqual([
      100 + 6 * 700 + 100,
      "Fri 21:00-22:00 other 1 h x 1.00 = 1.00",
      "Fri 22:00-Sat 04:00 friday night 6 h x 7.00 = 42.00",
      "Sat 04:00-05:00 other 1 h x 1.00 = 1.00",
    ]);
    expect(told(tariff, "2026-03-07T22:00+01:00", "2026-03-07T23:00+01:00")[0]).toBe(100);
  });

  it("take a holiday for no weekday, and dates for what they are", () => {
    // 2026-05-01 is a Friday as well.
    expect(told(tariff, "2026-04-30T23:00+02:00", "2026-05-02T01:00+02:00")[0]).toBe(100 + 24 * 50 + 100);
    expect(told(tariff, "2026-06-30T23:00+02:00", "2026-07-01T01:00+02:00")[0]).toBe(100 + 900);
    // The Friday night that follows began on a day of the season, and is a Friday night all the same.
    expect(told(tariff, "2026-07-31T23:00+02:00", "2026-08-01T01:00+02:00")[0]).toBe(900 + 700);
  });

  it("begin and end once in a night of 23 or 25 hours, when the clocks first show it", () => {
    const night = tariffWith(
      planOf([bandOf("night", [hours(22, 6)], perUnit(100)), bandOf("day", [], perUnit(1000))]),
    );
    expect(told(night, "2026-03-28T21:00+01:00", "2026-03-29T07:00+02:00")).toEqual([
      2700,
      "Sat 21:00-22:00 day 1 h x 10.00 = 10.00",
      "Sat 22:00-Sun 06:00 night 7 h x 1.00 = 7.00",
      "Sun 06:00-07:00 day 1 h x 10.00 = 10.00",
    ]);
    expect(told(night, "2026-10-24T22:00+02:00", "2026-10-25T06:00+01:00")[0]).toBe(900);
    const halves = tariffWith(
      planOf([bandOf("late", [hours(22, 2.5)], perUnit(100)), bandOf("early", [], perUnit(0))]),
    );
    expect(told(halves, "2026-10-24T22:00+02:00", "2026-10-25T06:00+01:00").slice(1)).toEqual([
      "Sat 22:00-Sun 02:30 late 5 h x 1.00 = 5.00",
      "Sun 02:30-06:00 early 5 h x 0.00 = 0.00",
    ]);
    const twice = tariffWith(
      planOf([bandOf("twice", [hours(2, 3)], perUnit(100)), bandOf("day", [], perUnit(0))]),
    );
    expect(told(twice, "2026-10-24T22:00+02:00", "2026-10-25T06:00+01:00")[0]).toBe(200);
    expect(told(twice, "2026-03-28T22:00+01:00", "2026-03-29T06:00+02:00")[0]).toBe(0);
  });
});

describe("the most that a day costs", () => {
  const byDay = (kind: DayRule["kind"], startMinute = 0, capMinor = 2350) =>
    tariffWith(planOf(perUnit(100), { day: { kind, startMinute, capMinor } }));

  it.each([
    // Spring: Sunday 29 March has 23 hours. 1.00 an hour, 23.50 a day.
    ["calendar", 0, "2026-03-28T00:00+01:00", "2026-03-30T00:00+02:00", 2350 + 2300],
    ["rolling", 0, "2026-03-28T00:00+01:00", "2026-03-30T00:00+02:00", 2350 + 2300],
    ["rolling", 0, "2026-03-28T12:00+01:00", "2026-03-30T13:00+02:00", 2350 + 2350],
    ["business", 360, "2026-03-28T06:00+01:00", "2026-03-30T06:00+02:00", 2300 + 2350],
    // 02:30 is jumped over: the day begins at the jump, 23.5 hours before the next 02:30.
    ["business", 150, "2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00", 2350],
    ["night", 660, "2026-03-28T12:00+01:00", "2026-03-30T12:00+02:00", 2200 + 2350 + 100],
    // Autumn: Sunday 25 October has 25 hours.
    ["calendar", 0, "2026-10-25T00:00+02:00", "2026-10-26T02:00+01:00", 2350 + 200],
    ["rolling", 0, "2026-10-25T00:00+02:00", "2026-10-26T02:00+01:00", 2350 + 300],
    ["business", 360, "2026-10-24T06:00+02:00", "2026-10-25T09:00+01:00", 2350 + 300],
    ["night", 660, "2026-10-24T10:00+02:00", "2026-10-25T12:00+01:00", 2350 + 100],
  ] as const)("%s (from minute %i), %s to %s: %i cents", (kind, startMinute, from, to, cents) => {
    expect(told(byDay(kind, startMinute), from, to)[0]).toBe(cents);
  });

  it("counts a unit to the day that it starts in", () => {
    const capped = tariffWith(
      planOf(perUnit(500, 6 * HOUR_MS), { day: { kind: "calendar", startMinute: 0, capMinor: 800 } }),
    );
    // 20:00, 02:00, 08:00, 14:00: one in the first day, three in the second.
    expect(told(capped, "2026-03-02T20:00+01:00", "2026-03-03T18:00+01:00")[0]).toBe(500 + 800);
  });

  it("counts a slab to the day that it begins in", () => {
    const capped = tariffWith(
      planOf(slabsOf([24, 1000], [48, 1900], [null, 2500]), {
        day: { kind: "rolling", startMinute: 0, capMinor: 1000 },
      }),
    );
    expect(costs(capped, 47 * HOUR_MS)).toBe(1900);
    expect(costs(capped, 100 * HOUR_MS)).toBe(2500);
  });

  it("is not needed for a long stay to be told in few lines", () => {
    const lines = told(tariffWith(PEAK_PLAN), "2026-03-02T18:30+01:00", "2026-03-17T07:10+01:00");
    expect(lines).toEqual([
      500 + 1800 + 14_400 + 12_000 + 19_200 + 12_000 + 3000 + 1800,
      "Mon 2 Mar 18:30-20:00 peak 2 h x 2.50 = 5.00",
      "Mon 2 Mar 20:00-Tue 3 Mar 08:00 off-peak 12 h x 1.50 = 18.00",
      "Tue 3 - Thu 5 Mar: 3 days at 48.00 = 144.00",
      "Fri 6 - Mon 9 Mar = 120.00",
      "Mon 9 - Thu 12 Mar: 4 days at 48.00 = 192.00",
      "Fri 13 - Mon 16 Mar = 120.00",
      "Mon 16 Mar 08:00-20:00 peak 12 h x 2.50 = 30.00",
      "Mon 16 Mar 20:00-Tue 17 Mar 07:10 off-peak 12 h x 1.50 = 18.00",
    ]);
  });

  it("tells a long stay in few lines", () => {
    const capped = tariffWith({ ...PEAK_PLAN, day: { kind: "calendar", startMinute: 0, capMinor: 2000 } });
    expect(told(capped, "2026-03-02T18:30+01:00", "2027-04-01T08:10+02:00")).toEqual([
      1100 + 394 * 2000 + 1450,
      "Mon 2 Mar 2026 18:30-20:00 peak 2 h x 2.50 = 5.00",
      "Mon 2 Mar 2026 20:00-24:00 off-peak 4 h x 1.50 = 6.00",
      "Tue 3 Mar 2026 - Wed 31 Mar 2027: 394 days at the day maximum 20.00 = 7880.00",
      "Thu 1 Apr 2027 00:00-08:00 off-peak 8 h x 1.50 = 12.00",
      "Thu 1 Apr 2027 08:00-08:10 peak 1 h x 2.50 = 2.50",
    ]);
  });

  it("is above all that a stay costs at most, and the least that it costs", () => {
    const limits = (more: Partial<Plan>) => tariffWith({ ...HOURLY, ...more });
    expect(told(limits({ stayCapMinor: 500 }), ENTRY, "2026-03-02T14:00+01:00")).toEqual([
      500,
      "Mon 10:00-14:00 4 h x 2.00 = 8.00",
      "At most 5.00 for a stay = -3.00",
    ]);
    expect(told(limits({ minimumMinor: 500 }), ENTRY, "2026-03-02T10:20+01:00")).toEqual([
      500,
      "Mon 10:00-10:20 1 h x 2.00 = 2.00",
      "At least 5.00 for a stay = 3.00",
    ]);
    expect(told(limits({ minimumMinor: 500 }), ENTRY, ENTRY)).toEqual([0, "Nothing to pay = 0.00"]);
  });
});

describe("occupancy at entry", () => {
  const busy = tariffWith({
    ...HOURLY,
    occupancy: [
      { fromPercent: 50, factorBps: 12_525 },
      { fromPercent: 90, factorBps: 20_000 },
    ],
  });
  it.each([
    [null, 400],
    [49, 400],
    [50, 502],
    [89, 502],
    [100, 800],
  ])("of %s percent: two hours cost %i cents, each price rounded half up", (occupancyPercent, cents) => {
    expect(costs(busy, 2 * HOUR_MS, { occupancyPercent })).toBe(cents);
  });
});

describe("graces", () => {
  const graces = (turnaround: number, continuous: number) =>
    tariffWith(HOURLY, {
      graces: { turnaroundMs: turnaround * MIN_MS, continuousMs: continuous * MIN_MS, exitMs: 0 },
      penalties: { bay: { title: "Wrong bay", minor: 3000 } },
      surcharges: [
        {
          name: "Charging bay",
          when: { ev: true, accessible: null, vehicleTypes: [] },
          amount: { kind: "amount", minor: 150 },
        },
      ],
    });

  it("make a short stay free, or the beginning of every stay", () => {
    expect(told(graces(10, 0), ENTRY, "2026-03-02T10:10+01:00", { ev: true })).toEqual([
      0,
      "Left within 10 min: free = 0.00",
    ]);
    expect(costs(graces(10, 0), 10 * MIN_MS + 1)).toBe(200);
    expect(costs(graces(0, 10), 10 * MIN_MS, { ev: true })).toBe(0);
    expect(costs(graces(0, 10), 70 * MIN_MS)).toBe(200);
    expect(costs(graces(0, 10), 70 * MIN_MS + 1)).toBe(400);
  });

  it("do not take away a fine", () => {
    expect(costs(graces(10, 0), 5 * MIN_MS, { penalties: ["bay"] })).toBe(3000);
    expect(costs(graces(0, 10), 5 * MIN_MS, { penalties: ["bay"] })).toBe(3000);
  });
});

describe("what comes on top of time", () => {
  const tariff = tariffWith(HOURLY, {
    vehiclePlans: { motorcycle: planOf(perUnit(100), { name: "Motorcycle" }) },
    surcharges: [
      {
        name: "Bus",
        when: { ev: null, accessible: null, vehicleTypes: ["bus"] },
        amount: { kind: "percent", bps: 5_000 },
      },
      {
        name: "Accessible",
        when: { ev: null, accessible: true, vehicleTypes: [] },
        amount: { kind: "amount", minor: -250 },
      },
    ],
    penalties: { bay: { title: "Wrong bay", minor: 3000 } },
    lostTicket: { kind: "true_time", flatMinor: 4000, feeMinor: 1000 },
  });

  it("is by the vehicle", () => {
    expect(costs(tariff, HOUR_MS, { vehicleType: "motorcycle" })).toBe(100);
    expect(costs(tariff, HOUR_MS, { vehicleType: "constructor" })).toBe(200);
    expect(told(tariff, ENTRY, "2026-03-02T11:00+01:00", { vehicleType: "bus" }).at(-1)).toBe("Bus = 1.00");
    const rebated = priced(tariff, { entryMs: ENTRY_MS, exitMs: ENTRY_MS + HOUR_MS, accessible: true });
    expect([rebated.total.amountMinor, rebated.discounts.amountMinor, rebated.validated.amountMinor]).toEqual(
      [0, 200, 0],
    );
  });

  it("is a fine, or the fee of a lost ticket; without proof the ticket has its price", () => {
    expect(costs(tariff, HOUR_MS, { penalties: ["bay", "bay"] })).toBe(6200);
    expect(costs(tariff, HOUR_MS, { lostTicket: "proven" })).toBe(1200);
    const unproven = priced(tariff, {
      entryMs: ENTRY_MS,
      exitMs: ENTRY_MS + 400 * DAY_MS,
      lostTicket: "unproven",
    });
    expect(unproven).toMatchObject({
      appliedRule: "Lost ticket",
      total: { amountMinor: 4000 },
      trace: [{ text: "Lost ticket = 40.00" }],
    });
    const flat = tariffWith(HOURLY, { lostTicket: { kind: "flat", flatMinor: 4000, feeMinor: 0 } });
    expect(costs(flat, HOUR_MS, { lostTicket: "proven" })).toBe(4000);
    expect(costs(tariffWith(HOURLY), HOUR_MS, { lostTicket: "unproven" })).toBe(200);
  });
});

describe("rights", () => {
  const tariff = tariffWith(HOURLY, {
    passes: {
      office: { name: "Office", windows: [hours(8, 18)], quotaMinutes: 600, period: "day" },
      always: { name: "Always", windows: [], quotaMinutes: null, period: "pass" },
    },
  });
  const pass = (name: string, remainingMinutes: number | null, untilMs: number | null = null) =>
    ({ right: { kind: "pass", pass: name, untilMs, remainingMinutes } }) as const;

  it("of a permit cover all of the time up to its end", () => {
    const covered = (untilMs: number | null) => ({ right: { kind: "covered", untilMs } }) as const;
    const free = priced(tariff, { entryMs: ENTRY_MS, exitMs: ENTRY_MS + DAY_MS, ...covered(null) });
    expect(free).toMatchObject({
      total: { amountMinor: 0 },
      subscriptionUsed: true,
      trace: [{ text: "Permit: 1 d covered", amountMinor: 0 }],
    });
    expect(costs(tariff, 3 * HOUR_MS, covered(ENTRY_MS + 90 * MIN_MS))).toBe(400);
    expect(costs(tariff, HOUR_MS, covered(ENTRY_MS))).toBe(200);
  });

  it("of a pass cover its windows, until its minutes run out or it ends", () => {
    const day = {
      entryMs: Date.parse("2026-03-02T07:00+01:00"),
      exitMs: Date.parse("2026-03-02T19:30+01:00"),
    };
    expect(priced(tariff, { ...day, ...pass("office", null) })).toMatchObject({
      total: { amountMinor: 200 + 400 },
      passMinutes: 600,
      subscriptionUsed: true,
    });
    // To 10:00, then nine and a half hours.
    expect(priced(tariff, { ...day, ...pass("office", 120) })).toMatchObject({
      total: { amountMinor: 200 + 2000 },
      passMinutes: 120,
    });
    expect(priced(tariff, { ...day, ...pass("office", 0) })).toMatchObject({
      total: { amountMinor: 13 * 200 },
      subscriptionUsed: false,
    });
    expect(costs(tariff, 2 * HOUR_MS, pass("always", null, ENTRY_MS + HOUR_MS))).toBe(200);
    expect(costs(tariff, 0, pass("always", null))).toBe(0);
  });

  it("of a reservation cover its time; coming early and staying over are priced as the tariff says", () => {
    const [fromMs, untilMs] = [ENTRY_MS + HOUR_MS, ENTRY_MS + 3 * HOUR_MS];
    const right = { right: { kind: "reservation", fromMs, untilMs } } as const;
    expect(costs(tariff, 5 * HOUR_MS, right)).toBe(400);
    expect(
      costs(tariffWith(HOURLY, { reservation: { early: "plan", overstay: "plan" } }), 5 * HOUR_MS, right),
    ).toBe(600);
    const fee = { unitMs: 30 * MIN_MS, priceMinor: 300 };
    const fees = tariffWith(HOURLY, { reservation: { early: fee, overstay: fee } });
    expect(told(fees, ENTRY, "2026-03-02T13:10+01:00", right)).toEqual([
      900,
      "Reserved: 2 h paid in advance",
      "Early by 1 h = 6.00",
      "Stayed over by 10 min = 3.00",
    ]);
    // Merchants pay for time, not for fees.
    const validations = [{ name: "Shop", value: { kind: "percent", bps: 10_000 } }] as const;
    expect(costs(fees, 5 * HOUR_MS, { ...right, validations })).toBe(600 + 1200);
  });
});

describe("validations", () => {
  const tariff = tariffWith(HOURLY, {
    alternativePlans: { guest: planOf(perUnit(100), { name: "Guest" }) },
    penalties: { bay: { title: "Wrong bay", minor: 3000 } },
  });

  it("are applied in one order, whatever the order they were given in", () => {
    const validations = [
      { name: "Bakery", value: { kind: "amount", minor: 50 } },
      { name: "Cinema", value: { kind: "percent", bps: 2_500 } },
      { name: "Doctor", value: { kind: "price", minor: 400 } },
      { name: "Hotel", value: { kind: "minutes", minutes: 60 } },
      { name: "Club", value: { kind: "plan", plan: "guest" } },
    ] as const;
    const all = [
      250,
      "Club: priced by Guest",
      "Hotel: 60 min free",
      "Mon 11:00-20:00 9 h x 1.00 = 9.00",
      "Doctor: costs at most 4.00 = -5.00",
      "Cinema: 25 % off = -1.00",
      "Bakery: 0.50 off = -0.50",
    ];
    expect(told(tariff, ENTRY, "2026-03-02T20:00+01:00", { validations })).toEqual(all);
    expect(told(tariff, ENTRY, "2026-03-02T20:00+01:00", { validations: validations.toReversed() })).toEqual(
      all,
    );
  });

  it("never take more than there is, and nothing of a fine", () => {
    const validations = [{ name: "Shop", value: { kind: "amount", minor: 900 } }] as const;
    const stay = { entryMs: ENTRY_MS, exitMs: ENTRY_MS + HOUR_MS, validations };
    expect(priced(tariff, stay)).toMatchObject({
      total: { amountMinor: 0 },
      validated: { amountMinor: 200 },
    });
    expect(priced(tariff, { ...stay, penalties: ["bay"] }).total.amountMinor).toBe(3000);
    const back = [{ name: "Shop", value: { kind: "amount", minor: -900 } }] as const;
    expect(priced(tariff, { ...stay, validations: back }).total.amountMinor).toBe(200);
  });
});

describe("rounding and tax", () => {
  it.each([
    ["up", 333, 335],
    ["down", 333, 330],
    ["nearest", 332, 330],
    ["nearest", 333, 335],
  ] as const)("rounds %s: %i becomes %i", (mode, minor, rounded) => {
    const plan = planOf(flatRate(minor), { rounding: { stepMinor: 5, mode } });
    expect(costs(tariffWith(plan), HOUR_MS)).toBe(rounded);
  });

  it("splits tax out of the total, or adds it, half a minor unit up", () => {
    const taxed = (included: boolean, currency = "EUR") =>
      tariffWith(planOf(flatRate(250)), { tax: { name: "VAT", ppm: 190_000, included }, currency });
    expect(told(taxed(true), ENTRY, ENTRY)).toEqual([
      250,
      "Flat rate for 0 min = 2.50",
      "VAT 19 % included: 0.40",
    ]);
    expect(told(taxed(false), ENTRY, ENTRY)).toEqual([298, "Flat rate for 0 min = 2.50", "VAT 19 % = 0.48"]);
    expect(told(taxed(false, "KWD"), ENTRY, ENTRY).at(-1)).toBe("VAT 19 % = 0.048");
    expect(told(taxed(false, "JPY"), ENTRY, ENTRY).at(-1)).toBe("VAT 19 % = 48");
    const manhattan = { name: "Parking tax", ppm: 183_750, included: false };
    expect(told(tariffWith(planOf(flatRate(2_000)), { tax: manhattan }), ENTRY, ENTRY).at(-1)).toBe(
      "Parking tax 18.375 % = 3.68",
    );
  });
});

describe("a quote is refused", () => {
  const refused = (tariff: Tariff | null, more: Partial<StayToPrice> = {}) => {
    const result = quote(tariff, { entryMs: ENTRY_MS, exitMs: ENTRY_MS + 400 * DAY_MS, ...more });
    return result.ok ? result.value.total.amountMinor : result.error.code;
  };
  const tariff = tariffWith(HOURLY);

  it("without a tariff, and for names that the tariff does not have; never zero", () => {
    expect(refused(null)).toBe("tariff_missing");
    const plan = { name: "Shop", value: { kind: "plan", plan: "toString" } } as const;
    expect(refused(tariff, { validations: [plan] })).toBe("plan_unknown");
    const right = { kind: "pass", pass: "gone", untilMs: null, remainingMinutes: null } as const;
    expect(refused(tariff, { right })).toBe("pass_unknown");
    expect(refused(tariff, { penalties: ["constructor"] })).toBe("penalty_unknown");
  });

  it("where an amount would not be exact, also on the way to a maximum", () => {
    const most = Number.MAX_SAFE_INTEGER;
    expect(refused(tariffWith(planOf(flatRate(most))))).toBe(most);
    expect(refused(tariffWith(planOf(perUnit(most))))).toBe("amount_too_large");
    expect(refused(tariffWith(planOf(perUnit(most), { stayCapMinor: 5 })))).toBe("amount_too_large");
    const day = { kind: "rolling", startMinute: 0, capMinor: 5 } as const;
    expect(refused(tariffWith(planOf(perUnit(most), { day })))).toBe("amount_too_large");
    const tax = { name: "VAT", ppm: 100, included: false };
    expect(refused(tariffWith(planOf(flatRate(most)), { tax }))).toBe("amount_too_large");
    expect(refused(tariff, { exitMs: ENTRY_MS + 1e15 })).toBe("amount_too_large");
  });
});

describe("a clock", () => {
  it("that stepped back makes a stay of no length", () => {
    const back = priced(SLABS, { entryMs: ENTRY_MS, exitMs: ENTRY_MS - 10 * 365 * DAY_MS });
    expect(back).toEqual(priced(SLABS, { entryMs: ENTRY_MS, exitMs: ENTRY_MS }));
    expect(back.durationMinutes).toBe(0);
  });

  it("that was never set makes a long stay, priced in no time", () => {
    const capped = tariffWith({ ...PEAK_PLAN, day: { kind: "business", startMinute: 300, capMinor: 2000 } });
    const since1970 = priced(capped, { entryMs: 0, exitMs: ENTRY_MS });
    expect(since1970.total.amountMinor).toBeGreaterThan(20_000 * 2000);
    expect(since1970.trace.length).toBeLessThanOrEqual(60);
  });
});

describe("a duration", () => {
  it.each([
    [0, "0 min"],
    [1, "1 min"],
    [45 * MIN_MS, "45 min"],
    [HOUR_MS, "1 h"],
    [HOUR_MS + 1, "1 h 1 min"],
    [DAY_MS, "1 d"],
    [52 * HOUR_MS, "2 d 4 h"],
    [DAY_MS + MIN_MS, "1 d 1 min"],
  ])("of %i ms reads %s", (ms, text) => {
    expect(describeDuration(ms)).toBe(text);
  });
});
