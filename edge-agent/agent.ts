import type { Logger } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import { ok, type Result } from "@parkme/shared/domain/result";
import type { Refusal } from "@parkme/shared/domain/errors";
import type { EdgeConfig } from "./config/load.ts";
import { createRequestBuses } from "./devices/buses/request-bus.ts";
import { createMqttBus, type MqttBus } from "./devices/buses/mqtt-bus.ts";
import { announceToHomeAssistant } from "./devices/home-assistant.ts";
import type { Gate } from "./gate/gate.ts";
import { type JoinedGate, joinGate } from "./join.ts";
import { mqttOf } from "./mqtt-address.ts";
import { createChanges } from "./kiosk/changes.ts";
import { createKioskApp } from "./kiosk/app.ts";
import { listen } from "./kiosk/listen.ts";
import { accountsOf, createSessions } from "./kiosk/sessions.ts";
import { type Memory, openMemory } from "./memory.ts";
import { createMetrics } from "./metrics.ts";

export type AgentOptions = {
  readonly config: EdgeConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly migrationsFolder: string;
  readonly pageFolder: string;
};

export type Agent = { readonly port: number; readonly stop: () => Promise<void> };

/** Composes and starts one facility's agent. Refusals are for the operator to read; nothing is left running. */
export async function startAgent(options: AgentOptions): Promise<Result<Agent, Refusal>> {
  const memory = openMemory(options);
  if (!memory.ok) return memory;
  const { close } = memory.value;
  const { bus, gate, app } = compose(options, memory.value);
  const { parts, link, upkeep } = gate;
  const listening = await listen(app.fetch, options.config.http, options.log);
  if (!listening.ok) {
    close();
    return listening;
  }
  const endAnnouncement = announce(options, memory.value, bus, parts.gate);
  bus.start();
  await gate.start();
  return ok({
    port: listening.value.port,
    stop: async () => {
      endAnnouncement();
      await Promise.all([listening.value.stop(), upkeep.stop(), link?.stop()]);
      await parts.stop();
      await bus.stop();
      close();
    },
  });
}

/** Joins the gate with its broker, its metrics and its pages; nothing runs yet. */
function compose(options: AgentOptions, memory: Memory) {
  const { config, clock, log, pageFolder } = options;
  const { facility, store, pictures } = memory;
  const changes = createChanges();
  const metrics = createMetrics({
    facility: facility.slug,
    movementsBefore: store.movementCounts(),
    pendingEvents: () => gate.link?.status().pending ?? 0,
    inside: store.inside,
  });
  const { count } = metrics;
  const lines = createRequestBuses({ clock, log });
  const common = { facility: facility.slug, epoch: store.epoch, clock, log, count };
  const bus = createMqttBus({ ...mqttOf(config), ...common });
  const gate: JoinedGate = joinGate(
    {
      config,
      clock,
      log,
      devices: { bus, lines, count },
      recorded: metrics.recorded,
      touched: changes.note,
    },
    memory,
  );
  const { desk, paper, tariffs, receiptLink } = gate.parts;
  const staff = (name: string) => store.manifestEntry("staff", name)?.body ?? null;
  const app = createKioskApp({
    gate: gate.parts.gate,
    desk,
    paper,
    tariffs,
    store,
    pictures,
    receipts: { store, receiptLink, clock },
    sessions: createSessions(accountsOf(config), clock, { staff }),
    snapshot: gate.snapshot,
    changes,
    clock,
    cameraKeys: cameraKeysOf(config),
    pageFolder,
    metrics: metrics.scrape,
    unready: () => unready(store, bus),
    log,
    count,
  });
  return { bus, gate, app };
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
