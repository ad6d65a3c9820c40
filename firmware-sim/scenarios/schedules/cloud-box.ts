import { createHash, randomUUID } from "node:crypto";
import { pino } from "pino";
import { createApp, type CloudApp } from "../../../cloud-api/app.ts";
import type { Db } from "../../../cloud-api/db/connection.ts";
import { bookStayPayment } from "../../../cloud-api/payments/queries.ts";
import { createMetrics } from "../../../cloud-api/metrics.ts";
import { startTestCloud } from "../../../cloud-api/testing/cloud.ts";
import { startTestServer } from "../../../cloud-api/testing/database.ts";
import { START_MS } from "../../../edge-agent/store/testing/gate-db.ts";
import type { FarEnd, SimAnswer, SimRequest } from "./network.ts";

/** Headquarters: one real database for all schedules, in which each has a facility of its own. */
export type Headquarters = {
  readonly db: Db;
  /** A program that serves one schedule after another. */
  readonly open: () => Promise<CloudBox>;
  readonly stop: () => Promise<void>;
};

export type Site = { readonly facilityId: string; readonly edgeId: string; readonly token: string };

/** A table with the rows of each facility told apart. */
type Table = { readonly name: string; readonly columns: string; readonly mine: string };

export async function startHeadquarters(): Promise<Headquarters> {
  // A server of its own: its settings are changed, and its schedules run for minutes.
  const cloud = await startTestCloud({ database: await startTestServer() });
  const { db } = cloud;
  // Nothing here outlives the test.
  await db.$client.query("alter system set synchronous_commit = off");
  await db.$client.query("alter system set autovacuum = off");
  await db.$client.query("select pg_reload_conf()");
  const tables = await tablesOf(db);
  await db.$client.query(["create schema saved", ...tables.map(({ name }) => savedTable(name))].join(";\n"));
  return {
    db,
    open: async () => {
      const box = new CloudBox(db, tables, async (clock) =>
        createApp({
          db,
          clock,
          log: pino({ level: "silent" }),
          metrics: createMetrics([]),
          page: null,
          migrations: 0,
          // No web socket is open here that anybody would have to be told at.
          listen: () => ({ ready: Promise.resolve(), close: () => undefined }),
        }),
      );
      await box.start();
      return box;
    },
    stop: cloud.stop,
  };
}

type CloudClock = { readonly wallMs: () => number; readonly monotonicMs: () => number };

export class CloudBox implements FarEnd {
  /** Of the schedule that it serves. */
  nowMs: () => number = () => 0;
  private app: CloudApp | null = null;
  private starts = 0;
  private readonly db: Db;
  private readonly tables: readonly Table[];
  private readonly make: (clock: CloudClock) => Promise<CloudApp>;

  constructor(db: Db, tables: readonly Table[], make: (clock: CloudClock) => Promise<CloudApp>) {
    [this.db, this.tables, this.make] = [db, tables, make];
  }

  generation = (): number | null => (this.app === null ? null : this.starts);

  async start(): Promise<void> {
    if (this.app !== null) return;
    this.starts += 1;
    this.app = await this.make({ wallMs: () => START_MS + this.nowMs(), monotonicMs: () => this.nowMs() });
  }

  kill(): void {
    this.app?.close();
    this.app = null;
  }

  request = async ({ path, method, headers, body }: SimRequest): Promise<SimAnswer> => {
    if (this.app === null) throw new Error("nobody answers");
    const init = { method, headers, ...(body === null ? {} : { body: new Uint8Array(body) }) };
    const response = await this.app.request(path, init);
    return {
      status: response.status,
      headers: response.headers,
      bytes: Buffer.from(await response.arrayBuffer()),
    };
  };

