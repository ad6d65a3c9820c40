import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { createApp, type CloudApp } from "../app.ts";
import type { Provision } from "../config/provision-file.ts";
import type { Page } from "../dashboard/page.ts";
import { openDatabase, withClient, type Db } from "../db/connection.ts";
import { startEmbeddedDatabase, type DatabaseConnection } from "../db/embedded.ts";
import { openListener } from "../db/listener.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { provision } from "../facilities/provision.ts";
import { countMovements, type Edge } from "../fleet/queries.ts";
import { createMetrics, type CloudMetrics } from "../metrics.ts";
import type { WebhookReader } from "../payments/provider-event.ts";

export const MIGRATIONS = join(import.meta.dirname, "../db/migrations");

export const FACILITY_ID = "0192a000-0000-7000-8000-000000000001";
export const EDGE_ID = "0192a000-0000-7000-8000-0000000000e1";
export const EDGE_TOKEN = "a-token-of-the-first-edge-0001";
export const USER = { email: "hq@example.test", name: "Headquarters", password: "correct horse battery" };

/** The first edge as its token names it; only dashboards ask for the organisation. */
export const EDGE: Edge = {
  id: EDGE_ID,
  facilityId: FACILITY_ID,
  facilitySlug: "harbour",
  organisationId: "0192a000-0000-7000-8000-0000000000aa",
};

const OTHER_FACILITY_ID = "0192a000-0000-7000-8000-000000000002";
export const OTHER_EDGE_ID = "0192a000-0000-7000-8000-0000000000e2";
export const OTHER_EDGE_TOKEN = "a-token-of-the-other-edge-0002";

/** Two facilities on two continents, and one user. */
export const PROVISION: Provision = {
  organisation: { slug: "example", name: "Example Parking" },
  facilities: [
    {
      id: FACILITY_ID,
      slug: "harbour",
      name: "Harbour Square",
      timeZone: "Europe/Berlin",
      currency: "EUR",
      capacity: 120,
      lanes: [
        { slug: "entry", name: "Entry 1", direction: "entry" },
        { slug: "exit", name: "Exit 1", direction: "exit" },
      ],
      edge: { id: EDGE_ID, tokenHash: sha256(EDGE_TOKEN) },
    },
    {
      id: OTHER_FACILITY_ID,
      slug: "shibuya",
      name: "Shibuya Tower",
      timeZone: "Asia/Tokyo",
      currency: "JPY",
      capacity: 40,
      lanes: [{ slug: "entry", name: "Entry A", direction: "entry" }],
      edge: { id: OTHER_EDGE_ID, tokenHash: sha256(OTHER_EDGE_TOKEN) },
    },
  ],
  users: [USER],
};

export type TestCloud = {
  readonly db: Db;
  readonly app: CloudApp;
  readonly metrics: CloudMetrics;
  readonly address: DatabaseConnection;
  /** The cloud's clock; a test sets it. */
  readonly clock: { now: Date };
  readonly stop: () => Promise<void>;
};

/** A PostgreSQL server in a folder of its own. */
export async function startTestDatabase(): Promise<{
  readonly address: DatabaseConnection;
  readonly stop: () => Promise<void>;
}> {
  const folder = await mkdtemp(join(tmpdir(), "parkme-cloud-"));
  const server = await startEmbeddedDatabase(folder, () => undefined);
  return {
    address: server.connection,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The whole cloud but its socket: real database, migrated and provisioned, and the app on it. */
export async function startTestCloud({
  page = null,
  webhooks = [],
  pingMs,
}: {
  readonly page?: Page | null;
  readonly webhooks?: readonly WebhookReader[];
  /** How often edges' web sockets are pinged. */
  readonly pingMs?: number;
} = {}): Promise<TestCloud> {
  const server = await startTestDatabase();
  const migrated = await withClient(server.address, (client) => migrateDatabase(client, MIGRATIONS));
  if (!migrated.ok) throw new Error(migrated.error);
  const { db, close } = openDatabase(server.address, () => undefined);
  await provision(db, PROVISION);
  const clock = { now: new Date("2026-07-15T12:00:00Z") };
  const metrics = createMetrics(await countMovements(db));
  const app = await createApp({
    db,
    clock: { wallMs: () => clock.now.getTime(), monotonicMs: () => performance.now() },
    log: pino({ level: "silent" }),
    metrics,
    page,
    webhooks,
    migrations: migrated.value,
    listen: (channel, events) => openListener(server.address, channel, events),
    ...(pingMs === undefined ? {} : { pingMs }),
  });
  return {
    db,
    app,
    metrics,
    address: server.address,
    clock,
    async stop() {
      app.close();
      await close();
      await server.stop();
    },
  };
}

/** Signs the user in. @returns the `cookie` header to send from then on. */
export async function signIn(app: CloudApp): Promise<string> {
  const response = await app.request("/api/session", {
    method: "POST",
    headers: { "content-type": "application/json", "x-parkme": "1" },
    body: JSON.stringify({ email: USER.email, password: USER.password }),
  });
  const cookie = response.headers.get("set-cookie")?.split(";")[0];
  if (response.status !== 204 || cookie === undefined) throw new Error(`sign-in answered ${response.status}`);
  return cookie;
}

function sha256(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
