import { serve } from "@hono/node-server";
import { Hono } from "hono";
import pg from "pg";

/**
 * The floor of the sync bench: the least that takes rows over HTTP into PostgreSQL. A bare Hono route, plain INSERTs
 * of 500 rows each, no checks, no hashes, no duplicates, nothing made of the rows.
 *
 *     sync-floor <postgres url>
 */
const [, , url = ""] = process.argv;
const COLUMNS = [
  "edge_id",
  "seq",
  "event_id",
  "kind",
  "schema_version",
  "wall_time",
  "received_at",
  "payload",
  "outcome",
  "error",
  "epoch",
  "hash",
];

const pool = new pg.Pool({ connectionString: url, max: 20 });
await pool.query("drop table if exists floor_events");
await pool.query(
  `create table floor_events (edge_id uuid not null, seq bigint not null, event_id uuid not null, kind text not null,
   schema_version bigint not null, wall_time timestamptz not null, received_at timestamptz not null, payload json not null,
   outcome text not null, error text, epoch bigint not null, hash bytea, primary key (edge_id, seq))`,
);

const app = new Hono();
app.post("/rows", async (c) => {
  const rows = await c.req.json<unknown[][]>();
  const places = rows.map((row, i) => `(${row.map((_, k) => `$${i * COLUMNS.length + k + 1}`).join(",")})`);
  await pool.query(`insert into floor_events (${COLUMNS.join(",")}) values ${places.join(",")}`, rows.flat());
  return c.json({ rows: rows.length });
});

const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ event: "ready", port })}\n`);
});
process.on("SIGTERM", () => {
  server.close();
  void pool.end().then(() => process.exit(0));
});
