import { and, eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { readEntry } from "@parkme/shared/protocol/manifest-sections";
import { tariffVersions } from "../db/money-schema.ts";
import { passPlans } from "../db/bookings-schema.ts";
import { facilities, stays } from "../db/schema.ts";
import { bodyOf, entriesIn, publish } from "../fleet/manifest.queries.ts";
import { forgetOnCommit } from "../platform/forget.queries.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";

const TOKYO_ID = "0192a000-0000-7000-8000-000000000002";
const BASE = `/api/facilities/${FACILITY_ID}/tariffs/`;
const SLABS = {
  slabs: [
    { max_hours: 1, price: 5 },
    { max_hours: 3, price: 12 },
    { max_hours: null, price: 30 },
  ],
};

let cloud: TestCloud;
let owner: Person;
let staff: Person;
let driver: Person;
let stranger: Person;
let admin: Person;

beforeAll(async () => {
  cloud = await startTestCloud();
  [owner, staff, driver, admin] = await Promise.all([
    signedIn(cloud, "owner"),
    signedIn(cloud, "staff"),
    signedIn(cloud, "driver"),
    signedIn(cloud, "admin"),
  ]);
  stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
});
afterAll(() => cloud.stop());

type Answer = Record<string, unknown> & { readonly status_code: number };

async function ask(who: Person, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await who.ask(method, path, body);
  const text = await response.text();
  const json = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { ...json, status_code: response.status };
}

async function estimate(body: Record<string, unknown>, who: Person = driver): Promise<Answer> {
  return await ask(who, "POST", "/api/pricing/estimate/", { facility_id: FACILITY_ID, ...body });
}

const draft = async (document: unknown, more: Record<string, unknown> = {}): Promise<number> => {
  const made = await ask(owner, "POST", BASE, { document, ...more });
  expect(made).toMatchObject({ status_code: 201, status: "draft" });
  return Number(made["version"]);
};
const one = (version: number, id = "standard") => `${BASE}${id}/${version}/`;

describe("tariffs", () => {
  it("are refused with every problem at its path", async () => {
    const document = { slabs: [{ max_hours: 1, price: "x" }, { max_hours: null }], colour: 1 };
    const refused = await ask(owner, "POST", BASE, { document });
    expect(refused).toMatchObject({ status_code: 422, code: "tariff_invalid" });
    const errors = refused["errors"] as { field: string }[];
    expect(errors.map(({ field }) => field)).toEqual(
      expect.arrayContaining(["document.slabs.0.price", "document.slabs.1.price"]),
    );
    const checked = await ask(staff, "POST", `${BASE}validate/`, { document });
    expect(checked).toMatchObject({ status_code: 200, valid: false, document: null });
    expect(checked["problems"]).toEqual(errors);
    const fine = await ask(staff, "POST", `${BASE}validate/`, { document: { hourly: 2.5 } });
    expect(fine).toMatchObject({ valid: true, problems: [], document: { hourly: { price: 2.5 } } });
  });

  it("price nothing while there is none: a refusal, never zero", async () => {
    expect(await estimate({ duration_hours: 1 })).toMatchObject({ status_code: 409, code: "tariff_missing" });
  });

  it("are drafted, published, and priced with at once; the first one from ever", async () => {
    const version = await draft(SLABS, { title: "Slabs" });
    expect(await estimate({ duration_hours: 1 })).toMatchObject({ status_code: 409 });
    const published = await ask(owner, "POST", `${one(version)}publish/`, {});
    expect(published).toMatchObject({
      status_code: 200,
      status: "published",
      valid_from: "1970-01-01T00:00:00.000Z",
    });
    expect(await estimate({ duration_hours: 3.5, vehicle_type: "CAR" })).toMatchObject({
      status_code: 200,
      base_price: "30.00",
      penalties: "0.00",
      discounts: "0.00",
      total: "30.00",
      currency: "EUR",
      duration_minutes: 210,
      subscription_used: false,
      tariff_id: "standard",
      tariff_version: version,
    });
    const body = await bodyOf(cloud.db, FACILITY_ID, "tariffs", `standard@${version}`);
    expect(readEntry({ section: "tariffs", key: `standard@${version}`, body: body ?? "" }).ok).toBe(true);
    expect(JSON.parse(body ?? "{}")).toEqual({ id: "standard", version, document: SLABS });
  });

  it("never change once they are published", async () => {
    const same = { status_code: 409, code: "not_a_draft" };
    expect(await ask(owner, "PATCH", one(1), { title: "Other" })).toMatchObject(same);
    expect(await ask(owner, "DELETE", one(1))).toMatchObject(same);
    expect(await ask(owner, "POST", `${one(1)}publish/`, {})).toMatchObject(same);
  });

  it("come into force at their time", async () => {
    const version = await draft({ name: "Hourly Standard Rate", hourly: 4 });
    const asked = { valid_from: "2026-07-20 00:00" };
    const published = await ask(owner, "POST", `${one(version)}publish/`, asked);
    expect(published).toMatchObject({ valid_from: "2026-07-19T22:00:00.000Z" });
    const before = await estimate({ duration_hours: 2, entry_time: "2026-07-19T12:00:00Z" });
    const after = await estimate({ entry_time: "2026-07-20T12:00:00Z", exit_time: "2026-07-20T15:30:00Z" });
    expect(before).toMatchObject({ total: "12.00", tariff_version: 1 });
    expect(after).toMatchObject({
      total: "16.00",
      applied_rule: "Hourly Standard Rate",
      duration_minutes: 210,
    });
    const trace = after["trace"] as { amount: string | null }[];
    expect(trace.length).toBeGreaterThan(0);
    const entry = JSON.parse((await bodyOf(cloud.db, FACILITY_ID, "tariffs", `standard@${version}`)) ?? "{}");
    expect(entry).toMatchObject({ valid_from: "2026-07-19T22:00:00.000Z" });
  });

  it("are withdrawn by the version before, under a new number, here and at the gate", async () => {
    const withdrawn = await ask(owner, "POST", `${one(2)}withdraw/`);
    expect(withdrawn).toMatchObject({
      status_code: 200,
      version: 3,
      document: SLABS,
      valid_from: "2026-07-19T22:00:00.000Z",
    });
    const priced = await estimate({ duration_hours: 2, entry_time: "2026-07-20T12:00:00Z" });
    expect(priced).toMatchObject({ total: "12.00", tariff_version: 3 });
    expect(await ask(owner, "GET", one(2))).toMatchObject({ status: "withdrawn" });
    const keys = (await entriesIn(cloud.db, FACILITY_ID, "tariffs")).map(({ key }) => key);
    expect(keys.toSorted()).toEqual(["standard@1", "standard@2", "standard@3"]);
    const again = await ask(owner, "POST", `${one(2)}withdraw/`);
    expect(again).toMatchObject({ status_code: 409, code: "not_published" });
    // The first one is followed by the third one, but only in some days.
    expect(await ask(owner, "POST", `${one(1)}withdraw/`)).toMatchObject({ code: "no_other_tariff" });
  });

  it("are refused in the past, and older than what is published", async () => {
    const [four, five] = [await draft({ flat: 1 }), await draft({ flat: 2 })];
    const past = { valid_from: "2026-07-01T00:00:00Z" };
    const refused = await ask(owner, "POST", `${one(five)}publish/`, past);
    expect(refused).toMatchObject({ status_code: 422, code: "valid_from_past", field: "valid_from" });
    const nonsense = await ask(owner, "POST", `${one(five)}publish/`, { valid_from: "soon" });
    expect(nonsense).toMatchObject({ status_code: 400, field: "valid_from" });
    const far = { valid_from: "2026-12-01 00:00" };
    expect(await ask(owner, "POST", `${one(five)}publish/`, far)).toMatchObject({ status_code: 200 });
    const older = await ask(owner, "POST", `${one(four)}publish/`, far);
    expect(older).toMatchObject({ status_code: 409, code: "newer_version_published" });
    expect(await ask(owner, "PATCH", one(four), { title: "Kept", document: { flat: 3 } })).toMatchObject({
      title: "Kept",
      document: { flat: { price: 3 } },
    });
    expect(await ask(owner, "DELETE", one(four))).toMatchObject({ status_code: 204 });
    expect(await ask(owner, "GET", one(four))).toMatchObject({ status_code: 404 });
  });

  it("keep the passes that somebody may hold", async () => {
    await cloud.db.insert(passPlans).values({
      facilityId: FACILITY_ID,
      id: "0192a000-0000-7000-8000-00000000aa01",
      name: "Night owl",
      kind: "subscription",
      priceMinor: 1,
      currency: "EUR",
      period: "month",
      tariffPass: "night-owl",
      madeAt: cloud.clock.now,
    });
    const without = await draft({ flat: 2 }, { tariff_id: "with-pass" });
    const path = one(without, "with-pass");
    expect(await ask(owner, "POST", `${path}publish/`, {})).toMatchObject({
      status_code: 409,
      code: "pass_in_use",
    });
    await cloud.db.delete(passPlans);
    expect(await ask(owner, "DELETE", path)).toMatchObject({ status_code: 204 });
  });

  it("are an owner's to decide, and nobody else's at all", async () => {
    const version = await draft({ flat: 9 });
    expect(await ask(staff, "POST", BASE, { document: { flat: 1 } })).toMatchObject({ status_code: 403 });
    expect(await ask(driver, "POST", BASE, { document: { flat: 1 } })).toMatchObject({ status_code: 403 });
    expect(await ask(stranger, "POST", BASE, { document: { flat: 1 } })).toMatchObject({ status_code: 404 });
    for (const [method, path] of [
      ["GET", one(version)],
      ["PATCH", one(version)],
      ["DELETE", one(version)],
      ["POST", `${one(version)}publish/`],
      ["POST", `${one(1)}withdraw/`],
    ] as const) {
      const refused = await ask(stranger, method, path, method === "GET" ? undefined : {});
      expect(refused).toMatchObject({ status_code: 404 });
    }
    expect(await ask(driver, "GET", one(version))).toMatchObject({ status_code: 404 });
    expect(await ask(driver, "GET", one(1))).toMatchObject({ status_code: 200 });
    const statuses = async (who: Person) => {
      const { items } = await ask(who, "GET", `${BASE}?limit=200`);
      return new Set((items as { status: string }[]).map(({ status }) => status));
    };
    expect(await statuses(driver)).toEqual(new Set(["published"]));
    expect(await statuses(staff)).toEqual(new Set(["published", "draft", "withdrawn"]));
    const missing = "/api/facilities/0192a000-0000-7000-8000-0000000000ff/tariffs/";
    expect(await ask(admin, "POST", missing, { document: { flat: 1 } })).toMatchObject({ status_code: 404 });
    expect(await ask(admin, "DELETE", one(version))).toMatchObject({ status_code: 204 });
  });

  it("list in pages, without gaps", async () => {
    const seen: string[] = [];
    let cursor: string | null = "";
    for (let i = 0; i < 10 && cursor !== null; i++) {
      const page = await ask(owner, "GET", `${BASE}?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`);
      seen.push(...(page["items"] as { version: number }[]).map(({ version }) => String(version)));
      cursor = page["next_cursor"] as string | null;
    }
    expect(seen).toEqual(["5", "3", "2", "1"]);
    expect(await ask(owner, "GET", `${BASE}?cursor=zzz`)).toMatchObject({
      status_code: 400,
      field: "cursor",
    });
  });
});

describe("two who publish at once", () => {
  it("get one order, and one of them a refusal", async () => {
    const [a, b] = [
      await draft({ flat: 3 }, { tariff_id: "race" }),
      await draft({ flat: 4 }, { tariff_id: "race" }),
    ];
    const done = await Promise.all(
      [a, b, a, b].map(
        async (version) =>
          await ask(owner, "POST", `${one(version, "race")}publish/`, { valid_from: "2027-06-01" }),
      ),
    );
    const published = await cloud.db
      .select()
      .from(tariffVersions)
      .where(and(eq(tariffVersions.tariffId, "race"), eq(tariffVersions.status, "published")));
    expect(published.map(({ version }) => version)).toContain(b);
    expect(done.filter(({ status_code: code }) => code === 200)).toHaveLength(published.length);
    expect(done.every(({ status_code: code }) => code === 200 || code === 409)).toBe(true);
  });
});

describe("a preview", () => {
  it("has every change of price, and the corners of a curve", async () => {
    const shown = await ask(staff, "POST", `${BASE}preview/`, { document: SLABS, hours: 6 });
    expect(shown).toMatchObject({
      status_code: 200,
      currency: "EUR",
      horizon_minutes: 360,
      steps: [
        { from_minutes: 0, until_minutes: 60, total: "5.00" },
        { from_minutes: 60, until_minutes: 180, total: "12.00" },
        { from_minutes: 180, until_minutes: 360, total: "30.00" },
      ],
    });
    expect(shown["curve"]).toHaveLength(6);
    const known = await ask(staff, "POST", `${BASE}preview/`, {
      tariff_id: "standard",
      version: 1,
      hours: 1,
    });
    expect(known["steps"]).toEqual([{ from_minutes: 0, until_minutes: 60, total: "5.00" }]);
    expect(await ask(staff, "POST", `${BASE}preview/`, {})).toMatchObject({
      status_code: 400,
      field: "document",
    });
    expect(await ask(stranger, "POST", `${BASE}preview/`, { document: SLABS })).toMatchObject({
      status_code: 404,
    });
    expect(await ask(staff, "POST", `${BASE}preview/`, { document: SLABS, hours: 1e9 })).toMatchObject({
      status_code: 400,
      field: "hours",
    });
  });
});

describe("a diff", () => {
  it("prices past stays twice", async () => {
    const closed = [1, 2, 5].map((hours, i) => ({
      facilityId: FACILITY_ID,
      stayId: `0192a000-0000-7000-8000-0000000005a${i}`,
      status: "closed" as const,
      ticketNumber: `PKM-000000${i}0`,
      entryAt: new Date("2026-07-10T08:00:00Z"),
      exitAt: new Date(Date.parse("2026-07-10T08:00:00Z") + hours * 3_600_000),
    }));
    await cloud.db.insert(stays).values(closed);
    const found = await ask(staff, "POST", `${BASE}diff/`, { document: { hourly: 6 } });
    expect(found).toMatchObject({
      status_code: 200,
      before: { tariff_id: "standard", version: 1 },
      stays: 3,
      priced: 3,
      before_total: "47.00",
      after_total: "48.00",
      difference: "1.00",
      dearer: 1,
      cheaper: 0,
      same: 2,
      most_dearer: { ticket_number: "PKM-00000000", before: "5.00", after: "6.00", difference: "1.00" },
      most_cheaper: null,
    });
    expect(found["rows"]).toHaveLength(1);
    expect(await ask(stranger, "POST", `${BASE}diff/`, { document: { hourly: 6 } })).toMatchObject({
      status_code: 404,
    });
  });
});

describe("an estimate", () => {
  it("goes by the manifest's tariff where none was published here", async () => {
    const tokyo = { facility_id: TOKYO_ID, duration_hours: 2 };
    expect(await estimate(tokyo)).toMatchObject({ code: "tariff_missing" });
    const body = JSON.stringify({ id: "board", version: 7, document: { hourly: { price: 300 } } });
    await cloud.db.transaction(async (tx) => {
      await publish(tx, TOKYO_ID, [{ section: "tariffs", key: "board@7", body }], cloud.clock.now);
    });
    // The manifest has this process forget what it knew.
    await vi.waitFor(async () =>
      expect(await estimate(tokyo)).toMatchObject({
        total: "600",
        currency: "JPY",
        tariff_id: "board",
        tariff_version: 7,
      }),
    );
  });

  it("says what is wrong with what was asked", async () => {
    const wrong = async (body: Record<string, unknown>) => {
      const { status_code: status, field } = await estimate(body);
      return { status, field };
    };
    const entry = { entry_time: "2026-07-16T12:00:00Z" };
    expect(await wrong({})).toEqual({ status: 400, field: "duration_hours" });
    expect(await wrong({ duration_hours: -1 })).toEqual({ status: 400, field: "duration_hours" });
    expect(await wrong({ duration_hours: "3" })).toEqual({ status: 400, field: "duration_hours" });
    expect(await wrong({ duration_hours: 1e300 })).toEqual({ status: 400, field: "duration_hours" });
    expect(await wrong({ ...entry, exit_time: "2026-07-16T11:00:00Z" })).toEqual({
      status: 400,
      field: "exit_time",
    });
    expect(await wrong({ ...entry, exit_time: "2029-07-16T11:00:00Z" })).toEqual({
      status: 400,
      field: "exit_time",
    });
    expect(await wrong({ ...entry, exit_time: "2026-07-17T11:00:00Z", duration_hours: 1 })).toEqual({
      status: 400,
      field: "duration_hours",
    });
    expect(await wrong({ entry_time: "1901-01-01T00:00:00Z", duration_hours: 1 })).toEqual({
      status: 400,
      field: "entry_time",
    });
    expect(await wrong({ duration_hours: 1, vehicle_type: "ZEPPELIN" })).toEqual({
      status: 400,
      field: "vehicle_type",
    });
    expect(await wrong({ duration_hours: 1, facility_id: "x" })).toEqual({
      status: 400,
      field: "facility_id",
    });
    const nowhere = await estimate({
      duration_hours: 1,
      facility_id: "0192a000-0000-7000-8000-0000000000ff",
    });
    expect(nowhere).toMatchObject({ status_code: 404, code: "no_such_facility" });
  });

  it("is for anybody, but of a facility that is not listed only for who runs it", async () => {
    const anonymous = await cloud.app.request("/api/pricing/estimate", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ facility_id: FACILITY_ID, duration_hours: 1 }),
    });
    expect(anonymous.status).toBe(200);
    await cloud.db.update(facilities).set({ listed: false }).where(eq(facilities.id, FACILITY_ID));
    await forgetOnCommit(cloud.db, "tariffs", FACILITY_ID);
    const asked = { facility_id: FACILITY_ID, duration_hours: 1 };
    await vi.waitFor(async () => expect(await estimate(asked)).toMatchObject({ status_code: 404 }));
    expect(await estimate(asked, staff)).toMatchObject({ status_code: 200 });
    expect(await estimate(asked, stranger)).toMatchObject({ status_code: 404 });
    await cloud.db.update(facilities).set({ listed: true }).where(eq(facilities.id, FACILITY_ID));
  });
});
