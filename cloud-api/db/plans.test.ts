import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { seed } from "../bench/api-seed.ts";
import { forgetChanges, readChanges, tellChange } from "../live/changes.queries.ts";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import { done } from "../testing/places.ts";

/**
 * What the calls that are asked most do to a cloud of 300 facilities: PostgreSQL itself tells the plan of every statement
 * that it runs (auto_explain), whoever wrote it.
 */

const FACILITIES = 300;
const MANY = 20_000;

/** Tables that grow: nobody may read all of one for a request. */
const LARGE = ["spots", "bookings", "vehicles", "users", "facility_changes", "audit_entries", "sign_ins"];

let cloud: TestCloud;
let driver: Person;
let vehicleId: string;
let facilityIds: readonly string[];
const plans: Plan[] = [];

type Plan = {
  readonly "Node Type": string;
  readonly "Relation Name"?: string;
  readonly Plans?: readonly Plan[];
};

beforeAll(async () => {
  cloud = await startTestCloud();
  facilityIds = await seed(cloud.db.$client, { facilities: FACILITIES, bookings: MANY });
  driver = await signedIn(cloud, "driver");
  const vehicle = { plate: "B PL 1", type: "car" };
  vehicleId = (await done<{ id: string }>(driver, "POST", "/api/vehicles/", vehicle)).id;
  await fill();
  await tellPlans();
}, 120_000);
afterAll(() => cloud.stop());

/** As many rows of others as make reading all of them the wrong thing to do. */
async function fill(): Promise<void> {
  const many = sql.raw(`generate_series(1, ${MANY}) n`);
  const some = facilityIds[0] ?? "";
  await cloud.db.execute(sql`insert into users (email, name, password_hash, role)
    select 'plan-' || n || '@example.test', 'n', 'none', 'driver' from ${many}`);
  await cloud.db.execute(sql`insert into sign_ins (id, user_id, device, address, at, last_used_at, expires_at)
    select gen_random_uuid(), id, 'd', 'a', now(), now(), now() + interval '1 year' from users where email like 'plan-%'`);
  await cloud.db.execute(sql`insert into vehicles (id, user_id, plate, type, owned_from)
    select gen_random_uuid(), id, 'PLAN' || row_number() over (), 'car', now() from users where email like 'plan-%'`);
  await cloud.db.execute(sql`insert into facility_changes (facility_id, kind, body, at)
    select id, 'spot', '{}', '2026-07-15T11:00:00Z' from facilities, generate_series(1, 100)`);
  await cloud.db
    .execute(sql`insert into audit_entries (organisation_id, id, at, actor, role, action, subject, detail, request_id)
    select organisation_id, gen_random_uuid(), now(), 'a', 'owner', 'a', 's', '{}', 'r'
    from facilities, ${many} where facilities.id = ${some}`);
  // The clock of the test is behind.
  await cloud.db.execute(sql`update tariff_versions set valid_from = '2026-01-01T00:00:00Z'`);
  await cloud.db.execute(sql`analyze`);
}

/** From now on, every statement on a new connection tells its plan to who asked. */
async function tellPlans(): Promise<void> {
  const settings = {
    session_preload_libraries: "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
    "auto_explain.log_nested_statements": "on",
  };
  const pool = cloud.db.$client;
  const name = cloud.address.database;
  for (const [setting, value] of Object.entries(settings))
    await pool.query(`alter database "${name}" set ${setting} = '${value}'`);
  pool.on("connect", (client) => {
    client.on("notice", ({ message = "" }) => {
      const [, text] = message.split(/plan:\n/);
      if (text !== undefined) plans.push((JSON.parse(text) as { Plan: Plan }).Plan);
    });
  });
  await pool
    .query("select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()")
    .catch(() => undefined);
}

function nodesOf(plan: Plan): readonly Plan[] {
  return [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];
}

