import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createApp } from "../../../cloud-api/app.ts";
import { openDatabase, withClient, type Db } from "../../../cloud-api/db/connection.ts";
import { startEmbeddedDatabase, type EmbeddedDatabase } from "../../../cloud-api/db/embedded.ts";
import { migrateDatabase } from "../../../cloud-api/db/migrate.ts";
import { accessSecret, nonceSecret, signingKey } from "../../../cloud-api/fleet/cloud-keys.queries.ts";
import { createMetrics } from "../../../cloud-api/metrics.ts";
import { plainPlatform } from "../../../cloud-api/platform/open-platform.ts";
import { CLOUD_MIGRATIONS } from "../migrations.ts";
import type { SitePlan } from "../schedule.ts";
import { CloudProgram } from "./cloud-program.ts";
import { openSite, type CloudSite, type SiteParts } from "./cloud-site.ts";
import { FacilityRows, type Site } from "./facility-rows.ts";
import { makeOrganisation, provide, type Place } from "./provide.ts";
import { keepQuiet } from "./quiet-pool.ts";
import { WALLET } from "./wallet.ts";

/** Headquarters: one real database, in which each simulation has a facility of its own. */
export type Headquarters = {
  readonly db: Db;
  readonly rows: FacilityRows;
  /** A program that runs, for simulations that share the database with others at the same moment. */
  readonly open: () => Promise<CloudProgram>;
  /** A facility with a gate, for such a program. */
  readonly provide: (place: Place) => Promise<Site>;
  /** A facility and its cloud, for one simulation; one at a time, or their histories depend on each other. */
  readonly site: (plan: SitePlan, parts: SiteParts) => Promise<CloudSite>;
  readonly stop: () => Promise<void>;
};

/** Nothing here outlives the process: the database waits for no disk. */
const SETTINGS = ["synchronous_commit", "full_page_writes", "autovacuum", "jit"] as const;

export async function startHeadquarters(): Promise<Headquarters> {
  const folder = await mkdtemp(join(tmpdir(), "parkme-headquarters-"));
  const forget = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  try {
    const server = await startEmbeddedDatabase(folder, () => undefined);
    try {
      return await openHeadquarters(server, forget);
    } catch (error) {
      await server.stop();
      throw error;
    }
  } catch (error) {
    await forget();
    throw error;
  }
}

/** @param forget removes the server's folder, when it has stopped. */
async function openHeadquarters(
  server: EmbeddedDatabase,
  forget: () => Promise<void>,
): Promise<Headquarters> {
  await withClient(server.connection, async (client) => {
    for (const name of SETTINGS) await client.query(`alter system set ${name} = off`);
    await client.query("select pg_reload_conf()");
    const migrated = await migrateDatabase(client, CLOUD_MIGRATIONS);
    if (!migrated.ok) throw new Error(migrated.error);
  });
  const { db, close } = openDatabase(server.connection, () => undefined);
  const idle = await keepQuiet(db);
  const rows = await FacilityRows.open(db);
  const organisation = await makeOrganisation(db);
  // Made at their first use: before the first simulation, which must not be another one than the second.
  await Promise.all([signingKey(db), accessSecret(db), nonceSecret(db)]);
  const program = programOn(db, idle);
  await program.start();
  return {
    db,
    rows,
    open: async () => {
      const another = programOn(db, null);
      await another.start();
      return another;
    },
    provide: async (place) => await provide(db, organisation.id, place),
    site: async (plan, parts) => await openSite({ db, rows, program, organisation, plan }, parts),
    stop: async () => {
      program.kill();
      await close();
      await server.stop();
      await forget();
    },
  };
}

function programOn(db: Db, idle: (() => Promise<void>) | null): CloudProgram {
  const log = pino({ level: "silent" });
  return new CloudProgram({
    idle,
    jobs: { db, log },
    make: async (clock) => {
      const metrics = createMetrics([]);
      const platform = plainPlatform({ clock, metrics: metrics.api });
      const app = await createApp({
        db,
        clock,
        log,
        metrics,
        platform,
        page: null,
        migrations: 0,
        providers: [WALLET],
        // There is no other process that would have something to tell; edges' lines are told by whoever acts.
        listen: () => ({ ready: Promise.resolve(), close: () => undefined }),
      });
      return { app, cache: platform.cache };
    },
  });
}
