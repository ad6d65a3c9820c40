import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Logger } from "pino";
import { type Clock, readClock } from "@parkme/shared/domain/clock";
import type { Facility } from "@parkme/shared/domain/facility";
import { createIdMint, type IdMint } from "@parkme/shared/domain/ids";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { facilityOf } from "./config/facility-section.ts";
import type { EdgeConfig } from "./config/load.ts";
import { createRequestBuses } from "./devices/buses/request-bus.ts";
import { createMqttBus, type MqttBus } from "./devices/buses/mqtt-bus.ts";
import { announceToHomeAssistant } from "./devices/home-assistant.ts";
import { composeFacility } from "./compose.ts";
import type { Desk } from "./desk/desk.ts";
import { receiptsOf } from "./desk/issuing.ts";
import { applyRemotePayment } from "./desk/remote.ts";
import type { Gate } from "./gate/gate.ts";
import { mqttOf } from "./mqtt-address.ts";
import { createChanges } from "./kiosk/changes.ts";
import { createKioskApp } from "./kiosk/app.ts";
import { listen } from "./kiosk/listen.ts";
import { accountsOf, createSessions } from "./kiosk/sessions.ts";
import { takeSnapshot } from "./kiosk/snapshot.ts";
import { createMetrics } from "./metrics.ts";
import { openDatabase } from "./store/open.ts";
import { createPictures, type Pictures } from "./store/pictures.ts";
import { createStore, type Store } from "./store/store.ts";
import { createRemotePayments } from "./sync/remote-payments.ts";
import { createUplink } from "./sync/uplink.ts";
import { type Keyring, openKeyringAnyway } from "./tickets/keyring.ts";

export type AgentOptions = {
  readonly config: EdgeConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly migrationsFolder: string;
  readonly pageFolder: string;
};

export type Agent = { readonly port: number; readonly stop: () => Promise<void> };

const RETENTION_CHECK_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Composes and starts one facility's agent. Refusals are for the operator to read; nothing is left running. */
export async function startAgent(options: AgentOptions): Promise<Result<Agent, Refusal>> {
  const memory = openMemory(options);
  if (!memory.ok) return memory;
  const { store } = memory.value;
  const { bus, parts, uplink, app } = compose(options, memory.value);
  const remote = remoteOf(options, memory.value, parts.desk);
  const listening = await listen(app.fetch, options.config.http, options.log);
  if (!listening.ok) {
    store.close();
    return listening;
  }
  const endAnnouncement = announce(options, memory.value, bus, parts.gate);
  bus.start();
  await parts.start();
  uplink?.start();
  remote?.start();
  const forget = setInterval(() => forgetOld(options, memory.value), RETENTION_CHECK_MS);
  forgetOld(options, memory.value);
  return ok({
    port: listening.value.port,
    stop: async () => {
      clearInterval(forget);
      endAnnouncement();
      await Promise.all([listening.value.stop(), uplink?.stop(), remote?.stop()]);
      await parts.stop();
      await bus.stop();
      store.close();
    },
  });
}

/** What survives a restart, and the ids that go into it. */
type Memory = {
  readonly facility: Facility;
  readonly mint: IdMint;
  readonly store: Store;
  readonly pictures: Pictures;
  readonly keyring: Keyring;
};

function openMemory({ config, clock, log, migrationsFolder }: AgentOptions): Result<Memory, Refusal> {
  const images = makeFolder(join(config.data_dir, "images"));
  if (!images.ok) return images;
  const keys = makeFolder(join(config.data_dir, "keys"));
  if (!keys.ok) return keys;
  const opening = openKeyringAnyway(keys.value, clock.wallMs(), (message) =>
    log.error({ reason: message }, "ticket keys"),
  );
  if (!opening.ok) return opening;
  const { keyring, setAside } = opening.value;
  const opened = openDatabase({ path: join(config.data_dir, "gate.db"), migrationsFolder });
  if (!opened.ok) return opened;
  const mint = createIdMint((length) => randomBytes(length));
  const facility = facilityOf(config.facility);
  const store = createStore(opened.value, {
    startedAtMs: clock.wallMs(),
    currency: facility.currency,
    mint,
    zones: facility.zones,
    capacity: facility.capacity,
    receipts: receiptsOf(config, facility, keyring),
  });
  if (setAside.length > 0) {
    const detail = `Damaged ticket keys were set aside: ${setAside.join(", ")}. What they signed is keyed in by its number`;
    const alarm = { type: "alarm", kind: "code_refused", detail } as const;
    store.record({ place: facility.slug, records: [alarm] }, readClock(clock));
  }
  return ok({ facility, mint, store, pictures: createPictures(images.value, mint), keyring });
}

