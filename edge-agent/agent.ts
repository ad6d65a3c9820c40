import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { serve } from "@hono/node-server";
import type { Logger } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import type { Facility } from "@parkme/shared/domain/facility";
import { asId, createIdMint, type FacilityId } from "@parkme/shared/domain/ids";
import { asCurrency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import type { EdgeConfig } from "./config/load.ts";
import { createMqttBus } from "./devices/buses/mqtt-bus.ts";
import { createGate } from "./gate.ts";
import { createChanges } from "./kiosk/changes.ts";
import { createKioskApp } from "./kiosk/app.ts";
import { createSessions } from "./kiosk/sessions.ts";
import { takeSnapshot } from "./kiosk/snapshot.ts";
import { createMetrics } from "./metrics.ts";
import { openDatabase } from "./store/open.ts";
import { createPictures } from "./store/pictures.ts";
import { createStore } from "./store/store.ts";
import { createUplink } from "./sync/uplink.ts";

export type AgentOptions = {
  readonly config: EdgeConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly migrationsFolder: string;
  readonly pageFolder: string;
};

export type Agent = { readonly port: number; readonly stop: () => Promise<void> };

const RETENTION_CHECK_MS = 3_600_000;
/** Pages, cameras and monitors of one facility, with room; each may hold a camera's push in memory. */
const MAX_CONNECTIONS = 200;
const DAY_MS = 86_400_000;

/** Composes and starts one facility's agent. Refusals are for the operator to read; nothing is left running. */
export async function startAgent(options: AgentOptions): Promise<Result<Agent, Refusal>> {
  const { config, clock, log } = options;
  const images = makeFolder(join(config.data_dir, "images"));
  if (!images.ok) return images;
  const opened = openDatabase({
    path: join(config.data_dir, "gate.db"),
    migrationsFolder: options.migrationsFolder,
  });
  if (!opened.ok) return opened;

  const mint = createIdMint((length) => randomBytes(length));
  const facility = facilityOf(config);
  const store = createStore(opened.value, { currency: facility.currency, mint });
  const pictures = createPictures(images.value, mint);
  const changes = createChanges();
  const uplink = uplinkOf(options, store);
  const metrics = createMetrics({
    facility: facility.slug,
    movementsBefore: store.movementCounts(),
    pendingEvents: () => uplink?.status().pending ?? 0,
    inside: store.inside,
  });
  const { count } = metrics;
  const { username, password_file, url } = config.mqtt;
  const bus = createMqttBus({
    url,
    ...(username === undefined ? {} : { username }),
    ...(password_file === undefined ? {} : { password: config.secret(password_file) }),
    facility: facility.slug,
    epoch: store.epoch,
    clock,
    log,
    count,
  });
  const devices = { bus, facility: facility.slug, epoch: store.epoch, clock, log, count };
  const gate = createGate({
    config,
    facility,
    store,
    pictures,
    bus,
    mint,
    devices,
    log,
    changed: (lane, records) => {
      metrics.recorded(lane, records);
      if (records.length > 0) uplink?.poke();
      changes.note();
    },
  });
  const attendants = config.attendants.map(({ name, pin_file }) => ({ name, pin: config.secret(pin_file) }));
  const app = createKioskApp({
    gate,
    store,
    pictures,
    sessions: createSessions(attendants, clock),
    snapshot: () => takeSnapshot({ facility, gate, store, uplink: () => uplink?.status() ?? null, clock }),
    changes,
    cameraKeys: cameraKeysOf(config),
    pageFolder: options.pageFolder,
    metrics: metrics.scrape,
    unready: () => unready(store, bus),
    log,
    count,
  });

  const listening = await listen(app.fetch, config.http, log);
  if (!listening.ok) {
    store.close();
    return listening;
  }
  bus.start();
  await gate.start();
  uplink?.start();
  const forget = setInterval(() => forgetOld(options, store, pictures), RETENTION_CHECK_MS);
  forgetOld(options, store, pictures);

  return ok({
    port: listening.value.port,
    stop: async () => {
      clearInterval(forget);
      await Promise.all([listening.value.stop(), uplink?.stop()]);
      await gate.stop();
      await bus.stop();
      store.close();
    },
  });
}

function makeFolder(path: string): Result<string, Refusal> {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return ok(path);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return err(refusal("data_dir_unusable", "operator", `${path} cannot be made (${why}): set data_dir.`));
  }
}

function facilityOf({ facility }: EdgeConfig): Facility {
  const { slug, name, capacity, time_zone: timeZone } = facility;
  return {
    id: asId<FacilityId>(facility.id),
    slug,
    name,
    capacity,
    timeZone,
    currency: asCurrency(facility.currency),
  };
}

function uplinkOf({ config, clock, log }: AgentOptions, store: ReturnType<typeof createStore>) {
  if (config.cloud === undefined) return null;
  const { url, edge_id: edgeId, token_file } = config.cloud;
  return createUplink({
    url,
    edgeId,
    token: config.secret(token_file),
    log: store,
    clock,
    random: Math.random,
    note: log,
  });
}

function cameraKeysOf(config: EdgeConfig): Map<string, string> {
  return new Map(
    config.cameras.flatMap((camera) =>
      camera.driver === "hikvision" ? [[camera.name, config.secret(camera.key_file)] as const] : [],
    ),
  );
}

function unready(
  store: { readonly ping: () => void },
  bus: { readonly connected: () => boolean },
): string | null {
  try {
    store.ping();
  } catch {
    return "the database does not answer";
  }
  return bus.connected() ? null : "the MQTT broker is not connected";
}

function forgetOld(
  { config, clock, log }: AgentOptions,
  store: ReturnType<typeof createStore>,
  pictures: ReturnType<typeof createPictures>,
): void {
  const before = clock.wallMs() - config.retention_days * DAY_MS;
  try {
    store.forgetReadsBefore(before);
    pictures.forgetBefore(before);
  } catch (error) {
    // A disk that refuses to forget is no reason to stop the gate; the next hour tries again.
    log.error({ err: error }, "old reads and pictures could not be deleted");
  }
}

type Listening = { readonly port: number; readonly stop: () => Promise<void> };

function listen(
  fetch: (request: Request, env: object) => Response | Promise<Response>,
  { host, port }: EdgeConfig["http"],
  log: Logger,
): Promise<Result<Listening, Refusal>> {
  return new Promise((resolve) => {
    const server = serve({ fetch, hostname: host, port }, (info: AddressInfo) => {
      server.off("error", refuse);
      server.on("error", (error) => log.error({ err: error }, "the HTTP server had an error"));
      resolve(
        ok({
          port: info.port,
          stop: () =>
            new Promise<void>((done) => {
              server.close(() => done());
              // Pages hold their live stream open for ever: they reconnect when the agent is back.
              if ("closeAllConnections" in server) server.closeAllConnections();
            }),
        }),
      );
    });
    function refuse(error: NodeJS.ErrnoException): void {
      const why =
        error.code === "EADDRINUSE" ? "is in use" : `cannot be used (${error.code ?? "unknown error"})`;
      const message = `Port ${port} on ${host} ${why}: set PARKME_EDGE_PORT or http.port to another one.`;
      resolve(err(refusal("port_unusable", "operator", message)));
    }
    if ("maxConnections" in server) server.maxConnections = MAX_CONNECTIONS;
    server.once("error", refuse);
  });
}
