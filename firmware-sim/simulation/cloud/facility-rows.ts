import type { Db } from "../../../cloud-api/db/connection.ts";

/** A facility, and the edge that speaks for it. */
export type Site = { readonly facilityId: string; readonly edgeId: string; readonly token: string };
type SiteKey = Omit<Site, "token">;

/** A table with the rows of each facility told apart. */
type Table = {
  readonly name: string;
  readonly columns: string;
  readonly mine: "id" | "facility_id" | "edge_id";
};

/** All that a database of headquarters knows of one facility, and of nothing else, as a whole. */
export class FacilityRows {
  private readonly db: Db;
  private readonly tables: readonly Table[];
  private copies = 0;

  private constructor(db: Db, tables: readonly Table[]) {
    [this.db, this.tables] = [db, tables];
  }

  /** Makes a place for copies beside the tables. */
  static async open(db: Db): Promise<FacilityRows> {
    const tables = await tablesOf(db);
    const copies = tables.map(
      ({ name }) => `create table saved.${name} as select 0 as copy, t.* from ${name} t with no data`,
    );
    await db.$client.query(["create schema saved", ...copies].join(";\n"));
    return new FacilityRows(db, tables);
  }

  /** Copies all of it aside. @returns the copy's number. */
  async backUp(site: SiteKey): Promise<number> {
    this.copies += 1;
    const copy = this.copies;
    const statements = this.tables.map(
      ({ name, mine }) =>
        `insert into saved.${name} select ${copy}, t.* from ${name} t where ${of(site, mine)}`,
    );
    await this.db.$client.query(statements.join(";\n"));
    return copy;
  }

  /** Puts a copy in the place of all of it. */
  async putBack(site: SiteKey, copy: number): Promise<void> {
    await this.rewrite(
      this.tables.flatMap(({ name, mine, columns }) => [
        `delete from ${name} t where ${of(site, mine)}`,
        `insert into ${name} (${columns}) select ${columns} from saved.${name} t where copy = ${copy} and ${of(site, mine)}`,
      ]),
    );
  }

  /** Forgets the facility, and the copies of it. */
  async clear(site: SiteKey): Promise<void> {
    const both = this.copies === 0 ? [""] : ["", "saved."];
    await this.rewrite(
      both.flatMap((schema) =>
        this.tables.map(({ name, mine }) => `delete from ${schema}${name} t where ${of(site, mine)}`),
      ),
    );
  }

  async isKnown({ facilityId }: SiteKey): Promise<boolean> {
    const found = await this.db.$client.query("select 1 from facilities where id = $1", [facilityId]);
    return found.rowCount !== 0;
  }

  /** The events of the edge's log that are there. */
  async events({ edgeId }: SiteKey): Promise<Set<string>> {
    const { rows } = await this.db.$client.query<{ id: string }>(
      "select event_id as id from edge_events where edge_id = $1",
      [edgeId],
    );
    return new Set(rows.map(({ id }) => id));
  }

  /** With triggers off: rows come in no order that foreign keys would like. */
  private async rewrite(statements: readonly string[]): Promise<void> {
    const all = ["begin", "set local session_replication_role = replica", ...statements, "commit"];
    await this.db.$client.query(all.join(";\n"));
  }
}

function of({ facilityId, edgeId }: SiteKey, mine: Table["mine"]): string {
  return `t.${mine} = '${mine === "edge_id" ? edgeId : facilityId}'`;
}

async function tablesOf(db: Db): Promise<readonly Table[]> {
  // Parts of a table come with it.
  const { rows } = await db.$client.query<{ name: string; columns: string[] }>(
    `select c.table_name as name, array_agg(c.column_name::text order by c.ordinal_position) as columns
      from information_schema.columns c join pg_class k on k.oid = format('%I.%I', c.table_schema, c.table_name)::regclass
      where c.table_schema = 'public' and k.relkind in ('r', 'p') and not k.relispartition
      group by c.table_name order by c.table_name`,
  );
  return rows.flatMap(({ name, columns }) => {
    const mine =
      name === "facilities"
        ? "id"
        : (["facility_id", "edge_id"] as const).find((column) => columns.includes(column));
    if (mine === undefined) return [];
    return [{ name, mine, columns: columns.map((column) => `"${column}"`).join(", ") }];
  });
}
