import { sql } from "drizzle-orm";
import { PgDialect } from "drizzle-orm/pg-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tx } from "../db/connection.ts";
import { inScope } from "../db/tenancy.ts";
import { FACILITY_ID, OTHER_FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import { daySpans, wholeSpans, type Ask } from "./ask.ts";
import { readExceptions } from "./exceptions.queries.ts";
import { readFeesByRule, readRevenue, readShifts } from "./money.queries.ts";
import { readFlow, readLengths, readStayed } from "./traffic.queries.ts";

/** Reports read what they need by its indexes, also behind the walls between tenants, however long the tables are. */

let cloud: TestCloud;
let staff: Person;

const FACILITY = {
  id: FACILITY_ID,
  slug: "harbour",
  name: "Harbour Square",
  timeZone: "Europe/Berlin",
  currency: "EUR",
  capacity: 120,
  inside: 0,
};
const ASK: Ask = {
  facilities: [FACILITY],
  from: "2026-07-06",
  until: "2026-07-12",
  by: "method",
  several: false,
  now: new Date("2026-07-15T12:00:00Z"),
};

beforeAll(async () => {
  cloud = await startTestCloud();
  staff = await signedIn(cloud, "staff");
  // Two facilities, a vehicle every eleven minutes for half a year.
  const rows = (columns: string) => `select ${columns} from generate_series(1, 24000) as n
    cross join (values ('${FACILITY_ID}'::uuid), ('${OTHER_FACILITY_ID}'::uuid)) as f (id)`;
  const at = "timestamptz '2026-01-15' + n * interval '11 minutes'";
  const fill = [
    `insert into payments (facility_id, payment_id, stay_id, lane, method, amount_minor, currency, actor, at)
      ${rows(`f.id, gen_random_uuid(), gen_random_uuid(), 'exit', 'cash', n, 'EUR', 'alex', ${at}`)}`,
    `insert into ledger (facility_id, entry_id, stay_id, kind, side, amount_minor, currency, place, actor, reason, at)
      ${rows(`f.id, gen_random_uuid(), gen_random_uuid(), 'charge', 'charged', n, 'EUR', 'exit', 'alex', '', ${at}`)}`,
    `insert into stays (facility_id, stay_id, status, entry_at, exit_at)
      ${rows(`f.id, gen_random_uuid(), 'closed', ${at}, ${at} + interval '2 hours'`)}`,
    `insert into movements (facility_id, movement_id, lane, direction, kind, at)
      ${rows(`f.id, gen_random_uuid(), 'entry', 'in', 'normal', ${at}`)}`,
    `insert into shifts (facility_id, shift_id, currency, opened_at, closed_at)
      ${rows(`f.id, gen_random_uuid(), 'EUR', ${at}, ${at} + interval '8 hours'`)}`,
    `insert into alarms (facility_id, alarm_id, lane, kind, detail, at)
      ${rows(`f.id, gen_random_uuid(), 'exit', 'stuck', '', ${at}`)}`,
    `insert into provider_ledger (facility_id, id, kind, payment_id, provider, reference, amount_minor, currency, at)
      ${rows(`f.id, gen_random_uuid(), 'capture', gen_random_uuid(), 'stripe', f.id::text || n, n, 'EUR', ${at}`)}`,
    `insert into count_corrections (facility_id, id, before, after, cause, reason, at)
      ${rows(`f.id, gen_random_uuid(), 1, 2, 'attendant', '', ${at}`)}`,
    `insert into violations (facility_id, id, kind, status, source, source_key, penalty_minor, currency, pictures,
        reported_by, at, due_at)
      ${rows(`f.id, gen_random_uuid(), 'other', 'open', 'patrol', n::text, n, 'EUR', '{}', 'alex', ${at}, ${at}`)}`,
  ];
  for (const statement of fill) await cloud.db.execute(sql.raw(statement));
  await cloud.db.execute(sql`analyze`);
  const { rows: tables } = await cloud.db.execute<{ name: string }>(
    sql`select relname as name from pg_class where relkind = 'r' and reltuples > 1000`,
  );
  long = new Set(tables.map(({ name }) => name));
}, 120_000);
afterAll(() => cloud.stop());

type Plan = { "Node Type": string; "Relation Name"?: string; Plans?: Plan[] };

/** Tables and their parts that have something in them, by PostgreSQL's own count. */
let long: ReadonlySet<string>;

/** The long tables that a plan reads whole. */
function wholeTables(plan: Plan): string[] {
  const table = plan["Relation Name"] ?? "?";
  const own = plan["Node Type"] === "Seq Scan" && long.has(table) ? [table] : [];
  return [...own, ...(plan.Plans ?? []).flatMap(wholeTables)];
}

/** What PostgreSQL would do for a query, as staff ask it. */
async function plansOf(read: (tx: Tx) => Promise<unknown>): Promise<Plan[]> {
  const plans: Plan[] = [];
  const scope = {
    role: "staff",
    actorId: staff.userId,
    organisationId: null,
    facilityIds: [FACILITY_ID],
  } as const;
  await inScope(cloud.db, scope, async (tx) => {
    const explaining = {
      execute: async (query: ReturnType<typeof sql>) => {
        const { sql: text } = new PgDialect().sqlToQuery(query);
        expect(text.startsWith("with spans")).toBe(true);
        const { rows } = await tx.execute(sql`explain (format json) ${query}`);
        plans.push((rows[0] as { "QUERY PLAN": [{ Plan: Plan }] })["QUERY PLAN"][0].Plan);
        return { rows: [] };
      },
    };
    // Of a transaction, the queries use nothing else.
    await read(explaining as never);
  });
  return plans;
}

describe("the queries of reports", () => {
  it("have long tables to read", () => {
    expect(long.size).toBeGreaterThanOrEqual(9);
  });

  const days = daySpans(ASK);
  const whole = wholeSpans(ASK);
  it.each<[string, (tx: Tx) => Promise<unknown>]>([
    ["revenue", (tx) => readRevenue(tx, days)],
    ["fees by rule", (tx) => readFeesByRule(tx, days)],
    ["shifts", (tx) => readShifts(tx, whole, 100)],
    ["flow", (tx) => readFlow(tx, days)],
    ["stays", (tx) => readStayed(tx, days)],
    ["lengths", (tx) => readLengths(tx, whole, [15, 60])],
    ["exceptions", (tx) => readExceptions(tx, whole, 100)],
  ])("read no table of %s from its beginning to its end", async (_what, read) => {
    const plans = await plansOf(read);
    expect(plans.length).toBeGreaterThan(0);
    expect(plans.flatMap(wholeTables)).toEqual([]);
  });

  it("are the same for many facilities as for one", async () => {
    const both = [FACILITY, { ...FACILITY, id: OTHER_FACILITY_ID }];
    const plans = await plansOf((tx) => readRevenue(tx, daySpans({ ...ASK, facilities: both })));
    expect(plans).toHaveLength(1);
    expect(plans.flatMap(wholeTables)).toEqual([]);
  });
});
