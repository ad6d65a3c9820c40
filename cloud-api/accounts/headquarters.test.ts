import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DashboardSnapshot } from "../dashboard/contract.ts";
import { facilities } from "../db/schema.ts";
import {
  FACILITY_ID,
  OTHER_FACILITY_ID,
  signIn,
  startTestCloud,
  USER,
  type TestCloud,
} from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import type { Role } from "./principal.ts";

/** The routes of headquarters' pages, which are written by hand: a cookie or a token, and by role. */

let cloud: TestCloud;
let people: Readonly<Record<Role, Person>>;
let stranger: Person;
const THEIRS = randomUUID();

beforeAll(async () => {
  cloud = await startTestCloud();
  const organisationId = await foreignOrganisation(cloud);
  stranger = await signedIn(cloud, "owner", { organisationId });
  const place = { timeZone: "Europe/Berlin", currency: "EUR", capacity: 1 };
  await cloud.db
    .insert(facilities)
    .values({ ...place, id: THEIRS, organisationId, slug: "theirs", name: "Theirs" });
  people = {
    admin: await signedIn(cloud, "admin"),
    owner: await signedIn(cloud, "owner"),
    staff: await signedIn(cloud, "staff"),
    driver: await signedIn(cloud, "driver"),
  };
});
afterAll(() => cloud.stop());

const at = (facility: string, path: string) => `/api/facilities/${facility}/${path}`;
const READS = [
  "link",
  "equality",
  "manifest",
  "commands",
  "capacity?from=2026-07-16T10:00:00Z&until=2026-07-16T11:00:00Z",
];

describe("a facility's routes", () => {
  it.each(READS)("let those read %s who run it", async (path) => {
    const status = async (who: Person, facility: string) => (await who.ask("GET", at(facility, path))).status;
    for (const [role, own, other, theirs] of [
      ["admin", 200, 200, 200],
      ["owner", 200, 200, 404],
      ["staff", 200, 404, 404],
      ["driver", 403, 403, 403],
    ] as const) {
      const who = people[role];
      const found = [
        await status(who, FACILITY_ID),
        await status(who, OTHER_FACILITY_ID),
        await status(who, THEIRS),
      ];
      expect({ role, found }).toEqual({ role, found: [own, other, theirs] });
    }
    expect((await cloud.app.request(at(FACILITY_ID, path))).status).toBe(401);
    expect((await people.admin.ask("GET", at("no-id", path))).status).toBe(404);
    expect((await people.admin.ask("GET", at(randomUUID(), path))).status).toBe(404);
    expect((await people.owner.ask("GET", at(FACILITY_ID.toUpperCase(), path))).status).toBe(200);
  });

  it("need no header of our own page where a token is shown, whatever cookie is beside it", async () => {
    const cookie = await signIn(cloud.app);
    const path = at(FACILITY_ID, "enrolments");
    const post = async (headers: Record<string, string>) =>
      (await cloud.app.request(path, { method: "POST", headers })).status;
    expect(await post({ cookie })).toBe(403);
    expect(await post({ cookie, "x-parkme": "1" })).toBe(201);
    expect(await post({ authorization: "Basic YTpi", cookie })).toBe(403);
    expect(await post({ authorization: `Bearer ${people.owner.token}` })).toBe(201);
    // A token that is not good is not made good by a cookie.
    expect(await post({ authorization: "Bearer x", cookie, "x-parkme": "1" })).toBe(401);
    expect(await post({ authorization: `Bearer ${stranger.token}`, cookie, "x-parkme": "1" })).toBe(404);
  });

  it("let owners and admins alone make codes for boxes, and change what a gate is told", async () => {
    for (const [role, status] of [
      ["owner", 201],
      ["admin", 201],
      ["staff", 403],
      ["driver", 403],
    ] as const)
      expect((await people[role].ask("POST", at(FACILITY_ID, "enrolments"))).status).toBe(status);
    const entry = at(FACILITY_ID, "manifest/blocked/BAB1234");
    const body = { reason: "a test" };
    expect((await people.staff.ask("PUT", entry, body)).status).toBe(403);
    expect((await people.staff.ask("DELETE", entry)).status).toBe(403);
    expect((await people.staff.ask("POST", at(FACILITY_ID, "manifest"), { changes: [] })).status).toBe(403);
    expect((await people.owner.ask("POST", at(FACILITY_ID, "manifest"), { changes: [] })).status).toBe(422);
  });
});

