import { createServer, type Server, type Socket } from "node:net";
import { Aedes, type Subscription } from "aedes";
import { afterEach, describe, expect, it } from "vitest";
import { testClock } from "../testing/context.ts";
import { until } from "../testing/until.ts";
import { createMqttBus, type MqttBus, type MqttMessage } from "./mqtt-bus.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

/** A broker in this process, whose connections the test can cut. */
async function startBroker() {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server: Server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    aedes.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  cleanup.push(async () => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    await new Promise((resolve) => server.close(resolve));
  });
  const received: string[] = [];
  aedes.on("publish", (packet, client) => {
    if (client !== null) received.push(`${packet.topic} ${packet.payload.toString()}`);
  });
  return {
    port: address.port,
    received,
    sockets,
    subscriptions: (): Promise<string[]> =>
      new Promise((resolve) =>
        aedes.once("subscribe", (topics: Subscription[]) => resolve(topics.map(({ topic }) => topic))),
      ),
    publish: (topic: string, payload: string | Buffer, retain = false): Promise<void> =>
      new Promise((resolve, reject) => {
        const packet = { cmd: "publish", qos: 1, dup: false, topic, payload, retain } as const;
        aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
      }),
  };
}

function busTo(port: number) {
  const counts = new Map<string, number>();
  const link: boolean[] = [];
  const bus: MqttBus = createMqttBus({
    url: `mqtt://127.0.0.1:${port}`,
    facility: "demo",
    epoch: 7,
    clock: testClock,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    count: (name) => counts.set(name, (counts.get(name) ?? 0) + 1),
  });
  bus.onLink((connected) => link.push(connected));
  cleanup.push(() => bus.stop());
  return { bus, counts, link };
}

describe("the mqtt bus", () => {
  it("routes each topic to its handler, with the retained flag", async () => {
    const broker = await startBroker();
    await broker.publish("t/old", "before", true);
    const { bus } = busTo(broker.port);
    const heard: string[] = [];
    for (const topic of ["t/old", "t/new"]) {
      bus.subscribe(topic, ({ payload, retained }) => {
        heard.push(`${topic} ${Buffer.from(payload).toString()} ${retained}`);
      });
    }
    bus.start();
    await until(() => heard.includes("t/old before true"), "the retained message");
    await broker.publish("t/new", "now", true);
    await broker.publish("t/other", "not for us");
    await broker.publish("t/old", "after");
    await until(() => heard.length === 3, "the live messages");
    expect(heard).toEqual(["t/old before true", "t/new now false", "t/old after false"]);
  });

  it("subscribes to what is asked for while it is connected, until told otherwise", async () => {
    const broker = await startBroker();
    const { bus } = busTo(broker.port);
    bus.start();
    await until(() => bus.connected(), "the connection");
    const heard: string[] = [];
    const subscribed = broker.subscriptions();
    const hear = ({ payload }: MqttMessage): void => void heard.push(Buffer.from(payload).toString());
    bus.subscribe("t/late", hear);
    expect(await subscribed).toEqual(["t/late"]);
    await broker.publish("t/late", "one");
    await until(() => heard.length === 1, "the message");
    expect(() => bus.subscribe("t/late", hear)).toThrow(/already/);
    bus.unsubscribe("t/late");
    bus.subscribe("t/mark", () => heard.push("mark"));
    await until(() => broker.received.length > 0, "our announcement");
    await broker.publish("t/late", "two");
    await until(() => bus.publish("t/mark", ""), "a publication");
    await until(() => heard.includes("mark"), "the mark behind it");
    expect(heard).toEqual(["one", "mark"]);
  });

  it("lets several hear one topic, each with what is retained there, until each has had enough", async () => {
    const broker = await startBroker();
    await broker.publish("t/shared", "before", true);
    const { bus } = busTo(broker.port);
    const heard: string[] = [];
    const hearAs =
      (name: string) =>
      ({ payload, retained }: MqttMessage): void =>
        void heard.push(`${name} ${Buffer.from(payload).toString()} ${retained}`);
    const [first, second, third] = [hearAs("first"), hearAs("second"), hearAs("third")];
    bus.subscribe("t/shared", first);
    bus.start();
    await until(() => heard.includes("first before true"), "the retained message");
    bus.subscribe("t/shared", second);
    await until(() => heard.includes("second before true"), "the retained message again");
    bus.unsubscribe("t/shared", first);
    heard.length = 0;
    await broker.publish("t/shared", "one");
    await until(() => heard.length > 0, "the live message");
    expect(heard).toEqual(["second one false"]);
    // One who never heard it ends nothing for the others.
    bus.unsubscribe("t/shared", third);
    bus.unsubscribe("t/shared", second);
    bus.subscribe("t/mark", () => heard.push("mark"));
    await broker.publish("t/shared", "two");
    await until(() => bus.publish("t/mark", ""), "a publication");
    await until(() => heard.includes("mark"), "the mark behind it");
    expect(heard).toEqual(["second one false", "mark"]);
  });

  it("drops a message that is too long, unread", async () => {
    const broker = await startBroker();
    const { bus, counts } = busTo(broker.port);
    const lengths: number[] = [];
    bus.subscribe("t", ({ payload }) => lengths.push(payload.length));
    const subscribed = broker.subscriptions();
    bus.start();
    await subscribed;
    await broker.publish("t", Buffer.alloc(16_385));
    await broker.publish("t", Buffer.alloc(16_384));
    await until(() => lengths.length > 0, "the message that fits");
    expect(lengths).toEqual([16_384]);
    expect(counts.get("mqtt_message_too_long")).toBe(1);
    expect(() => bus.publish("t", "x".repeat(16_385))).toThrow(RangeError);
  });

  it("publishes now or never, and tells of each change of the link", async () => {
    const broker = await startBroker();
    const { bus, counts, link } = busTo(broker.port);
    expect(bus.publish("t", "too early")).toBe(false);
    bus.start();
    await until(() => bus.connected(), "the connection");
    expect(bus.publish("t", "first")).toBe(true);
    await until(() => broker.received.includes("t first"), "the first");
    for (const socket of broker.sockets) socket.destroy();
    await until(() => link.includes(false), "the loss");
    expect(bus.publish("t", "while away")).toBe(false);
    await until(() => link.length === 3, "the link again");
    expect(bus.publish("t", "second")).toBe(true);
    await until(() => broker.received.includes("t second"), "the second");
    expect(link).toEqual([true, false, true]);
    expect(counts.get("mqtt_publish_refused")).toBe(2);
    expect(broker.received.filter((line) => line.startsWith("t "))).toEqual(["t first", "t second"]);
  });

  it("refuses to pile up publications that the broker does not acknowledge", async () => {
    const broker = await startBroker();
    const { bus } = busTo(broker.port);
    bus.start();
    await until(() => broker.received.length === 1, "our announcement");
    await until(() => bus.publish("t", "x"), "a publication");
    let sent = 1;
    // The broker is in this process: within one turn it cannot acknowledge anything.
    while (bus.publish("t", "x")) sent += 1;
    expect(sent).toBeGreaterThanOrEqual(99);
    expect(sent).toBeLessThanOrEqual(100);
    await until(() => bus.publish("t", "again"), "room");
  });

  it("stops without a broker, and does not come back", async () => {
    const broker = await startBroker();
    const { bus, link } = busTo(broker.port);
    bus.start();
    await until(() => bus.connected(), "the connection");
    for (const socket of broker.sockets) socket.destroy();
    await until(() => link.includes(false), "the loss");
    await bus.stop();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(bus.connected()).toBe(false);
    expect(broker.sockets.size).toBe(0);
  });
});