/** What was read in full, of all that was planned since it was asked last; and how much was planned. */
function takePlans(): { readonly statements: number; readonly readInFull: readonly string[] } {
  const nodes = plans.flatMap(nodesOf);
  const full = nodes.filter(
    (node) => node["Node Type"] === "Seq Scan" && LARGE.includes(node["Relation Name"] ?? ""),
  );
  const statements = plans.splice(0).length;
  return { statements, readInFull: full.map((node) => node["Relation Name"] ?? "") };
}

/** Asks several facilities, so that no answer comes from a cache; and some times, until prepared statements have a plan. */
async function eachFacility(ask: (facilityId: string, turn: number) => Promise<unknown>): Promise<void> {
  for (const [turn, facilityId] of facilityIds.slice(0, 8).entries()) await ask(facilityId, turn);
}

const ahead = (hours: number) => new Date(cloud.clock.now.getTime() + hours * 3_600_000).toISOString();

describe("of the tables that grow", () => {
  it("a statement that reads one in full would be found", async () => {
    takePlans();
    await cloud.db.execute(sql`select count(*) from bookings where tariff = 'x'`);
    expect(takePlans()).toEqual({ statements: 1, readInFull: ["bookings"] });
  });

  const SEARCH = { vehicle_size: "standard", needs_ev: false, needs_accessible: false };
  const calls: Readonly<Record<string, () => Promise<void>>> = {
    "a search for free spots": async () =>
      await eachFacility((id) =>
        done(driver, "POST", `/api/facilities/${id}/search_spots/`, {
          ...SEARCH,
          from: ahead(1),
          until: ahead(3),
        }),
      ),
    "a search for what is free now": async () =>
      await eachFacility((id) => done(driver, "POST", `/api/facilities/${id}/search_spots/`, SEARCH)),
    availability: async () =>
      await eachFacility((id) => done(driver, "GET", `/api/facilities/${id}/availability/`)),
    "the list of facilities": async () => {
      for (const city of ["Berlin", "Pune", "Tokyo"])
        await done(driver, "GET", `/api/facilities/?city=${city}`);
    },
    "an estimate": async () =>
      await eachFacility((id) =>
        done(driver, "POST", "/api/pricing/estimate/", {
          facility_id: id,
          duration_hours: 3.5,
          vehicle_type: "CAR",
        }),
      ),
    "a reservation": async () =>
      await eachFacility(async (facilityId, turn) => {
        const { rows } = await cloud.db.$client.query<{ id: string }>(
          `select id from spots where facility_id = $1 and not ev and not accessible and size_rank = 2 limit 1`,
          [facilityId],
        );
        const times = { entry_time: ahead(24 * turn + 1), expected_exit: ahead(24 * turn + 2) };
        await done(driver, "POST", "/api/bookings/reserve/", {
          vehicle_id: vehicleId,
          spot_id: rows[0]?.id,
          ...times,
        });
      }),
    "a driver's bookings": async () => {
      for (let turn = 0; turn < 6; turn += 1) await done(driver, "GET", "/api/bookings/");
    },
    "a driver's vehicles": async () => {
      for (let turn = 0; turn < 6; turn += 1) await done(driver, "GET", "/api/vehicles/");
    },
    "what changed at a facility": async () =>
      await eachFacility(async (facilityId) => {
        await tellChange(cloud.db, facilityId, "spot", {}, cloud.clock.now);
        await readChanges(cloud.db, facilityId, { xid: "0", id: 0, atMs: 0 });
      }),
    "forgetting changes": async () => void (await forgetChanges(cloud.db, cloud.clock.now)),
  };
  it.each(Object.keys(calls))("%s reads none in full", async (name) => {
    takePlans();
    await calls[name]?.();
    const { statements, readInFull } = takePlans();
    expect(statements).toBeGreaterThan(0);
    expect(readInFull).toEqual([]);
  });

  it("so does whoever runs a facility, when they list its bookings", async () => {
    const admin = await signedIn(cloud, "admin");
    takePlans();
    await eachFacility((id) => done(admin, "GET", `/api/bookings/?facility_id=${id}&status=CONFIRMED`));
    await admin.ask("GET", `/api/bookings/${randomUUID()}/`);
    expect(takePlans().readInFull).toEqual([]);
  });
});
