import { createHash } from "node:crypto";
import { pino, type Logger } from "pino";
import { createMailer, type Mail } from "../accounts/mail.ts";
import type { AccountSettings } from "../accounts/settings.ts";
import { createApp, type CloudApp } from "../app.ts";
import type { Provision } from "../config/provision-file.ts";
import type { Page } from "../dashboard/page.ts";
import { openDatabase, withClient, type Db } from "../db/connection.ts";
import type { DatabaseConnection } from "../db/embedded.ts";
import { openListener } from "../db/listener.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { provision } from "../facilities/provision.ts";
import type { PictureFiles } from "../fleet/picture-files.ts";
import type { Edge } from "../fleet/queries.ts";
import { createMetrics, type CloudMetrics } from "../metrics.ts";
import type { WebhookReader } from "../payments/provider-event.ts";
import { plainPlatform, type Platform } from "../platform/open-platform.ts";
import { startMigratedDatabase, type TestDatabase } from "./database.ts";
import { MIGRATIONS } from "./migrations.ts";

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

export const OTHER_FACILITY_ID = "0192a000-0000-7000-8000-000000000002";
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
  /** What was mailed; `settled` waits for what is on its way. */
  readonly mails: readonly Mail[] & { readonly settled: () => Promise<void> };
  /** The cloud's clock; a test sets it. */
  readonly clock: { now: Date };
  readonly stop: () => Promise<void>;
};

/** The whole cloud but its socket: real database, migrated and provisioned, and the app on it. */
export async function startTestCloud({
  page = null,
  webhooks = [],
  pingMs,
  pictures,
  log = pino({ level: "silent" }),
  platform,
  database,
  secondFactor = "optional",
}: {
  readonly page?: Page | null;
  readonly webhooks?: readonly WebhookReader[];
  /** How often edges' web sockets are pinged. */
  readonly pingMs?: number;
  /** Left out: none are taken. */
  readonly pictures?: PictureFiles;
  /** Left out: it says nothing. */
  readonly log?: Logger;
  readonly secondFactor?: AccountSettings["secondFactor"];
  /** Left out: no limits, nobody is trusted, a cache of its own. */
  readonly platform?: Partial<Platform>;
  /** Left out: one of its own. */
  readonly database?: TestDatabase;
} = {}): Promise<TestCloud> {
  const server = database ?? (await startMigratedDatabase());
  const migrated = await withClient(server.address, (client) => migrateDatabase(client, MIGRATIONS));
  if (!migrated.ok) throw new Error(migrated.error);
  const metrics = createMetrics([]);
  const { db, close } = openDatabase(server.address, () => undefined, metrics.api.query);
  await provision(db, PROVISION);
  const clock = { now: new Date("2026-07-15T12:00:00Z") };
  const time = { wallMs: () => clock.now.getTime(), monotonicMs: () => performance.now() };
  const sent: Mail[] = [];
  const mail = createMailer(async (each) => void sent.push(each), log);
  const app = await createApp({
    db,
    accounts: { mail, publicUrl: "https://parkme.test", secondFactor },
    clock: time,
    log,
    platform: { ...plainPlatform({ clock: time, metrics: metrics.api }), ...platform },
    metrics,
    page,
    webhooks,
    migrations: migrated.value,
    checkAnswers: true,
    listen: (channel, events) => openListener(server.address, channel, events),
    ...(pingMs === undefined ? {} : { pingMs }),
    ...(pictures === undefined ? {} : { pictures }),
  });
  return {
    db,
    app,
    metrics,
    mails: Object.assign(sent, { settled: mail.settled }),
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
