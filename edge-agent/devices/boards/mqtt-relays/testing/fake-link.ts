import type { MqttBus, MqttHandler } from "../../../buses/mqtt-bus.ts";
import type { Board, BoardEvent, RelayCommand } from "../../../ports.ts";
import type { DeviceContext } from "../../../context.ts";
import { createTestContext, openCommand, outcomesOf } from "../../../testing/context.ts";

/** One message the driver published. */
export type Sent = { readonly topic: string; readonly payload: string; readonly retain: boolean };

/**
 * A driver on a bus without a broker: the test plays the device, with what the driver sends at hand. `answer` hears
 * every message at once, and may call `say`.
 */
export async function startOnFakeLink(
  create: (context: DeviceContext) => Board,
  answer: (sent: Sent, say: (topic: string, message: unknown, retained?: boolean) => void) => void = () => {},
) {
  const handlers = new Map<string, Set<MqttHandler>>();
  const listeners = new Set<(connected: boolean) => void>();
  const sent: Sent[] = [];
  let up = true;
  /** Text and bytes go as they are, everything else as JSON. */
  function say(topic: string, message: unknown, retained = false): void {
    const text = typeof message === "string" ? message : JSON.stringify(message);
    const payload = message instanceof Uint8Array ? message : Buffer.from(text);
    for (const handler of handlers.get(topic) ?? []) handler({ payload, retained });
  }
  const bus: MqttBus = {
    start: () => undefined,
    connected: () => up,
    subscribe(topic, handler) {
      handlers.set(topic, (handlers.get(topic) ?? new Set()).add(handler));
    },
    unsubscribe(topic, handler) {
      const left = handlers.get(topic);
      if (handler !== undefined) left?.delete(handler);
      if (handler === undefined || left?.size === 0) handlers.delete(topic);
    },
    onLink(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    publish(topic, payload, { retain = false } = {}) {
      if (!up) return false;
      sent.push({ topic, payload, retain });
      answer({ topic, payload, retain }, say);
      return true;
    },
    stop: () => Promise.resolve(),
  };
  const { context, counts, warnings } = createTestContext(bus);
  const events: BoardEvent[] = [];
  const board = create(context);
  await board.start((event) => events.push(event));
  return {
    board,
    events,
    counts,
    warnings,
    sent,
    say,
    topics: () => [...handlers.keys()],
    link(connected: boolean): void {
      up = connected;
      for (const listener of listeners) listener(connected);
    },
    payloads: (topic: string) => sent.filter((each) => each.topic === topic).map(({ payload }) => payload),
    /** What was last told of the inputs and relays; null = nothing yet. */
    image() {
      const event = events.findLast(({ kind }) => kind === "inputs");
      return event?.kind === "inputs" ? { levels: event.levels, outputs: event.outputs } : null;
    },
    last: (kind: BoardEvent["kind"]) => events.findLast((event) => event.kind === kind),
    outcome: ({ id }: RelayCommand) => outcomesOf(events, id).join(),
    detail: ({ id }: RelayCommand) =>
      events.flatMap((event) =>
        event.kind === "outcome" && event.commandId === id ? [event.detail] : [],
      )[0],
  };
}

/** Opens by `r1`; `r2` closes. */
export function openByRelay(overrides: Partial<RelayCommand> = {}): RelayCommand {
  return openCommand({
    relay: "r1",
    release: ["r2"],
    pulseMs: 500,
    deadlineMs: performance.now() + 2_000,
    ...overrides,
  });
}
