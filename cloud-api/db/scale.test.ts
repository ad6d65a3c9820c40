import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { rowsOf } from "../testing/tables.ts";
import { withClient } from "./connection.ts";

/**
 * Tables can be laid out over the machines of a cluster: what is unique is unique within a facility (or an organisation,
 * or an edge), and nothing refers across tenants.
 */

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());

const TENANT_COLUMNS = ["facility_id", "organisation_id", "edge_id"];

/** Tables of tenants that stay on the first machine, or are on every one, and why. */
const NOT_DISTRIBUTED: Readonly<Record<string, string>> = {
  facilities: "on every machine: rows of all tables refer to it, and its slug is unique among all",
  edge_keys: "found by their id, with the edges",
  edges: "found by its token, before it is known whose it is",
  users: "found by their email; admins and drivers have no organisation",
  api_keys: "found by the hash of the key, before it is known whose it is",
  staff_facilities: "read by user, with the accounts",
  enrolment_codes: "found by the hash of the code",
  remote_commands: "found by their id alone; few",
  sync_incidents: "found by their id alone; few",
  provider_events: "a provider's event is there once, whatever facility it names, if any",
  audit_entries: "a trigger guards it",
  provider_ledger: "a trigger guards it",
};

type Unique = { table: string; name: string; columns: string[] };

async function distributed(): Promise<ReadonlyMap<string, string>> {
  const tables = await rowsOf(
    cloud.db,
    `select c.relname as name, array_agg(a.attname::text) as columns
     from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') group by 1 order by 1`,
  );
  return new Map(
    tables.flatMap(({ name, columns }): [string, string][] => {
      if (!Array.isArray(columns) || String(name) in NOT_DISTRIBUTED) return [];
      const column = TENANT_COLUMNS.find((each) => columns.includes(each));
      return column === undefined ? [] : [[String(name), column]];
    }),
  );
}

describe("every table of tenants", () => {
  it("has its tenant in all that is unique in it", async () => {
    const tables = await distributed();
    expect(tables.size).toBeGreaterThan(30);
    const unique = (await rowsOf(
      cloud.db,
      `select c.relname as table, i.relname as name, array_agg(a.attname::text) as columns
       from pg_index x join pg_class c on c.oid = x.indrelid join pg_class i on i.oid = x.indexrelid
       join pg_attribute a on a.attrelid = c.oid and a.attnum = any (x.indkey)
       where c.relnamespace = 'public'::regnamespace and (x.indisunique or x.indisexclusion) group by 1, 2 order by 1, 2`,
    )) as Unique[];
    const ofTables = unique.filter(({ table }) => tables.has(table));
    expect(ofTables.map(({ name }) => name)).toContain("bookings_no_overlap");
    const wrong = ofTables.filter(({ table, columns }) => {
      // What is distributed by an organisation or an edge beside it may not fall back to another column.
      const column = tables.get(table) ?? "";
      const key = TENANT_COLUMNS.find((each) => columns.includes(each));
      return (
        key === undefined || (column === "facility_id" && key !== "facility_id" && table !== "legal_holds")
      );
    });
    expect(wrong).toEqual([]);
  });

  it("refers to no other table but those that are on every machine", async () => {
    const tables = await distributed();
    const references = await rowsOf(
      cloud.db,
      `select conrelid::regclass::text as table, confrelid::regclass::text as to from pg_constraint
       where contype = 'f' and connamespace = 'public'::regnamespace and conparentid = 0`,
    );
    const across = references.filter(({ table, to }) => tables.has(String(table)) && to !== "facilities");
    expect(across).toEqual([]);
  });
});

describe("parkme_distribute", () => {
  it("lays out every table by its tenant, and the two that others refer to on every machine", async () => {
    const calls = await withClient(cloud.address, async (client) => {
      await client.query("create schema fake");
      await client.query("create table fake.calls (n serial, what text, relation text, by text)");
      await client.query(`create function fake.create_reference_table(r regclass) returns void language sql as
        'insert into fake.calls (what, relation) values (''reference'', r::text)'`);
      await client.query(`create function fake.create_distributed_table(r regclass, c text) returns void language sql as
        'insert into fake.calls (what, relation, by) values (''distributed'', r::text, c)'`);
      await client.query("set search_path to public, fake");
      await client.query("select parkme_distribute()");
      return (
        await client.query<{ what: string; relation: string; by: string | null }>(
          "select what, relation, by from fake.calls order by n",
        )
      ).rows;
    });
    // First, because rows of the others refer to them.
    expect(calls.slice(0, 2).map(({ what, relation }) => [what, relation])).toEqual([
      ["reference", "organisations"],
      ["reference", "facilities"],
    ]);
    const laid = new Map(calls.slice(2).map(({ relation, by }) => [relation, by]));
    const expected = new Map(await distributed());
    // Its key has the organisation alone.
    expected.set("legal_holds", "organisation_id");
    expect(Object.fromEntries(laid)).toEqual(Object.fromEntries(expected));
    expect(laid.get("bookings")).toBe("facility_id");
    expect(laid.get("edge_events")).toBe("edge_id");
  });

  it("is nothing that a request may call", async () => {
    const roles = await rowsOf(
      cloud.db,
      `select has_function_privilege('parkme_tenant', 'parkme_distribute()', 'execute') as a,
         has_function_privilege('parkme_tenant', 'parkme_make_movements_partition(timestamptz)', 'execute') as b`,
    );
    expect(roles).toEqual([{ a: false, b: false }]);
  });
});
