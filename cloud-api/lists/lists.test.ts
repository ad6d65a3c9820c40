import { randomUUID } from "node:crypto";
import { and, eq } from "drizzle-orm";
import { pino } from "pino";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isSection, readEntry } from "@parkme/shared/protocol/manifest-sections";
import { listedPlates } from "../db/bookings-schema.ts";
import { auditEntries } from "../db/platform-schema.ts";
import { entriesIn } from "../fleet/manifest.queries.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { LISTS_JOB } from "./publishing.ts";

let cloud: TestCloud;
let staff: Person;
let elsewhere: Person;
let stranger: Person;
let admin: Person;
let driver: Person;

const BASE = `/api/facilities/${FACILITY_ID}/lists/`;
type Answer = Record<string, unknown> & { readonly status_code: number };
async function ask(who: Person, method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await who.ask(method, path, body);
  const text = await response.text();
  const json = text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  return { ...json, status_code: response.status };
}

/** What the gate is told, and what the table has: the same. */
async function atGate(list: "blocked" | "watched"): Promise<readonly string[]> {
  const entries = await entriesIn(cloud.db, FACILITY_ID, list);
  for (const entry of entries) expect(isSection(entry.section) && readEntry(entry).ok).toBe(true);
  const rows = await cloud.db
    .select()
    .from(listedPlates)
    .where(and(eq(listedPlates.facilityId, FACILITY_ID), eq(listedPlates.list, list)));
  const said = entries.map(({ key, body }) => `${key}: ${(JSON.parse(body) as { reason: string }).reason}`);
  expect(said.toSorted()).toEqual(rows.map(({ plate, reason }) => `${plate}: ${reason}`).toSorted());
  return rows.map(({ plate }) => plate).toSorted();
}

beforeAll(async () => {
  cloud = await startTestCloud();
  [staff, admin, driver] = await Promise.all([
    signedIn(cloud, "staff"),
    signedIn(cloud, "admin"),
    signedIn(cloud, "driver"),
  ]);
  elsewhere = await signedIn(cloud, "staff", { facilities: ["0192a000-0000-7000-8000-000000000002"] });
  stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
});
afterAll(() => cloud.stop());