  /** A facility with one gate. */
  async provide(): Promise<Site> {
    const [facilityId, edgeId, token] = [randomUUID(), randomUUID(), `token-${randomUUID()}`];
    const hash = createHash("sha256").update(token).digest("hex");
    await this.db.$client.query(`
      insert into facilities (id, organisation_id, slug, name, time_zone, currency, capacity)
        select '${facilityId}', id, 'f-${facilityId}', 'House', 'Europe/Berlin', 'EUR', 100 from organisations limit 1;
      insert into lanes (facility_id, slug, name, direction, position)
        values ('${facilityId}', 'entry', 'Entry', 'entry', 1), ('${facilityId}', 'exit', 'Exit', 'exit', 2);
      insert into edges (id, facility_id, token_hash) values ('${edgeId}', '${facilityId}', '\\x${hash}')`);
    return { facilityId, edgeId, token };
  }

  /** A provider tells of money for one of a site's stays. @returns false when nobody has one, or nobody hears. */
  async payInApp(
    { facilityId }: Site,
    { reference, amountMinor }: { readonly reference: string; readonly amountMinor: number },
  ): Promise<boolean> {
    if (this.app === null) return false;
    const { rows } = await this.db.$client.query<{ id: string }>(
      "select stay_id as id from stays where facility_id = $1 order by stay_id desc limit 1",
      [facilityId],
    );
    const stayId = rows[0]?.id;
    if (stayId === undefined) return false;
    const paid = { reference, amountMinor, facilityId, stayId };
    const payment = { ...paid, status: "captured", method: "upi", currency: "EUR" } as const;
    const now = new Date(START_MS + this.nowMs());
    await this.db.transaction(
      async (tx) => await bookStayPayment(tx, "wallet", payment, idOf(reference), now),
    );
    return true;
  }

  /** Copies all that is known of a site aside. */
  async backUp(site: Site, copy: number): Promise<void> {
    const statements = this.tables.map(
      ({ name, mine }) =>
        `insert into saved.${name} select ${copy}, t.* from ${name} t where ${of(site, mine)}`,
    );
    await this.db.$client.query(statements.join(";\n"));
  }

  /** Puts a copy in the place of all that is known of a site now. */
  async putBack(site: Site, copy: number): Promise<void> {
    const statements = this.tables.flatMap(({ name, mine, columns }) => [
      `delete from ${name} t where ${of(site, mine)}`,
      `insert into ${name} (${columns}) select ${columns} from saved.${name} t where copy = ${copy} and ${of(site, mine)}`,
    ]);
    // Its own triggers off: rows come in no order that foreign keys would like.
    const all = ["begin", "set local session_replication_role = replica", ...statements, "commit"];
    await this.db.$client.query(all.join(";\n"));
  }

  async eventsOnDisk({ edgeId }: Site): Promise<Set<string>> {
    const { rows } = await this.db.$client.query<{ id: string }>(
      "select event_id as id from edge_events where edge_id = $1",
      [edgeId],
    );
    return new Set(rows.map(({ id }) => id));
  }
}

/** The same id for the same reference. */
function idOf(reference: string): string {
  const hex = createHash("sha256").update(reference).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

function of({ facilityId, edgeId }: Site, mine: string): string {
  return `t.${mine} = '${mine === "edge_id" ? edgeId : facilityId}'`;
}

function savedTable(name: string): string {
  return `create table saved.${name} as select 0 as copy, t.* from ${name} t with no data`;
}

async function tablesOf(db: Db): Promise<readonly Table[]> {
  const { rows } = await db.$client.query<{ name: string; columns: string[] }>(
    `select table_name as name, array_agg(column_name::text order by ordinal_position) as columns
      from information_schema.columns where table_schema = 'public' group by table_name order by table_name`,
  );
  return rows.flatMap(({ name, columns }) => {
    const mine =
      name === "facilities" ? "id" : ["facility_id", "edge_id"].find((column) => columns.includes(column));
    if (mine === undefined) return [];
    return [{ name, mine, columns: columns.map((column) => `"${column}"`).join(", ") }];
  });
}
