import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync } from "mqtt";
import { afterEach, describe, expect, it } from "vitest";
import { createMqttBus } from "../buses/mqtt-bus.ts";
import type { BoardEvent } from "../ports.ts";
import { createTestContext, openCommand, outcomesOf, testClock } from "../testing/context.ts";
import { PASSWORD, startMosquitto } from "../testing/mosquitto.ts";
import { startRelay } from "../testing/relay.ts";
import { until } from "../testing/until.ts";
import { createMqttBoard, mqttBoardConfigSchema } from "./mqtt-board.ts";
import { startSimDevice } from "../testing/sim-device.ts";

const ROOT = "parkme/demo";
const TOPIC = `${ROOT}/board/entry-board`;
const cleanup: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

function state(seq: number, inputs: object = { in1: false }): object {
  return { boot: "boot-1", seq, uptime_ms: 1_000 * seq, inputs, edges: {}, outputs: {} };
}

/** mosquitto, the agent's bus to it over a cable that can be pulled, and one board driver. */
async function startSite(password = PASSWORD) {
  const broker = await startMosquitto(["agent", "entry-board", "other-board"]);
  cleanup.push(() => broker.remove());
  const cable = await startRelay(broker.port);
  cleanup.push(() => cable.stop());
  const counts = new Map<string, number>();
  const warnings: string[] = [];
  const bus = createMqttBus({
    url: `mqtt://127.0.0.1:${cable.port}`,
    username: "agent",
    password,
    facility: "demo",
    epoch: 7,
    clock: testClock,
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (_fields, message) => warnings.push(message),
    },
    count: (name) => counts.set(name, (counts.get(name) ?? 0) + 1),
  });
  const events: BoardEvent[] = [];
  const config = mqttBoardConfigSchema.parse({ name: "entry-board", driver: "mqtt" });
  const board = createMqttBoard(config, createTestContext(bus).context);
  await board.start((event) => events.push(event));
  bus.start();
  cleanup.push(async () => {
    await board.stop();
    await bus.stop();
  });
  return {
    broker,
    cable,
    bus,
    board,
    events,
    warnings,
    last: () => events.at(-1)?.kind,
    up: () => until(() => bus.connected(), "the bus to connect"),
    /** A live state, sent as boards send it: with the retain flag. */
    state: (seq: number, inputs?: object) =>
      broker.publish("entry-board", `${TOPIC}/state`, state(seq, inputs), "-r"),
  };
}

describe("a board behind mosquitto", () => {
  it("is known from what it says now, not from what mosquitto remembers", async () => {
    const { broker, cable, bus, events, state: say, last } = await startSite();
    cable.cut();
    await until(() => !bus.connected(), "the cable to be out");
    await say(1, { in1: true });
    await broker.publish("entry-board", `${TOPIC}/status`, { online: true, boot: "boot-1" }, "-r");
    events.length = 0;
    cable.mend();
    await until(() => bus.connected(), "the cable to be in");
    const heard = await broker.listen("agent", `${TOPIC}/state`);
    await until(() => heard.output().includes("1 1 {"), "mosquitto to remember the state");
    await say(2, { in1: false });
    await until(() => events.length > 0, "the live state");
    expect(events).toEqual([
      { kind: "inputs", levels: { in1: false }, outputs: {}, edges: {}, boot: "boot-1" },
    ]);
    await broker.publish("entry-board", `${TOPIC}/state`, "rubbish", "-r");
    await until(() => last() === "lost", "the silence after rubbish");
  });

  it("is lost with its Will", async () => {
    const { broker, state: say, up, last } = await startSite();
    await up();
    const will = JSON.stringify({ online: false, boot: "boot-1" });
    const options = [
      "--will-topic",
      `${TOPIC}/status`,
      "--will-payload",
      will,
      "--will-retain",
      "--will-qos",
      "1",
    ];
    const board = await broker.listen("entry-board", `${TOPIC}/cmd`, ...options);
    await say(1);
    await until(() => last() === "inputs", "the inputs");
    const begunMs = performance.now();
    board.signal("SIGKILL");
    await until(() => last() === "lost", "the loss");
    // By the Will, not by the freshness limit of 3 s.
    expect(performance.now() - begunMs).toBeLessThan(2_500);
  });

  it("gets commands at QoS 1, not retained, and its answer counts", async () => {
    const { broker, board, events, state: say, up, last } = await startSite();
    await up();
    const peer = await broker.listen("entry-board", `${TOPIC}/cmd`);
    await say(4);
    await until(() => last() === "inputs", "the inputs");
    const command = openCommand({ deadlineMs: performance.now() + 8_000 });
    board.command(command);
    await until(() => peer.output().includes(command.id), "the command");
    const line =
      peer
        .output()
        .split("\n")
        .find((each) => each.startsWith("0 1 {")) ?? "";
    expect(JSON.parse(line.slice(4))).toMatchObject({
      id: command.id,
      epoch: 7,
      boot: "boot-1",
      action: "open",
    });
    await broker.publish("other-board", `${TOPIC}/ack`, { id: command.id, result: "invalid", uptime_ms: 1 });
    await broker.publish("entry-board", `${TOPIC}/ack`, { id: command.id, result: "done", uptime_ms: 1 });
    await until(() => outcomesOf(events, command.id).length > 0, "the outcome");
    expect(outcomesOf(events, command.id)).toEqual(["done"]);
    const later = await broker.listen("entry-board", `${TOPIC}/cmd`, "-W", "1");
    await until(() => later.exitCode() !== null, "a second with no message");
    expect(later.output()).not.toContain(command.id);
  });

  it("is lost with mosquitto, and a command that mosquitto never took is not sent again", async () => {
    const { broker, cable, bus, board, events, state: say, up, last } = await startSite();
    await up();
    await say(1);
    await until(() => last() === "inputs", "the inputs");
    broker.signal("SIGSTOP");
    const command = openCommand({ deadlineMs: performance.now() + 60_000 });
    board.command(command);
    cable.cut();
    broker.signal("SIGKILL");
    await until(() => last() === "lost", "the loss");
    const refused = openCommand();
    board.command(refused);
    expect(outcomesOf(events, refused.id)).toEqual(["refused"]);

    await broker.stop();
    await broker.start();
    const peer = await broker.listen("entry-board", `${TOPIC}/cmd`);
    cable.mend();
    await until(() => bus.connected(), "the bus to come back");
    await say(2);
    await until(() => last() === "inputs", "the inputs again");
    const next = openCommand();
    board.command(next);
    await until(() => peer.output().includes(next.id), "the next command");
    expect(peer.output()).not.toContain(command.id);
    expect(peer.output()).not.toContain(refused.id);
  });
});

