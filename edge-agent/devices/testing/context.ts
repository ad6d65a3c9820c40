import type { Clock } from "@parkme/shared/domain/clock";
import { asId, type CommandId } from "@parkme/shared/domain/ids";
import type { MqttBus, MqttMessage } from "../buses/mqtt-bus.ts";
import { createRequestBuses } from "../buses/request-bus.ts";
import type { DeviceContext } from "../context.ts";
import type { RelayCommand, BoardEvent } from "../ports.ts";

export const testClock: Clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };

/** Collects counts and warnings, so that a test can ask for them. */
export function createTestContext(bus: MqttBus) {
  const counts = new Map<string, number>();
  const warnings: string[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_fields: object, message: string) => void warnings.push(message),
  };
  const context: DeviceContext = {
    bus,
    lines: createRequestBuses({ clock: testClock, log }),
    facility: "demo",
    epoch: 7,
    clock: testClock,
    // In tests a secret's path is the secret itself.
    secret: (path) => path,
    log,
    count: (name) => counts.set(name, (counts.get(name) ?? 0) + 1),
  };
  return { context, counts, warnings };
}

/** A bus without a broker: the test is the other side. */
export function createFakeBus() {
  const handlers = new Map<string, (message: MqttMessage) => void>();
  const listeners = new Set<(connected: boolean) => void>();
  const published: { topic: string; document: Record<string, unknown> }[] = [];
  let up = true;
  const bus: MqttBus = {
    start: () => undefined,
    connected: () => up,
    subscribe: (topic, handler) => void handlers.set(topic, handler),
    unsubscribe: (topic) => void handlers.delete(topic),
    onLink(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    publish(topic, payload) {
      if (up) published.push({ topic, document: JSON.parse(payload) as Record<string, unknown> });
      return up;
    },
    stop: () => Promise.resolve(),
  };
  return {
    bus,
    published,
    topics: () => [...handlers.keys()],
    link(connected: boolean): void {
      up = connected;
      for (const listener of listeners) listener(connected);
    },
    /** Text and bytes go as they are, everything else as JSON. */
    deliver(topic: string, message: unknown, retained = false): void {
      const payload =
        message instanceof Uint8Array
          ? message
          : Buffer.from(typeof message === "string" ? message : JSON.stringify(message));
      handlers.get(topic)?.({ payload, retained });
    },
  };
}

let minted = 0;

/** A command with a fresh id, to open barrier 1 within a second. */
export function openCommand(overrides: Partial<RelayCommand> = {}): RelayCommand {
  minted += 1;
  const id = asId<CommandId>(`00000000-0000-7000-8000-${minted.toString(16).padStart(12, "0")}`);
  return {
    id,
    relay: "open1",
    release: ["close1", "stop1"],
    pulseMs: 500,
    deadlineMs: performance.now() + 1_000,
    ...overrides,
  };
}

export function outcomesOf(events: readonly BoardEvent[], id: CommandId): string[] {
  return events.flatMap((event) =>
    event.kind === "outcome" && event.commandId === id ? [event.outcome] : [],
  );
}
