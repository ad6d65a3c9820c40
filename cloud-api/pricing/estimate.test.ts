import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asCurrency } from "@parkme/shared/domain/money";
import { parseTariff } from "@parkme/shared/pricing/tariff";
import { quoteByVersions, type TariffVersion } from "@parkme/shared/pricing/versions";
import { tariffVersions } from "../db/money-schema.ts";
import { VEHICLE_TYPES } from "../db/bookings-schema.ts";
import { createProcessCache, type Cache } from "../platform/cache.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { createEstimator, type Estimator } from "./estimate.ts";

const HOUR = 3_600_000;
const CHANGE = Date.parse("2026-08-01T00:00:00Z");
const LATER = Date.parse("2026-09-01T00:00:00Z");
const DOCUMENTS = [
  { fromMs: 0, document: { hourly: { price: 2 }, vehicle_types: { motorcycle: { percent: 50 } } } },
  {
    fromMs: CHANGE,
    document: {
      slabs: [
        { max_hours: 2, price: 5 },
        { max_hours: null, price: 9 },
      ],
      on_change: "split",
    },
  },
  {
    fromMs: LATER,
    document: { hourly: { price: 3 }, surcharges: [{ name: "Charging", when: { ev: true }, amount: 2.5 }] },
  },
];

let cloud: TestCloud;
let estimator: Estimator;
let cache: Cache;
let loads = 0;
let versions: readonly TariffVersion[];

beforeAll(async () => {
  cloud = await startTestCloud();
  const rows = DOCUMENTS.map(({ fromMs, document }, i) => ({
    facilityId: FACILITY_ID,
    tariffId: "standard",
    version: i + 1,
    status: "published" as const,
    title: "A tariff",
    document,
    validFrom: new Date(fromMs),
    madeBy: "a test",
    madeAt: new Date(i),
    publishedAt: new Date(i),
  }));
  await cloud.db.insert(tariffVersions).values(rows);
  cache = createProcessCache(() => performance.now());
  const counting: Pick<Cache, "remember"> = {
    remember: async (space, key, load) =>
      await cache.remember(space, key, async () => {
        loads += 1;
        return await load();
      }),
  };
  const clock = { wallMs: () => cloud.clock.now.getTime(), monotonicMs: () => performance.now() };
  estimator = createEstimator({ db: cloud.db, cache: counting, clock });
  const place = { currency: asCurrency("EUR"), timeZone: "Europe/Berlin" };
  versions = DOCUMENTS.map(({ fromMs, document }, i) => {
    const read = parseTariff(document, { id: "standard", version: i + 1, ...place });
    if (!read.ok) throw new Error(JSON.stringify(read.error));
    return { tariff: read.value, fromMs };
  });
});
afterAll(() => cloud.stop());

describe("the estimator", () => {
  it("prices as the gate's engine does, by the versions in force", async () => {
    const stay = fc.record({
      fromMs: fc.integer({ min: CHANGE - 40 * 24 * HOUR, max: LATER + 40 * 24 * HOUR }),
      lengthMs: fc.integer({ min: 0, max: 60 * 24 * HOUR }),
      vehicleType: fc.constantFrom(...VEHICLE_TYPES),
      ev: fc.boolean(),
      accessible: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(stay, async ({ fromMs, lengthMs, ...rest }) => {
        const untilMs = fromMs + lengthMs;
        const priced = await estimator.estimate(FACILITY_ID, { fromMs, untilMs, ...rest });
        const expected = quoteByVersions(versions, null, { ...rest, entryMs: fromMs, exitMs: untilMs });
        expect(priced.ok && priced.value.totalMinor).toBe(expected.ok && expected.value.total.amountMinor);
        expect(priced.ok && priced.value.quote.trace).toEqual(expected.ok && expected.value.trace);
      }),
    );
  });

  it("reads a facility's tariffs once, and again when they are forgotten", async () => {
    loads = 0;
    await cache.forget("tariffs", FACILITY_ID);
    const stay = { fromMs: CHANGE, untilMs: CHANGE + HOUR };
    await Promise.all(Array.from({ length: 50 }, async () => await estimator.estimate(FACILITY_ID, stay)));
    expect(loads).toBe(1);
    await cache.forget("tariffs", FACILITY_ID);
    await estimator.estimate(FACILITY_ID, stay);
    expect(loads).toBe(2);
  });

  it("leaves the version before in force where one cannot be read", async () => {
    await cloud.db.insert(tariffVersions).values({
      facilityId: FACILITY_ID,
      tariffId: "standard",
      version: 4,
      status: "published",
      title: "Of a time to come",
      document: { by_the_moon: true },
      validFrom: new Date(LATER + HOUR),
      madeBy: "a test",
      madeAt: new Date(4),
      publishedAt: new Date(4),
    });
    await cache.forget("tariffs", FACILITY_ID);
    const fromMs = LATER + 2 * HOUR;
    const priced = await estimator.estimate(FACILITY_ID, { fromMs, untilMs: fromMs + HOUR });
    expect(priced).toMatchObject({ ok: true, value: { totalMinor: 300, tariff: "standard@3" } });
    expect(await estimator.inForce(FACILITY_ID, fromMs)).toMatchObject({ id: "standard", version: 3 });
  });

  it("refuses what there is not", async () => {
    const nowhere = "0192a000-0000-7000-8000-0000000000ff";
    const stay = { fromMs: 0, untilMs: HOUR };
    expect(await estimator.estimate(nowhere, stay)).toMatchObject({ error: { code: "no_such_facility" } });
    const empty = await estimator.estimate("0192a000-0000-7000-8000-000000000002", stay);
    expect(empty).toMatchObject({ ok: false, error: { code: "tariff_missing" } });
    const pass = { kind: "pass", pass: "moon", untilMs: null, remainingMinutes: null } as const;
    const unknown = await estimator.estimate(FACILITY_ID, { ...stay, right: pass });
    expect(unknown).toMatchObject({ ok: false, error: { code: "pass_unknown" } });
  });
});
