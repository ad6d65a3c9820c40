import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/node-postgres";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tx } from "../db/connection.ts";
import { inScope, type Scope } from "../db/tenancy.ts";
import { FACILITY_ID, OTHER_FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { findBookingOfPlate, findBookingOfStay, findStayOfPlate } from "./links.queries.ts";
import {
  findDispute,
  findReported,
  findViolation,
  listViolations,
  lockGrowing,
  lockUnclaimed,
} from "./violations.queries.ts";

/** What is asked of violations is found by an index, also behind the walls between tenants, however many there are. */

let cloud: TestCloud;

const DRIVER = "0192a000-0000-7000-8000-00000000d001";
const STAFF: Scope = {
  role: "staff",
  actorId: randomUUID(),
  organisationId: null,
  facilityIds: [FACILITY_ID],
};
const AS_DRIVER: Scope = { role: "driver", actorId: DRIVER, organisationId: null, facilityIds: [] };

beforeAll(async () => {
  cloud = await startTestCloud();
  const rows = (columns: string) => `select ${columns} from generate_series(1, 15000) as n
    cross join (values ('${FACILITY_ID}'::uuid), ('${OTHER_FACILITY_ID}'::uuid)) as f (id)`;
  const at = "timestamptz '2026-01-15' + n * interval '17 minutes'";
  const user = `case when n % 1000 = 0 then '${DRIVER}'::uuid else gen_random_uuid() end`;
  const fill = [
    `insert into violations (facility_id, id, kind, status, source, source_key, plate, user_id, penalty_minor, currency,
        pictures, reported_by, at, due_at)
      ${rows(`f.id, gen_random_uuid(), 'other', 'open', 'patrol', n::text, 'P' || n % 5000, ${user}, n, 'EUR', '{}', 'alex', ${at}, ${at}`)}`,
    `insert into disputes (facility_id, id, violation_id, user_id, text, at)
      select facility_id, gen_random_uuid(), id, user_id, 'no', at from violations`,
    `insert into stays (facility_id, stay_id, status, plate, entry_at, exit_at)
      ${rows(`f.id, gen_random_uuid(), 'closed', 'P' || n % 5000, ${at}, ${at} + interval '2 hours'`)}`,
    `insert into bookings (facility_id, id, user_id, plate, vehicle_type, status, ticket_number, entry_time, expected_exit,
        held_until, stay_id, estimated_minor, currency, applied_rule, tariff, made_at, changed_at)
      ${rows(`f.id, gen_random_uuid(), gen_random_uuid(), 'P' || n % 5000, 'car', 'COMPLETED', f.id::text || n, ${at},
        ${at} + interval '2 hours', ${at} + interval '2 hours', gen_random_uuid(), n, 'EUR', '', '', ${at}, ${at}`)}`,
  ];
  for (const statement of fill) await cloud.db.execute(sql.raw(statement));
  await cloud.db.execute(sql`analyze`);
}, 120_000);
afterAll(() => cloud.stop());

type Plan = { "Node Type": string; "Relation Name"?: string; Plans?: Plan[] };

function wholeTables(plan: Plan): string[] {
  const own = plan["Node Type"] === "Seq Scan" ? [plan["Relation Name"] ?? "?"] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(wholeTables)];
}

/** What PostgreSQL would do for the queries of `read`, which gets no rows. */
async function plansOf(scope: Scope | null, read: (tx: Tx) => Promise<unknown>): Promise<Plan[]> {
  const plans: Plan[] = [];
  await inScope(cloud.db, scope ?? STAFF, async (tx, client) => {
    if (scope === null) await tx.execute(sql`reset role`);
    const explaining = {
      query: async ({ text }: { text: string }, values: unknown[]) => {
        const { rows } = await client.query(`explain (format json) ${text}`, values);
        plans.push(rows[0]["QUERY PLAN"][0].Plan);
        return { rows: [] };
      },
    };
    await read(drizzle(explaining as never) as never);
  });
  return plans;
}

const FILTER = { userId: null, facilityIds: null, after: null, limit: 50 };
const AT = new Date("2026-05-15T12:00:00Z");
const ID = randomUUID();

describe("violations are found by an index", () => {
  it.each<[string, Scope | null, (tx: Tx) => Promise<unknown>]>([
    ["of a facility", STAFF, (tx) => listViolations(tx, { ...FILTER, facilityIds: [FACILITY_ID], from: AT })],
    [
      "of a plate",
      STAFF,
      (tx) => listViolations(tx, { ...FILTER, facilityIds: [FACILITY_ID], plate: "P17" }),
    ],
    ["of a stay", STAFF, (tx) => listViolations(tx, { ...FILTER, facilityIds: [FACILITY_ID], stayId: ID })],
    ["of a driver", AS_DRIVER, (tx) => listViolations(tx, { ...FILTER, userId: DRIVER })],
    ["by their id, by staff", STAFF, (tx) => findViolation(tx, ID)],
    ["by their id, by a driver", AS_DRIVER, (tx) => findViolation(tx, ID)],
    ["by their notice", null, (tx) => lockUnclaimed(tx, ID, "P17")],
    [
      "by what they came from",
      null,
      (tx) => findReported(tx, { facilityId: FACILITY_ID, source: "gate", sourceKey: "alarm:1" }),
    ],
    ["that go on", null, (tx) => lockGrowing(tx, 200, null)],
    ["with what was said to them", STAFF, (tx) => findDispute(tx, { facilityId: FACILITY_ID, id: ID })],
    ["with their stay", STAFF, (tx) => findStayOfPlate(tx, FACILITY_ID, "P17", AT)],
    ["with the booking of a stay", STAFF, (tx) => findBookingOfStay(tx, FACILITY_ID, ID)],
    ["with the booking of a plate", STAFF, (tx) => findBookingOfPlate(tx, FACILITY_ID, "P17", AT)],
  ])("%s", async (_what, scope, read) => {
    const plans = await plansOf(scope, read);
    expect(plans).toHaveLength(1);
    expect(plans.flatMap(wholeTables)).toEqual([]);
  });
});