/** Joins the parts; nothing runs yet. */
function compose(options: AgentOptions, memory: Memory) {
  const { config, clock, log, pageFolder } = options;
  const { facility, store, pictures } = memory;
  const changes = createChanges();
  const uplink = uplinkOf(options, store);
  const metrics = createMetrics({
    facility: facility.slug,
    movementsBefore: store.movementCounts(),
    pendingEvents: () => uplink?.status().pending ?? 0,
    inside: store.inside,
  });
  const { count } = metrics;
  const common = { facility: facility.slug, epoch: store.epoch, clock, log, count };
  const lines = createRequestBuses({ clock, log });
  const bus = createMqttBus({ ...mqttOf(config), ...common });
  const parts = composeFacility({
    ...memory,
    config,
    clock,
    devices: { bus, lines, secret: config.secret, ...common },
    log,
    touched: () => {
      uplink?.poke();
      changes.note();
    },
    changed: (lane, records) => {
      metrics.recorded(lane, records);
      if (records.length > 0) uplink?.poke();
      changes.note();
    },
  });
  const { gate, desk, paper, tariffs, receiptLink } = parts;
  const app = createKioskApp({
    gate,
    desk,
    paper,
    tariffs,
    store,
    receipts: { store, receiptLink, clock },
    pictures,
    sessions: createSessions(accountsOf(config), clock),
    snapshot: () => takeSnapshot({ facility, gate, store, uplink: () => uplink?.status() ?? null, clock }),
    changes,
    clock,
    cameraKeys: cameraKeysOf(config),
    pageFolder,
    metrics: metrics.scrape,
    unready: () => unready(store, bus),
    log,
    count,
  });
  return { bus, parts, uplink, app };
}

/** Tells Home Assistant of the lanes, where that is wanted. */
function announce({ config }: AgentOptions, { facility }: Memory, bus: MqttBus, gate: Gate): () => void {
  if (config.home_assistant === undefined) return () => undefined;
  const lanes = [...gate.lanes.values()].map(({ runner: { config: lane } }) => ({
    name: lane.name,
    title: lane.title,
    inputs: [...lane.wired],
  }));
  const { prefix } = config.home_assistant;
  return announceToHomeAssistant(bus, {
    prefix,
    facility: facility.slug,
    facilityName: facility.name,
    lanes,
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

function uplinkOf({ config, clock, log }: AgentOptions, store: Store) {
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

/** What drivers paid in an app comes from the cloud. */
function remoteOf({ config, log }: AgentOptions, { store }: Memory, desk: Desk) {
  if (config.cloud === undefined) return null;
  const { url, edge_id: edgeId, token_file } = config.cloud;
  return createRemotePayments({
    url,
    edgeId,
    token: config.secret(token_file),
    cursor: store.remoteCursor,
    setCursor: store.setRemoteCursor,
    apply: (payment) => applyRemotePayment(desk, payment),
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

function forgetOld({ config, clock, log }: AgentOptions, { store, pictures }: Memory): void {
  const before = clock.wallMs() - config.retention_days * DAY_MS;
  try {
    store.forgetReadsBefore(before);
    pictures.forgetBefore(before);
  } catch (error) {
    // A disk that refuses to forget is no reason to stop the gate; the next hour tries again.
    log.error({ err: error }, "old reads and pictures could not be deleted");
  }
}