describe("the day's report", () => {
  it("is for those who run the facility", async () => {
    const day = async (who: Person, facility: string) =>
      (await who.ask("GET", `/api/reports/day?facility=${facility}&date=2026-07-15`)).status;
    expect(await day(people.admin, THEIRS)).toBe(200);
    expect(await day(people.owner, OTHER_FACILITY_ID)).toBe(200);
    expect(await day(people.owner, THEIRS)).toBe(404);
    expect(await day(people.staff, OTHER_FACILITY_ID)).toBe(404);
    expect(await day(people.driver, FACILITY_ID)).toBe(403);
  });
});

describe("the dashboard", () => {
  const shown = async (who: Person) =>
    ((await (await who.ask("GET", "/api/dashboard")).json()) as DashboardSnapshot).facilities.map(
      ({ id }) => id,
    );

  it("shows admins all facilities, owners theirs, and staff those where they work", async () => {
    expect((await shown(people.admin)).toSorted()).toEqual(
      [FACILITY_ID, OTHER_FACILITY_ID, THEIRS].toSorted(),
    );
    expect((await shown(people.owner)).toSorted()).toEqual([FACILITY_ID, OTHER_FACILITY_ID]);
    expect(await shown(people.staff)).toEqual([FACILITY_ID]);
    expect(await shown(stranger)).toEqual([THEIRS]);
    expect((await people.driver.ask("GET", "/api/dashboard")).status).toBe(403);
    expect((await cloud.app.request("/api/dashboard")).status).toBe(401);
  });

  it("streams the same", async () => {
    for (const [who, ids] of [
      [people.staff, [FACILITY_ID]],
      [people.admin, [FACILITY_ID, OTHER_FACILITY_ID, THEIRS].toSorted()],
    ] as const) {
      const answer = await who.ask("GET", "/api/dashboard/live");
      const reader = answer.body?.getReader();
      const text = new TextDecoder().decode((await reader?.read())?.value);
      await reader?.cancel();
      const snapshot = JSON.parse(text.replace(/^event: snapshot\ndata: /, "")) as DashboardSnapshot;
      expect(snapshot.facilities.map(({ id }) => id).toSorted()).toEqual(ids);
    }
  });
});

describe("a cookie", () => {
  it("tells who is signed in, also an admin, who has no organisation", async () => {
    const cookie = await signIn(cloud.app);
    const read = async () => await cloud.app.request("/api/session", { headers: { cookie } });
    expect(await (await read()).json()).toMatchObject({ organisation: { name: "Example Parking" } });
    expect(await (await people.admin.ask("GET", "/api/session")).json()).toMatchObject({
      organisation: null,
    });
  });

  it("is over with the account, at once", async () => {
    const cookie = await signIn(cloud.app);
    const read = async () => (await cloud.app.request("/api/session", { headers: { cookie } })).status;
    expect(await read()).toBe(200);
    const { rows } = await cloud.db.execute<{ id: string }>(
      sql`select id from users where email = ${USER.email}`,
    );
    await people.admin.ask("POST", `/api/users/${rows[0]?.id}/disable/`);
    expect(await read()).toBe(401);
    await people.admin.ask("POST", `/api/users/${rows[0]?.id}/enable/`);
    expect(await read()).toBe(401);
    expect(await signIn(cloud.app)).toContain("parkme_session=");
  });

  it("is not given to drivers", async () => {
    const password = "a good long password";
    const body = {
      email: "d@example.test",
      password,
      password_confirm: password,
      first_name: "D",
      last_name: "D",
    };
    const json = { "content-type": "application/json", "x-parkme": "1" };
    const post = async (path: string, sent: unknown) =>
      await cloud.app.request(path, { method: "POST", headers: json, body: JSON.stringify(sent) });
    expect((await post("/api/users/", body)).status).toBe(201);
    const answer = await post("/api/session", { email: body.email, password });
    expect(answer.status).toBe(403);
    expect(answer.headers.get("set-cookie")).toBeNull();
  });
});
