import { drizzle, type NodePgDatabase } from "drizzle-orm/node-postgres";
import pg from "pg";
import { inSpan } from "../telemetry/spans.ts";
import * as accounts from "./accounts-schema.ts";
import * as bookings from "./bookings-schema.ts";
import * as enforcement from "./enforcement-schema.ts";
import * as money from "./money-schema.ts";
import * as places from "./places-schema.ts";
import * as platform from "./platform-schema.ts";
import * as first from "./schema.ts";
import * as sync from "./sync-schema.ts";
import { watchQueries, type QueryWatch } from "./watch-queries.ts";

const schema = {
  ...first,
  ...sync,
  ...accounts,
  ...places,
  ...bookings,
  ...money,
  ...enforcement,
  ...platform,
};

export type Db = NodePgDatabase<typeof schema> & { readonly $client: pg.Pool };
/** The connection of one transaction. */
export type Tx = Parameters<Parameters<Db["transaction"]>[0]>[0];
/** A connection as the driver has it, for what the query builder has no words for. */
export type Client = pg.PoolClient;

/** Where the database is: a URL (`postgres://...`), or the parts of one. */
export type DatabaseAddress =
  | string
  | {
      readonly host: string;
      readonly port: number;
      readonly user: string;
      readonly password: string;
      readonly database: string;
    };

/** What one request may ask of the server before it is told no. */
const STATEMENT_TIMEOUT_MS = 30_000;
const CONNECTIONS = 20;

/**
 * Opens a pool of at most {@link CONNECTIONS} connections. Nothing is connected yet: the first query is.
 *
 * @param onLost is told of an idle connection that broke; the pool replaces it.
 * @param watch is told of each query.
 */
export function openDatabase(
  address: DatabaseAddress,
  onLost: (error: Error) => void,
  watch?: QueryWatch,
): { readonly db: Db; readonly close: () => Promise<void> } {
  const pool = new pg.Pool({
    ...clientConfig(address),
    max: CONNECTIONS,
    connectionTimeoutMillis: 5_000,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
  });
  pool.on("error", onLost);
  // The pool listens to idle connections only. One that breaks between two queries of a transaction would end the program;
  // the next query says that it broke.
  pool.on("connect", (client) => client.on("error", () => undefined));
  if (watch !== undefined) pool.on("connect", (client) => watchQueries(client, watch));
  return { db: drizzle(pool, { schema }), close: () => pool.end() };
}

/** The query builder on one connection: making it takes a while, so each connection keeps its own. */
const builders = new WeakMap<Client, NodePgDatabase<typeof schema>>();

/** A transaction with its connection, for what the query builder has no words for: COPY, and prepared statements. */
export async function transact<T>(db: Db, work: (tx: Tx, client: Client) => Promise<T>): Promise<T> {
  return await inSpan("database transaction", { "db.system.name": "postgresql" }, async () => {
    const client = await db.$client.connect();
    try {
      const builder = builders.get(client) ?? drizzle(client, { schema });
      builders.set(client, builder);
      return await builder.transaction(async (tx) => await work(tx, client));
    } finally {
      client.release();
    }
  });
}

/** One connection outside the pool and its limits of time, for work at the start. */
export async function withClient<T>(
  address: DatabaseAddress,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ ...clientConfig(address), connectionTimeoutMillis: 5_000 });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Of every connection of ours. */
export function clientConfig(address: DatabaseAddress): pg.ClientConfig {
  const where = typeof address === "string" ? { connectionString: address } : address;
  return { ...where, application_name: "parkme-cloud-api", keepAlive: true };
}
