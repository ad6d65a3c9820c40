import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FACILITY_ID, OTHER_FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation, signedIn, type Person } from "../testing/people.ts";
import { done, refusedAs } from "../testing/places.ts";
import { rowsOf } from "../testing/tables.ts";
import { USUAL_RETENTION } from "./rules.ts";

let cloud: TestCloud;
let owner: Person;
let stranger: Person;
beforeAll(async () => {
  cloud = await startTestCloud();
  owner = await signedIn(cloud, "owner");
  stranger = await signedIn(cloud, "owner", { organisationId: await foreignOrganisation(cloud) });
});
afterAll(() => cloud.stop());

type Hold = { id: string; plate: string | null; lifted_at: string | null };
type Page = { items: Hold[]; next_cursor: string | null };
const HOLDS = "/api/legal-holds/";
const claim = { facility_id: FACILITY_ID, reason: "a claim of an insurance" };

describe("legal holds", () => {
  it("are made, listed and lifted by owners, and written down", async () => {
    const made = await done<Hold>(owner, "POST", HOLDS, { ...claim, plate: "b ab 12" });
    expect(made).toMatchObject({ plate: "BAB12", stay_id: null, by: owner.email, lifted_at: null });
    for (let n = 0; n < 3; n += 1) await done(owner, "POST", HOLDS, { ...claim, stay_id: randomUUID() });
    const first = await done<Page>(owner, "GET", `${HOLDS}?limit=3&facility_id=${FACILITY_ID}`);
    const second = await done<Page>(owner, "GET", `${HOLDS}?limit=3&cursor=${first.next_cursor}`);
    expect(first.items).toHaveLength(3);
    expect(second).toMatchObject({ items: [{}], next_cursor: null });
    expect(new Set([...first.items, ...second.items].map(({ id }) => id)).size).toBe(4);

    expect(await done(owner, "POST", `${HOLDS}${made.id}/lift/`)).toMatchObject({ id: made.id });
    expect(await refusedAs(await owner.ask("POST", `${HOLDS}${made.id}/lift/`))).toBe("409 hold_lifted");
    expect((await done<Page>(owner, "GET", HOLDS)).items).toHaveLength(3);
    expect((await done<Page>(owner, "GET", `${HOLDS}?lifted=true`)).items).toHaveLength(4);
    const told = await rowsOf(
      cloud.db,
      "select action from audit_entries where action like 'legal%' order by ordinal",
    );
    expect(told.map(({ action }) => action)).toEqual([
      ...Array<string>(4).fill("legal_hold.made"),
      "legal_hold.lifted",
    ]);
  });

  it("are nothing that others see or make", async () => {
    const { id } = await done<Hold>(owner, "POST", HOLDS, { ...claim, facility_id: OTHER_FACILITY_ID });
    expect((await done<Page>(stranger, "GET", HOLDS)).items).toEqual([]);
    expect((await stranger.ask("POST", `${HOLDS}${id}/lift/`)).status).toBe(404);
    expect((await stranger.ask("POST", HOLDS, claim)).status).toBe(404);
    for (const role of ["staff", "driver"] as const)
      expect((await (await signedIn(cloud, role)).ask("POST", HOLDS, claim)).status).toBe(403);
    const admin = await signedIn(cloud, "admin");
    expect((await done<Page>(admin, "GET", HOLDS)).items.map((hold) => hold.id)).toContain(id);
  });

  it.each([
    [{ ...claim, plate: "AB12", stay_id: randomUUID() }, "400 invalid stay_id"],
    [{ ...claim, plate: "!" }, "400 invalid plate"],
    [{ ...claim, reason: " " }, "400 invalid reason"],
    [{ reason: "none" }, "400 invalid facility_id"],
    [{ ...claim, until: "2030" }, "400 invalid until"],
  ])("are refused where they say nothing clear: %j", async (body, refused) => {
    expect(await refusedAs(await owner.ask("POST", HOLDS, body))).toBe(refused);
  });
});

describe("a facility's retention", () => {
  const path = `/api/facilities/${FACILITY_ID}/retention/`;

  it("is as everywhere until its owner sets it, which is written down", async () => {
    expect(await done(owner, "GET", path)).toEqual(USUAL_RETENTION);
    const set = await done(owner, "PUT", path, { plate_days: 7 });
    expect(set).toEqual({ ...USUAL_RETENTION, plate_days: 7 });
    expect(await done(owner, "GET", path)).toEqual(set);
    const told = await rowsOf(
      cloud.db,
      "select detail from audit_entries where action = 'retention.changed'",
    );
    expect(told).toMatchObject([{ detail: { before: { plate_days: 30 }, after: { plate_days: 7 } } }]);
  });

  it("is nobody else's, and never too short for an edge that is restored", async () => {
    expect((await stranger.ask("GET", path)).status).toBe(404);
    expect((await stranger.ask("PUT", path, {})).status).toBe(404);
    expect((await (await signedIn(cloud, "staff")).ask("PUT", path, {})).status).toBe(403);
    expect(await refusedAs(await owner.ask("PUT", path, { log_days: 35 }))).toBe("400 invalid log_days");
    expect(await refusedAs(await owner.ask("PUT", path, { days: 35 }))).toBe("400 invalid days");
  });
});
