import { randomUUID } from "node:crypto";
import { join } from "node:path";
import Database from "better-sqlite3";
import pg from "pg";
import { embeddedDatabase } from "../site/cloud-database.ts";
import { layOutSite, type SitePlan } from "../site/plan.ts";
import { freePort } from "../site/ports.ts";
import { createSite, type Site } from "../site/site.ts";
import { signIn, type Person } from "../scenarios/cashier.ts";
import { ROOT, rssMb } from "./gate-run.ts";
import { TRAFFIC_BOOT, TRAFFIC_VERSION, trafficFrom } from "./log-traffic.ts";

/**
 * One gate comes back after weeks without the cloud: its log of so many events flows, through the programs themselves,
 * while somebody at headquarters wants to see what goes on at the gate now.
 */
export type CatchUp = {
  readonly seconds: number;
  /** The longest that a change at the gate took to be seen at headquarters meanwhile. */
  readonly liveLagS: number;
  readonly edgeRssMb: number;
  readonly cloudRssMb: number;
};

const LOOK_MS = 50;
const CHANGE_EVERY_MS = 2_000;
const DAYS_MS = 30 * 86_400_000;

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

export async function measureCatchUp(folder: string, events: number): Promise<CatchUp> {
  const ports = {
    cloud: await freePort(),
    edge: await freePort(),
    mqtt: await freePort(),
    exitBoard: await freePort(),
  };
  const plan = layOutSite({ folder, ports, attendant: "manual" });
  const site = createSite({ plan, ports, distFolder: join(ROOT, "dist"), speed: 1, seed: "bench" });
  try {
    await site.start("broker");
    // Once, so that the database is made.
    await (await site.start("edge")).stop();
    const last = fillLog(join(folder, "edge", "gate.db"), events);
    await site.start("cloud");
    return await watchCatchUp(site, plan, last);
  } finally {
    await site.stop();
  }
}

/** Writes the log of weeks behind what is there. @returns the number of its last row. */
export function fillLog(path: string, events: number): number {
  const db = new Database(path, { fileMustExist: true });
  db.pragma("synchronous = OFF");
  const head = db.prepare<[], { seq: number; hash: string }>(
    "select seq, hash from log order by seq desc limit 1",
  );
  const insert = db.prepare(
    `insert into log (seq, event_id, kind, schema_version, wall_at, payload, epoch, monotonic_ms, boot_id, rows, hash)
     values (@seq, @eventId, @kind, ${TRAFFIC_VERSION}, @wallMs, @payload, 1, @monotonicMs, '${TRAFFIC_BOOT}', @rows, @hash)`,
  );
  const startMs = Date.now() - DAYS_MS;
  const traffic = trafficFrom(startMs, head.get());
  let last = 0;
  for (let written = 0; written < events;) {
    db.transaction(() => {
      for (let i = 0; i < 10_000 && written < events; i++, written++) {
        const next = traffic.next();
        if (next.done === true) throw new Error("the traffic has no end");
        insert.run({ ...next.value, monotonicMs: next.value.wallMs - startMs });
        last = next.value.seq;
      }
    })();
  }
  db.close();
  return last;
}

async function watchCatchUp(site: Site, plan: SitePlan, last: number): Promise<CatchUp> {
  const client = new pg.Client(embeddedDatabase(join(plan.folder, "cloud")));
  await client.connect();
  const startMs = performance.now();
  await site.start("edge");
  const [edge, cloud] = [site.running("edge"), site.running("cloud")];
  if (edge === undefined || cloud === undefined) throw new Error("a program has ended");
  const person = await signIn(plan.edgeUrl, plan.attendant.name, plan.attendant.secret);
  const most = { edgeRssMb: 0, cloudRssMb: 0, liveLagS: 0 };
  let nextChangeMs = performance.now();
  try {
    for (let mode = 0; ;) {
      most.edgeRssMb = Math.max(most.edgeRssMb, rssMb(edge.pid));
      most.cloudRssMb = Math.max(most.cloudRssMb, rssMb(cloud.pid));
      const cursor = await cursorOf(client);
      if (cursor >= last) return { seconds: (performance.now() - startMs) / 1_000, ...most };
      if (performance.now() >= nextChangeMs) {
        most.liveLagS = Math.max(
          most.liveLagS,
          await changeSeen(client, person, MODES[mode++ % 2] ?? "open"),
        );
        nextChangeMs = performance.now() + CHANGE_EVERY_MS;
      }
      await sleep(LOOK_MS);
    }
  } finally {
    await client.end();
  }
}

const MODES = ["full", "open"] as const;

async function cursorOf(client: pg.Client): Promise<number> {
  const { rows } = await client.query<{ cursor: string }>("select max(cursor) as cursor from edges");
  return Number(rows[0]?.cursor ?? 0);
}

/** A lane's mode is changed at the gate. @returns how long until headquarters' own row of the live state says so, s. */
async function changeSeen(client: pg.Client, person: Person, mode: string): Promise<number> {
  const startMs = performance.now();
  const { status } = await person.post("/api/modes", {
    scope: "lane",
    name: "entry",
    mode,
    reason: "bench",
    idempotency_key: randomUUID(),
  });
  if (status >= 300) throw new Error(`the mode could not be set: ${status}`);
  for (;;) {
    const { rows } = await client.query<{ mode: string | null }>(
      `select lane->>'mode' as mode from edge_live, json_array_elements(state->'lanes') lane where lane->>'lane' = 'entry'`,
    );
    if (rows[0]?.mode === mode) return (performance.now() - startMs) / 1_000;
    await sleep(LOOK_MS);
  }
}
