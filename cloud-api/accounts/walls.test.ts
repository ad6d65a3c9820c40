import { randomUUID } from "node:crypto";
import { sql } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tx } from "../db/connection.ts";
import { readDatabaseError } from "../db/errors.ts";
import { facilities, users } from "../db/schema.ts";
import { ANYONE, inScope, type Scope } from "../db/tenancy.ts";
import { FACILITY_ID, startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { foreignOrganisation } from "../testing/people.ts";
import { fillTables, type Side } from "./testing/two-tenants.ts";

/**
 * The second wall, table by table, with rows of two organisations in each: what every role sees and can change, whatever a
 * query forgets to ask. A table that is not named here fails the test: somebody has to say whose it is.
 */

/** Written by COPY, which PostgreSQL refuses where a wall is forced on the owner as well. */
const COPIED = "alarms edge_events ledger movements payments receipts shifts stays validations vends".split(
  " ",
);

/** Who sees a row. */
const WHOSE = {
  /** Those who run its facility. */
  facility:
    "alarms capacity_rights capacity_sales count_corrections edge_live equality_checks equality_differences " +
    "facility_changes lanes ledger legal_holds listed_plates movements payments pictures provider_ledger receipts " +
    "remote_commands shifts stays subscription_stays sync_incidents tariff_versions validations vends",
  /** Everybody. */
  shown: "facilities pass_plans penalty_rules spot_counts spots zones",
  /** Those who run its facility, and the driver whose it is. */
  driver: "bookings disputes provider_payments refunds subscription_periods subscriptions violations",
  /** The driver alone, or who asked. */
  mine: "idempotency_keys vehicle_transfers",
  mineOrAdmin: "vehicles",
  organisation: "audit_entries organisations",
  /** The system alone. */
  nobody:
    "api_keys cloud_keys downlink edge_batches edge_boots edge_epochs edge_events edge_forks edge_keys edge_tokens edges " +
    "enrolment_codes failed_sign_ins forgotten_days manifest_buckets manifest_entries manifests password_resets " +
    "provider_events reconciliations refresh_tokens remote_payments rights_requests rights_transfers sessions sign_ins " +
    "staff_facilities totp_secrets users",
} as const;
type Whose = keyof typeof WHOSE;
const TABLES: ReadonlyMap<string, Whose> = new Map(
  Object.entries(WHOSE).flatMap(([whose, names]) => names.split(" ").map((name) => [name, whose as Whose])),
);
/** Everybody's acts are written there, whosesoever they are about. */
const WRITTEN_BY_ALL = ["audit_entries", "facility_changes"];

let cloud: TestCloud;
let a: Side;
let b: Side;
let scopes: Readonly<Record<string, Scope>>;
/** What each of `scopes` sees: `-`, `a`, `b` or `ab`. */
const SEES: Readonly<Record<Whose, Readonly<Record<string, string>>>> = {
  facility: { admin: "ab", owner: "a", staff: "a", unassigned: "-", driver: "-", anyone: "-", stranger: "b" },
  shown: {
    admin: "ab",
    owner: "ab",
    staff: "ab",
    unassigned: "ab",
    driver: "ab",
    anyone: "ab",
    stranger: "ab",
  },
  driver: { admin: "ab", owner: "a", staff: "a", unassigned: "-", driver: "a", anyone: "-", stranger: "b" },
  mine: { admin: "-", owner: "-", staff: "-", unassigned: "-", driver: "a", anyone: "-", stranger: "-" },
  mineOrAdmin: {
    admin: "ab",
    owner: "-",
    staff: "-",
    unassigned: "-",
    driver: "a",
    anyone: "-",
    stranger: "-",
  },
  organisation: {
    admin: "ab",
    owner: "a",
    staff: "a",
    unassigned: "a",
    driver: "-",
    anyone: "-",
    stranger: "b",
  },
  nobody: { admin: "!", owner: "!", staff: "!", unassigned: "!", driver: "!", anyone: "!", stranger: "!" },
};

beforeAll(async () => {
  cloud = await startTestCloud();
  const [harbour] = (
    await cloud.db.execute<{ organisation: string }>(
      sql`select organisation_id as organisation from facilities where id = ${FACILITY_ID}`,
    )
  ).rows;
  const side = (organisation: string, facility: string): Side => ({
    organisation,
    facility,
    driver: randomUUID(),
    row: randomUUID(),
    text: `text ${randomUUID()}`,
  });
  a = side(harbour?.organisation ?? "", FACILITY_ID);
  b = side(await foreignOrganisation(cloud), randomUUID());
  const facility = { name: "F", timeZone: "Europe/Berlin", currency: "EUR", capacity: 1 };
  await cloud.db
    .insert(facilities)
    .values({ id: b.facility, slug: "foreign", organisationId: b.organisation, ...facility });
  for (const { driver } of [a, b]) {
    const names = { name: "D", firstName: "D", lastName: "D" };
    const user = {
      id: driver,
      email: `${driver}@example.test`,
      passwordHash: "none",
      role: "driver",
    } as const;
    await cloud.db.insert(users).values({ ...user, ...names });
  }
  await fillTables(cloud.db, [...TABLES.keys()], [a, b]);
  const scope = (role: Scope["role"], its: Partial<Scope>): Scope => ({
    role,
    actorId: randomUUID(),
    organisationId: null,
    facilityIds: [],
    ...its,
  });
  const own = { organisationId: a.organisation };
  scopes = {
    admin: scope("admin", {}),
    owner: scope("owner", { ...own, facilityIds: [a.facility] }),
    staff: scope("staff", { ...own, facilityIds: [a.facility] }),
    unassigned: scope("staff", own),
    driver: scope("driver", { actorId: a.driver }),
    anyone: ANYONE,
    stranger: scope("owner", { organisationId: b.organisation, facilityIds: [b.facility] }),
  };
});
afterAll(() => cloud.stop());

/** Which sides' rows somebody sees; `!` = none may be asked for. */
async function seen(tx: Tx, table: string): Promise<string> {
  const outcome = await attempt(tx, `select to_jsonb(t)::text as text from "${table}" t`);
  if (outcome === "denied") return "!";
  const all = outcome.map(({ text }) => String(text)).join("\n");
  const has = ({ organisation, facility, driver, row }: Side) =>
    [organisation, facility, driver, row].some((id) => all.includes(id));
  return `${has(a) ? "a" : ""}${has(b) ? "b" : ""}` || "-";
}

type Rows = readonly Record<string, unknown>[];

/** Runs a statement and takes it back; `denied` = a grant is missing, or a wall is in its way. */
async function attempt(tx: Tx, statement: string): Promise<Rows | "denied"> {
  let rows: Rows = [];
  const undo = new Error("undo");
  try {
    await tx.transaction(async (inner) => {
      rows = (await inner.execute<Record<string, unknown>>(sql.raw(statement))).rows;
      throw undo;
    });
  } catch (error) {
    if (error === undo) return rows;
    if (readDatabaseError(error)?.sqlState === "42501") return "denied";
    throw error;
  }
  return rows;
}

describe("tables", () => {
  it("are all named here, all have a wall, and all but those that are copied into have it for their owner too", async () => {
    const { rows } = await cloud.db.execute<{ name: string; enabled: boolean; forced: boolean }>(sql`
      select relname as name, relrowsecurity as enabled, relforcerowsecurity as forced from pg_class
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') order by relname`);
    expect(rows.map(({ name }) => name).toSorted()).toEqual([...TABLES.keys()].toSorted());
    expect(rows.filter(({ enabled }) => !enabled)).toEqual([]);
    expect(rows.filter(({ forced }) => !forced).map(({ name }) => name)).toEqual(COPIED);
  });

  it("belong to nobody who asks, and no tenant passes a wall or becomes another", async () => {
    const { rows } = await cloud.db.execute<{
      role: string;
      bypass: boolean;
      super: boolean;
      owns: number;
    }>(sql`
      select rolname as role, rolbypassrls as bypass, rolsuper as super,
        (select count(*)::int from pg_class where relowner = r.oid) as owns
      from pg_roles r where rolname in ('parkme_tenant', 'parkme_system') order by 1`);
    expect(rows).toEqual([
      { role: "parkme_system", bypass: false, super: false, owns: 0 },
      { role: "parkme_tenant", bypass: false, super: false, owns: 0 },
    ]);
    const { rows: members } = await cloud.db.execute(
      sql`select 1 from pg_auth_members where member = 'parkme_tenant'::regrole`,
    );
    expect(members).toEqual([]);
  });
});

describe("what is seen", () => {
  it.each(["admin", "owner", "staff", "unassigned", "driver", "anyone", "stranger"])(
    "by %s is what is theirs, of every table",
    async (name) => {
      const scope = scopes[name] ?? ANYONE;
      const found = await inScope(cloud.db, scope, async (tx) => {
        const each: [string, string][] = [];
        for (const table of TABLES.keys()) each.push([table, await seen(tx, table)]);
        return Object.fromEntries(each);
      });
      const wanted = [...TABLES].map(([table, whose]) => [table, SEES[whose][name]]);
      expect(found).toEqual(Object.fromEntries(wanted));
    },
  );

  it("of facilities and tariffs is what is listed and published, for who does not run them", async () => {
    await cloud.db.execute(sql`update facilities set listed = false where id = ${b.facility}`);
    await cloud.db.execute(
      sql`update tariff_versions set status = 'published' where facility_id = ${b.facility}`,
    );
    for (const [name, listed] of [
      ["owner", false],
      ["driver", false],
      ["anyone", false],
      ["stranger", true],
      ["admin", true],
    ] as const) {
      const scope = scopes[name] ?? ANYONE;
      await inScope(cloud.db, scope, async (tx) => {
        expect((await seen(tx, "facilities")).includes("b")).toBe(listed);
        expect((await seen(tx, "tariff_versions")).includes("b")).toBe(true);
      });
    }
    await cloud.db.execute(sql`update facilities set listed = true where id = ${b.facility}`);
  });
});

describe("what is changed", () => {
  const keyOf = (side: Side) =>
    `to_jsonb(t)::text ~ '(${side.facility}|${side.organisation}|${side.driver}|${side.row}|${side.text})'`;

  it.each(["owner", "staff", "unassigned", "driver", "anyone"])(
    "by %s is nothing of another tenant's",
    async (name) => {
      await inScope(cloud.db, scopes[name] ?? ANYONE, async (tx) => {
        for (const [table] of TABLES) {
          const column = await firstColumn(table);
          const update = `update "${table}" t set "${column}" = "${column}" where ${keyOf(b)} returning 1 as done`;
          const remove = `delete from "${table}" t where ${keyOf(b)} returning 1 as done`;
          for (const statement of [update, remove])
            expect({ statement, did: await attempt(tx, statement) }).toSatisfy(
              ({ did }: { did: Rows | "denied" }) => did === "denied" || did.length === 0,
            );
        }
      });
    },
  );

  it.each(["owner", "staff", "driver", "anyone"])("by %s makes no row of another tenant's", async (name) => {
    const copies = new Map<string, string>();
    for (const [table] of TABLES) {
      const { rows } = await cloud.db.execute<{ text: string }>(
        sql.raw(`select to_jsonb(t)::text as text from "${table}" t where ${keyOf(b)} limit 1`),
      );
      copies.set(table, (rows[0]?.text ?? "").replaceAll("'", "''"));
    }
    await inScope(cloud.db, scopes[name] ?? ANYONE, async (tx) => {
      for (const [table, text] of copies) {
        if (WRITTEN_BY_ALL.includes(table)) continue;
        const insert = `insert into "${table}" select * from jsonb_populate_record(null::"${table}", '${text}')`;
        expect({ table, did: await attempt(tx, insert) }).toEqual({ table, did: "denied" });
      }
    });
  });

  it("of one's own is not given to another facility", async () => {
    await inScope(cloud.db, scopes["owner"] ?? ANYONE, async (tx) => {
      for (const [table, whose] of TABLES) {
        if (whose !== "facility" && whose !== "driver") continue;
        const statement = `update "${table}" set facility_id = '${b.facility}' where facility_id = '${a.facility}'`;
        expect({ table, did: await attempt(tx, statement) }).toEqual({ table, did: "denied" });
      }
    });
  });

  const columns = new Map<string, string>();
  async function firstColumn(table: string): Promise<string> {
    const known = columns.get(table);
    if (known !== undefined) return known;
    const { rows } = await cloud.db.execute<{ name: string }>(sql`
      select column_name as name from information_schema.columns where table_schema = 'public' and table_name = ${table}
      order by ordinal_position limit 1`);
    const name = rows[0]?.name ?? "";
    columns.set(table, name);
    return name;
  }
});