describe("a simulated board behind mosquitto", () => {
  it("is known, obeys, and is lost with its network", async () => {
    const { broker, board, events, up, last } = await startSite();
    await up();
    const folder = await mkdtemp(join(tmpdir(), "parkme-board-"));
    cleanup.push(() => rm(folder, { recursive: true }));
    await writeFile(join(folder, "password"), PASSWORD);
    const access = ["--username", "entry-board", "--password-file", join(folder, "password")];
    const place = ["--mqtt", `mqtt://127.0.0.1:${broker.port}`, "--name", "entry-board"];
    const device = await startSimDevice("mqtt-board", [...place, ...access]);
    cleanup.push(() => device.stop());
    await until(() => last() === "inputs", "the inputs");
    await device.tell("input in2 on");
    await until(() => {
      const seen = events.at(-1);
      return seen?.kind === "inputs" && seen.levels["in2"] === true;
    }, "input 2");
    const command = openCommand({ pulseMs: 100, deadlineMs: performance.now() + 8_000 });
    board.command(command);
    await until(() => outcomesOf(events, command.id).join() === "done", "the outcome");
    await until(() => device.moves("open1").length === 2, "the pulse to end");
    await device.tell("offline on");
    await until(() => events.at(-1)?.kind === "lost", "the loss");
    await device.tell("offline off");
    await until(() => last() === "inputs", "the inputs again");
  });
});

describe("the agent behind mosquitto", () => {
  it("announces itself, and is declared dead by its Will or by its own word", async () => {
    const { broker, cable, bus, up } = await startSite();
    await up();
    const status = `${ROOT}/agent/status`;
    const online = JSON.stringify({ online: true, epoch: 7 });
    const offline = JSON.stringify({ online: false, epoch: 7 });
    const first = await broker.listen("agent", status);
    await until(() => first.output().includes(`1 1 ${online}`), "the announcement, retained");
    cable.cut();
    await until(() => first.output().includes(`0 1 ${offline}`), "the Will");
    cable.mend();
    await until(() => first.output().split(online).length === 3, "the announcement again");
    await bus.stop();
    await until(() => first.output().split(offline).length === 3, "the goodbye");
    const later = await broker.listen("agent", status);
    await until(() => later.output().includes(`1 1 ${offline}`), "the goodbye, retained");
  });

  it("says once that it is not let in, and keeps trying", async () => {
    const { bus, warnings, board, events } = await startSite("wrong");
    await until(() => warnings.length > 0, "the complaint");
    const command = openCommand();
    board.command(command);
    await until(() => events.some(({ kind }) => kind === "lost"), "the board to be missed");
    expect(bus.connected()).toBe(false);
    expect(outcomesOf(events, command.id)).toEqual(["refused"]);
    expect(warnings).toEqual(["mqtt connection failed"]);
  });

  it("has its commands answered without waiting for the network to fill packets", async () => {
    const { broker, board, events, up, state: say, last } = await startSite();
    await up();
    const peer = await connectAsync(`mqtt://127.0.0.1:${broker.port}`, {
      username: "entry-board",
      password: PASSWORD,
    });
    cleanup.push(() => peer.endAsync(true));
    peer.on("message", (_topic, payload) => {
      const { id } = JSON.parse(payload.toString()) as { id: string };
      peer.publish(`${TOPIC}/ack`, JSON.stringify({ id, result: "done", uptime_ms: 1 }), { qos: 1 });
    });
    await peer.subscribeAsync(`${TOPIC}/cmd`, { qos: 1 });
    await say(1);
    await until(() => last() === "inputs", "the inputs");
    const tookMs: number[] = [];
    for (let round = 0; round < 60; round++) {
      const command = openCommand({ deadlineMs: performance.now() + 10_000 });
      const begunMs = performance.now();
      board.command(command);
      while (last() !== "outcome") await new Promise((resolve) => setImmediate(resolve));
      tookMs.push(performance.now() - begunMs);
      events.push({ kind: "lost", reason: "marks the end of the round" });
    }
    const median = tookMs.toSorted((a, b) => a - b)[30] ?? Infinity;
    console.log(`command to answer through mosquitto: median ${median.toFixed(2)} ms`);
    // With Nagle's algorithm on either side it is 40 ms at least.
    expect(median).toBeLessThan(30);
  });
});
