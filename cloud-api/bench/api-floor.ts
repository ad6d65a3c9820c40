import { randomUUID } from "node:crypto";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import pg from "pg";
import { countOverlaps, seed, someSpots } from "./api-seed.ts";

/**
 * The ground of the API bench: it fills the cloud's database, and is the floor: a bare Hono route that asks the database
 * for nothing, and the bare transaction of a booking (lock a spot's row, write a row) through the same driver.
 *
 *     api-floor <postgres url> <facilities> <bookings>
 */
const [, , url = "", facilities = "1000", bookings = "100000"] = process.argv;

const pool = new pg.Pool({ connectionString: url, max: 20 });
const facilityIds = await seed(pool, { facilities: Number(facilities), bookings: Number(bookings) });
await pool.query(
  `create table if not exists floor_bookings (facility_id uuid not null, id uuid not null, spot_id uuid not null,
     entry_time timestamptz not null, expected_exit timestamptz not null, status text not null, primary key (facility_id, id))`,
);

const app = new Hono();
app.get("/select", async (c) => {
  await pool.query("select 1");
  return c.json({ ok: true });
});
app.get("/facilities", (c) => c.json(facilityIds));
app.get("/spots/:count", async (c) => c.json(await someSpots(pool, Number(c.req.param("count")))));
app.get("/overlaps", async (c) => c.json(await countOverlaps(pool)));
app.get("/transactions/:clients/:seconds", async (c) => {
  const clients = Number(c.req.param("clients"));
  const endMs = performance.now() + Number(c.req.param("seconds")) * 1_000;
  const spots = await someSpots(pool, clients * 50);
  const startMs = performance.now();
  const done = await Promise.all(
    Array.from({ length: clients }, async (_, k) => {
      let n = 0;
      while (performance.now() < endMs) {
        const spot = spots[(n * clients + k) % spots.length];
        if (spot !== undefined) await transaction(spot);
        n += 1;
      }
      return n;
    }),
  );
  const total = done.reduce((sum, n) => sum + n, 0);
  return c.json((total * 1_000) / (performance.now() - startMs));
});

async function transaction(spot: { facility_id: string; spot_id: string }): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("begin");
    await client.query("select id from spots where facility_id = $1 and id = $2 for update", [
      spot.facility_id,
      spot.spot_id,
    ]);
    await client.query("insert into floor_bookings values ($1, $2, $3, now(), now(), 'CONFIRMED')", [
      spot.facility_id,
      randomUUID(),
      spot.spot_id,
    ]);
    await client.query("commit");
  } finally {
    client.release();
  }
}

const server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) => {
  process.stdout.write(`${JSON.stringify({ event: "ready", port })}\n`);
});
process.on("SIGTERM", () => {
  server.close();
  void pool.end().then(() => process.exit(0));
});
