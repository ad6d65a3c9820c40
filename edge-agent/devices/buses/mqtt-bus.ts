import { Socket } from "node:net";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import type { Clock } from "@parkme/shared/domain/clock";
import { type AgentStatus, gateTopics, MAX_GATE_MESSAGE_BYTES } from "@parkme/shared/protocol/gate-mqtt";
import type { Count, DeviceLog } from "../log.ts";
import { createBackoff } from "./backoff.ts";

/** Publications the broker has not acknowledged yet; past this the broker is taken for stuck. */
const MAX_UNACKNOWLEDGED = 100;
const KEEPALIVE_S = 5;
const CONNECT_TIMEOUT_MS = 5_000;
const STOP_TIMEOUT_MS = 1_000;

export type MqttBusOptions = {
  /** `mqtt://host:port` or `mqtts://host:port`. */
  readonly url: string;
  readonly username?: string;
  readonly password?: string;
  /** A probe stands beside a running agent: it announces nothing, and takes nobody's place. */
  readonly role?: "agent" | "probe";
  readonly facility: string;
  readonly epoch: number;
  readonly clock: Clock;
  readonly log: DeviceLog;
  readonly count: Count;
};

export type MqttMessage = {
  /** At most MAX_GATE_MESSAGE_BYTES. */
  readonly payload: Uint8Array;
  /** True = the broker's memory of something said earlier, never a statement about now. */
  readonly retained: boolean;
};

export type MqttHandler = (message: MqttMessage) => void;

/**
 * The agent's one connection to the gate's broker (MQTT 3.1.1), shared by its drivers. It announces the agent on
 * `agent/status`, with a Will for the case that the agent dies.
 */
export type MqttBus = {
  /** Connects, and keeps reconnecting until {@link MqttBus.stop}. */
  readonly start: () => void;
  readonly connected: () => boolean;
  /**
   * Hears one exact topic from now on, whatever happens to the connection. Several drivers may hear the same topic:
   * each of them then also gets again what the broker retains there.
   */
  readonly subscribe: (topic: string, handler: MqttHandler) => void;
  /** Ends one handler of a topic; without naming it, all of them. */
  readonly unsubscribe: (topic: string, handler?: MqttHandler) => void;
  /** Calls back on every change of the connection; returns how to end that. */
  readonly onLink: (listener: (connected: boolean) => void) => () => void;
  /**
   * Sends at QoS 1, now or never: false = not sent, because the link is down or the broker does not keep up.
   * Nothing is kept for later, so a command cannot come out of a queue after its moment.
   */
  readonly publish: (topic: string, payload: string, options?: { readonly retain?: boolean }) => boolean;
  /** Says goodbye (status offline) and disconnects; resolves within about a second. */
  readonly stop: () => Promise<void>;
};

export function createMqttBus(options: MqttBusOptions): MqttBus {
  return new Bus(options);
}

/**
 * Every connection gets a client object of its own. The library would otherwise keep QoS 1 publications that were
 * not acknowledged and send them again after reconnecting, clean session or not: for a barrier, a replay.
 */
class Bus implements MqttBus {
  readonly #options: MqttBusOptions;
  readonly #handlers = new Map<string, Set<MqttHandler>>();
  readonly #listeners = new Set<(connected: boolean) => void>();
  readonly #backoff = createBackoff(Math.random);
  #client: MqttClient | null = null;
  #connectedAtMs: number | null = null;
  #unacknowledged = 0;
  #retry: NodeJS.Timeout | undefined;
  #stopped = false;
  #complained = false;

  constructor(options: MqttBusOptions) {
    this.#options = options;
  }