describe("a list of plates", () => {
  it("is what the gate has, with every change", async () => {
    const made = await ask(staff, "POST", `${BASE}blocked/`, {
      plate: "b-lo 1",
      reason: "Left without paying",
    });
    expect(made).toMatchObject({ status_code: 201, plate: "BLO1", by: staff.email, until: null });
    await ask(staff, "POST", `${BASE}watched/`, { plate: "BLO1", reason: "Stolen?" });
    expect(await atGate("blocked")).toEqual(["BLO1"]);
    expect(await atGate("watched")).toEqual(["BLO1"]);
    await ask(staff, "POST", `${BASE}blocked/`, { plate: "BLO1", reason: "Twice" });
    expect(await ask(staff, "GET", `${BASE}blocked/blo-1/`)).toMatchObject({ reason: "Twice" });
    expect(await atGate("blocked")).toEqual(["BLO1"]);
    expect(await ask(staff, "DELETE", `${BASE}blocked/BLO1/`)).toMatchObject({ status_code: 204 });
    expect(await ask(staff, "DELETE", `${BASE}blocked/BLO1/`)).toMatchObject({ status_code: 404 });
    expect(await atGate("blocked")).toEqual([]);
    expect(await atGate("watched")).toEqual(["BLO1"]);
    const audited = await cloud.db
      .select()
      .from(auditEntries)
      .where(eq(auditEntries.facilityId, FACILITY_ID));
    // The log is kept for longer than plates are.
    expect(JSON.stringify(audited)).not.toContain("BLO1");
    expect(audited.map(({ action }) => action).toSorted()).toEqual([
      "plate.blocked",
      "plate.blocked",
      "plate.unlisted",
      "plate.watched",
    ]);
  });

  it("is that of who runs the facility", async () => {
    const entry = { plate: "NO 1", reason: "A test" };
    for (const who of [elsewhere, stranger]) {
      expect(await ask(who, "POST", `${BASE}blocked/`, entry)).toMatchObject({ status_code: 404 });
      expect(await ask(who, "GET", `${BASE}watched/`)).toMatchObject({ status_code: 404 });
      expect(await ask(who, "DELETE", `${BASE}watched/BLO1/`)).toMatchObject({ status_code: 404 });
      const imported = await ask(who, "POST", `${BASE}blocked/import/`, { entries: [entry] });
      expect(imported).toMatchObject({ status_code: 404 });
    }
    expect(await ask(driver, "GET", `${BASE}watched/`)).toMatchObject({ status_code: 403 });
    const nowhere = `/api/facilities/${randomUUID()}/lists/blocked/`;
    expect(await ask(admin, "POST", nowhere, entry)).toMatchObject({
      status_code: 404,
      code: "no_such_facility",
    });
    expect(await ask(admin, "POST", `${BASE}friends/`, entry)).toMatchObject({ status_code: 404 });
    expect(await atGate("watched")).toEqual(["BLO1"]);
  });

  it("takes only what can stand on it", async () => {
    const wrong = async (body: unknown) => {
      const { status_code: status, field } = await ask(staff, "POST", `${BASE}blocked/`, body);
      return [status, field];
    };
    expect(await wrong({ plate: "-", reason: "x" })).toEqual([400, "plate"]);
    expect(await wrong({ plate: "AB1", reason: " " })).toEqual([400, "reason"]);
    expect(await wrong({ plate: "AB1", reason: "x".repeat(201) })).toEqual([400, "reason"]);
    expect(await wrong({ plate: "AB1", reason: "x", until: "tomorrow" })).toEqual([400, "until"]);
    expect(await wrong({ plate: "AB1", reason: "x", until: cloud.clock.now.toISOString() })).toEqual([
      422,
      "until",
    ]);
    expect(await wrong({ plate: "AB1" })).toEqual([400, "reason"]);
    expect(await wrong([])).toEqual([400, "body"]);
  });

  it("is imported whole or not at all, each plate once", async () => {
    const entries = Array.from({ length: 300 }, (_, i) => ({ plate: `IM ${i}`, reason: "Imported" }));
    const twice = [...entries, { plate: "im-7", reason: "The last one counts" }];
    const done = await ask(staff, "POST", `${BASE}blocked/import/`, { entries: twice });
    expect(done).toMatchObject({ status_code: 200, entries: 300 });
    expect(await atGate("blocked")).toHaveLength(300);
    expect(await ask(staff, "GET", `${BASE}blocked/IM7/`)).toMatchObject({ reason: "The last one counts" });
    const bad = [
      { plate: "GOOD 1", reason: "x" },
      { plate: "?", reason: "x" },
    ];
    const refused = await ask(staff, "POST", `${BASE}blocked/import/`, { entries: bad });
    expect(refused).toMatchObject({ status_code: 400, field: "entries.1.plate" });
    expect(await atGate("blocked")).toHaveLength(300);
    const seen = new Set<string>();
    let cursor: string | null = "";
    while (cursor !== null) {
      const page = await ask(
        staff,
        "GET",
        `${BASE}blocked/?limit=70${cursor === "" ? "" : `&cursor=${cursor}`}`,
      );
      for (const { plate } of page["items"] as { plate: string }[]) seen.add(plate);
      cursor = page["next_cursor"] as string | null;
    }
    expect(seen.size).toBe(300);
  });

  it("loses what is over, at the gate too", async () => {
    const until = new Date(cloud.clock.now.getTime() + 3_600_000).toISOString();
    await ask(staff, "POST", `${BASE}watched/`, { plate: "OV 1", reason: "For an hour", until });
    const run = async () =>
      await LISTS_JOB.run({ db: cloud.db, log: pino({ level: "silent" }) }, cloud.clock.now);
    expect(await run()).toBe(0);
    expect(await atGate("watched")).toEqual(["BLO1", "OV1"]);
    cloud.clock.now = new Date(cloud.clock.now.getTime() + 3_600_000);
    const shown = await ask(staff, "GET", `/api/facilities/${FACILITY_ID}/plates/OV1/`);
    expect(shown["lists"]).toEqual([]);
    expect(await run()).toBe(1);
    expect(await atGate("watched")).toEqual(["BLO1"]);
    expect(await run()).toBe(0);
  });

  it("is the same here and at the gate after many changes at once", async () => {
    const change = async (i: number) => {
      const plate = `RA ${i % 5}`;
      if (i % 3 === 0) await ask(staff, "DELETE", `${BASE}watched/RA${i % 5}/`);
      else await ask(staff, "POST", `${BASE}watched/`, { plate, reason: `Number ${i}` });
    };
    await Promise.all(Array.from({ length: 30 }, async (_, i) => await change(i)));
    expect((await atGate("watched")).length).toBeLessThanOrEqual(6);
  });
});
