import { randomUUID } from "node:crypto";
import { connectAsync, type MqttClient } from "mqtt";
import {
  boardCommandSchema,
  gateTopics,
  type BoardAck,
  type BoardState,
  type PlateMessage,
} from "@parkme/shared/protocol/gate-mqtt";

/** How long the arming loop must be covered before the agent asks for a plate, as the benches configure it. */
export const ARM_MS = 20;

type Point = "in1" | "in2" | "in3" | "in4" | "in5";

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** A client that does not wait to fill its packets: request and reply would take 88 ms instead of 0.1. */
export async function noDelay(url: string): Promise<MqttClient> {
  const client = await connectAsync(url, { protocolVersion: 4 });
  if ("setNoDelay" in client.stream && typeof client.stream.setNoDelay === "function")
    client.stream.setNoDelay(true);
  return client;
}

/** A board and a camera at one lane, moving as fast as the agent lets them. */
export class BenchLane {
  readonly latencies: number[] = [];
  unanswered = 0;
  readonly #boot = randomUUID();
  readonly #started = performance.now();
  readonly #inputs: Record<Point, boolean> = { in1: false, in2: false, in3: false, in4: false, in5: true };
  readonly #edges: Record<Point, number> = { in1: 0, in2: 0, in3: 0, in4: 0, in5: 1 };
  readonly #relays = { open1: false, close1: false };
  #seq = 0;
  #commanded: ((action: string, atMs: number) => void) | null = null;

  readonly name: string;
  readonly client: MqttClient;
  readonly #topics: ReturnType<typeof gateTopics>;

  constructor(facility: string, name: string, client: MqttClient) {
    this.#topics = gateTopics(facility);
    this.name = name;
    this.client = client;
  }

  async start(): Promise<void> {
    await this.client.subscribeAsync(this.#topics.boardCommand(this.name), { qos: 1 });
    this.client.on("message", (topic, payload) => {
      if (topic === this.#topics.boardCommand(this.name)) this.#obey(payload, performance.now());
    });
    const status = JSON.stringify({ online: true, boot: this.#boot });
    await this.client.publishAsync(this.#topics.boardStatus(this.name), status, { qos: 1, retain: true });
    this.#report();
  }

  heartbeat(): void {
    this.#report();
  }

  #obey(payload: Buffer, atMs: number): void {
    const command = boardCommandSchema.parse(JSON.parse(payload.toString()));
    const ack: BoardAck = { id: command.id, result: "done", uptime_ms: this.#uptimeMs() };
    this.client.publish(this.#topics.boardAck(this.name), JSON.stringify(ack), { qos: 1 });
    this.#commanded?.(command.action, atMs);
    if (command.action !== "stop") this.#pulse(command.action, command.pulse_ms);
  }

  #pulse(action: "open" | "close", pulseMs: number): void {
    this.#relays[`${action}1`] = true;
    this.#report();
    setTimeout(() => {
      this.#relays[`${action}1`] = false;
      this.#report();
    }, pulseMs);
  }

  #uptimeMs(): number {
    return Math.round(performance.now() - this.#started);
  }

  #set(changes: Partial<Record<Point, boolean>>): void {
    for (const [point, on] of Object.entries(changes) as [Point, boolean][]) {
      if (on && !this.#inputs[point]) this.#edges[point] += 1;
      this.#inputs[point] = on;
    }
    this.#report();
  }

  #report(): void {
    const state: BoardState = {
      boot: this.#boot,
      seq: ++this.#seq,
      uptime_ms: this.#uptimeMs(),
      inputs: this.#inputs,
      edges: this.#edges,
      outputs: { ...this.#relays },
    };
    this.client.publish(this.#topics.boardState(this.name), JSON.stringify(state), { qos: 1, retain: true });
  }

  #command(action: string, withinMs: number): Promise<number | null> {
    return new Promise((done) => {
      const timer = setTimeout(() => finish(null), withinMs);
      const finish = (atMs: number | null): void => {
        clearTimeout(timer);
        this.#commanded = null;
        done(atMs);
      };
      this.#commanded = (got, atMs) => {
        if (got === action) finish(atMs);
      };
    });
  }

  /** One vehicle: onto the arming loop, read, let in, through the loops, arm down. */
  async serve(plate: string, measured: boolean): Promise<void> {
    this.#set({ in1: true });
    await sleep(ARM_MS + 25);
    const open = this.#command("open", 2_000);
    const read: PlateMessage = { event_id: randomUUID(), plate, confidence: 0.97, direction: "towards" };
    const sentMs = performance.now();
    this.client.publish(this.#topics.cameraPlate(`${this.name}-cam`), JSON.stringify(read), { qos: 1 });
    const openedMs = await open;
    if (openedMs === null) this.unanswered += 1;
    else if (measured) this.latencies.push(openedMs - sentMs);
    const close = this.#command("close", 2_000);
    this.#set({ in5: false });
    this.#set({ in4: true });
    await sleep(5);
    this.#set({ in2: true });
    await sleep(10);
    this.#set({ in1: false, in3: true });
    await sleep(10);
    this.#set({ in2: false });
    await sleep(10);
    this.#set({ in3: false });
    if ((await close) === null) this.unanswered += 1;
    this.#set({ in4: false });
    this.#set({ in5: true });
  }
}