  start(): void {
    const client = connect(this.#options.url, this.#clientOptions());
    this.#client = client;
    client.on("connect", () => this.#connected(client));
    client.on("close", () => this.#closed(client));
    client.on("message", (topic, payload, packet) => this.#received(topic, payload, packet.retain));
    client.on("error", (error) => {
      // Once per outage: a broker that is away for a week must not fill the disk with this line.
      const level = this.#complained ? "debug" : "warn";
      this.#options.log[level]({ error: error.message }, "mqtt connection failed");
      this.#complained = true;
    });
  }

  connected(): boolean {
    return this.#connectedAtMs !== null;
  }

  subscribe(topic: string, handler: MqttHandler): void {
    const handlers = this.#handlers.get(topic) ?? new Set();
    if (handlers.has(handler)) throw new Error(`topic already has this handler: ${topic}`);
    this.#handlers.set(topic, handlers.add(handler));
    if (this.connected()) this.#requestTopics([topic]);
  }

  unsubscribe(topic: string, handler?: MqttHandler): void {
    const handlers = this.#handlers.get(topic);
    if (handlers === undefined) return;
    if (handler === undefined) handlers.clear();
    else handlers.delete(handler);
    if (handlers.size > 0) return;
    this.#handlers.delete(topic);
    if (this.connected()) this.#client?.unsubscribe(topic);
  }

  onLink(listener: (connected: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  publish(topic: string, payload: string, { retain = false }: { readonly retain?: boolean } = {}): boolean {
    if (Buffer.byteLength(payload) > MAX_GATE_MESSAGE_BYTES)
      throw new RangeError(`message too long for ${topic}`);
    const client = this.#client;
    if (client === null || !this.connected() || this.#unacknowledged >= MAX_UNACKNOWLEDGED) {
      this.#options.count("mqtt_publish_refused");
      return false;
    }
    this.#unacknowledged += 1;
    client.publish(topic, payload, { qos: 1, retain }, (error) => {
      if (this.#client === client) this.#unacknowledged -= 1;
      if (error) this.#options.count("mqtt_publish_failed");
    });
    return true;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    if (client === null) return;
    const goodbye = this.connected();
    // A clean DISCONNECT cancels the Will, so the same words are said by hand.
    if (goodbye) this.#announce(false);
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_TIMEOUT_MS);
    });
    // `end` waits for outstanding acknowledgements, which a dead broker never sends.
    await Promise.race([client.endAsync(!goodbye), patience]);
    clearTimeout(timer);
    client.stream.destroy();
  }

  #clientOptions(): IClientOptions {
    const { facility, username, password, role } = this.#options;
    const will = {
      topic: this.#statusTopic(),
      payload: Buffer.from(this.#status(false)),
      qos: 1,
      retain: true,
    } as const;
    return {
      protocolVersion: 4,
      clean: true,
      // The same id at every start: the broker then ends the session of a predecessor that died without a word,
      // and says its Will before it hears our status, not after.
      clientId: `parkme-${role ?? "agent"}-${facility}`,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password }),
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      ...(role === "probe" ? {} : { will }),
    };
  }

  #announce(online: boolean): void {
    if (this.#options.role !== "probe")
      this.publish(this.#statusTopic(), this.#status(online), { retain: true });
  }

  #statusTopic(): string {
    return gateTopics(this.#options.facility).agentStatus();
  }

  #status(online: boolean): string {
    return JSON.stringify({ online, epoch: this.#options.epoch } satisfies AgentStatus);
  }

  #connected(client: MqttClient): void {
    if (this.#stopped) return;
    // With Nagle's algorithm on, a command waits for the acknowledgement of the message before it: 40 ms or more.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    this.#connectedAtMs = this.#options.clock.monotonicMs();
    this.#unacknowledged = 0;
    this.#complained = false;
    this.#options.log.info({}, "mqtt connected");
    this.#announce(true);
    this.#requestTopics([...this.#handlers.keys()]);
    for (const listener of this.#listeners) listener(true);
  }

  #closed(client: MqttClient): void {
    if (client !== this.#client) return;
    this.#client = null;
    const wasUp = this.#connectedAtMs;
    this.#connectedAtMs = null;
    if (wasUp !== null) {
      this.#options.log[this.#stopped ? "info" : "warn"]({}, "mqtt disconnected");
      for (const listener of this.#listeners) listener(false);
    }
    if (this.#stopped) return;
    const delayMs = this.#backoff.nextMs(wasUp === null ? 0 : this.#options.clock.monotonicMs() - wasUp);
    this.#retry = setTimeout(() => this.start(), delayMs);
  }

  #requestTopics(topics: string[]): void {
    if (topics.length === 0) return;
    this.#client?.subscribe(topics, { qos: 1 }, (error, granted) => {
      const refused = (granted ?? []).filter(({ qos }) => qos === 128).map(({ topic }) => topic);
      if (error === null && refused.length === 0) return;
      this.#options.count("mqtt_subscribe_failed");
      this.#options.log.warn({ topics: refused, error: error?.message }, "mqtt subscription refused");
    });
  }

  #received(topic: string, payload: Uint8Array, retained: boolean): void {
    if (payload.length > MAX_GATE_MESSAGE_BYTES) {
      this.#options.count("mqtt_message_too_long");
      return;
    }
    const handlers = this.#handlers.get(topic);
    if (handlers === undefined) this.#options.count("mqtt_message_unrouted");
    else for (const handler of handlers) handler({ payload, retained });
  }
}
