import { randomUUID } from "node:crypto";
import { createServer, type AddressInfo, type Server } from "node:net";
import {
  boardAckSchema,
  boardStateSchema,
  boardStatusSchema,
  gateTopics,
  type BoardCommand,
  type BoardState,
} from "@parkme/shared/protocol/gate-mqtt";
import { Aedes } from "aedes";
import type { MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { connectMqtt } from "../transports/mqtt-client.ts";
import { startMqttBoard, type MqttBoard } from "./mqtt-board.ts";

const TOPICS = gateTopics("demo");
const WITHIN = { timeout: 10_000, interval: 5 };
let name = "";
let boards = 0;
let broker: Aedes;
let server: Server;
let url: string;
let agent: MqttClient;
let board: MqttBoard;
let heard: { topic: string; message: unknown; retain: boolean }[] = [];

beforeAll(async () => {
  broker = await Aedes.createBroker();
  server = createServer({ noDelay: true }, broker.handle);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise<void>((resolve) => broker.close(resolve));
  server.close();
});

beforeEach(async () => {
  heard = [];
  // A name of its own: retained messages of another test are no business of this one.
  name = `north-${++boards}`;
  board = startMqttBoard({ mqtt: { url }, facility: "demo", name });
  agent = connectMqtt({ url }, {});
  agent.on("message", (topic, payload, { retain }) => {
    heard.push({ topic, message: JSON.parse(payload.toString()), retain });
  });
  await agent.subscribeAsync(said(), { qos: 1 });
  await vi.waitUntil(() => board.connected() && states().length > 0, WITHIN);
});
afterEach(async () => {
  await board.stop();
  await agent.endAsync();
});

const said = () => [TOPICS.boardStatus(name), TOPICS.boardState(name), TOPICS.boardAck(name)];
const of = (topic: string) => heard.filter((one) => one.topic === topic).map(({ message }) => message);
const states = (): BoardState[] =>
  of(TOPICS.boardState(name)).map((message) => boardStateSchema.parse(message));
const statuses = () => of(TOPICS.boardStatus(name)).map((message) => boardStatusSchema.parse(message));
const acks = () => of(TOPICS.boardAck(name)).map((message) => boardAckSchema.parse(message));

function command(change: Partial<BoardCommand> = {}): BoardCommand {
  return {
    id: randomUUID(),
    epoch: 1,
    boot: board.board.boot(),
    deadline_uptime_ms: board.board.uptimeMs() + 60_000,
    barrier: 1,
    action: "open",
    pulse_ms: 60,
    ...change,
  };
}

async function send(message: unknown): Promise<void> {
  const text = typeof message === "string" ? message : JSON.stringify(message);
  await agent.publishAsync(TOPICS.boardCommand(name), text, { qos: 1 });
}

async function ackOf(message: BoardCommand): Promise<string | undefined> {
  const before = acks().length;
  await send(message);
  await vi.waitUntil(() => acks().length > before, WITHIN);
  const ack = acks().at(-1);
  return ack?.id === message.id ? ack.result : undefined;
}

/** Sends something that must not be answered, then a command that must: the answer proves the silence. */
async function expectIgnored(act: () => Promise<unknown>, count = 1): Promise<void> {
  await act();
  expect(await ackOf(command({ action: "stop" }))).toBe("done");
  expect(acks()).toHaveLength(1);
  expect(board.counts().ignored).toBe(count);
}

describe("a board on MQTT", () => {
  it("says that it is there, retained, and repeats its state", async () => {
    await vi.waitUntil(() => states().length >= 3, WITHIN);
    expect(statuses().at(-1)).toMatchObject({ online: true, boot: board.board.boot() });
    const seqs = states().map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(new Set(seqs).size).toBe(seqs.length);
    heard = [];
    await agent.unsubscribeAsync(said());
    await agent.subscribeAsync(said(), { qos: 1 });
    await vi.waitUntil(() => states().length > 0 && statuses().length > 0, WITHIN);
    expect(heard.filter(({ retain }) => retain)).toHaveLength(2);
  });

  it("publishes every change of an input with its edges", async () => {
    const before = states().length;
    board.board.setInput("in2", true);
    board.board.setInput("in2", false);
    board.board.setInput("in2", true);
    await vi.waitUntil(() => states().length >= before + 3, WITHIN);
    const fresh = states().slice(before);
    expect(fresh.map(({ inputs }) => inputs["in2"])).toEqual(expect.arrayContaining([true, false, true]));
    expect(fresh.at(-1)?.edges["in2"]).toBe(2);
    expect(Object.keys(fresh[0]?.inputs ?? {})).toHaveLength(8);
  });

  it("pulses a relay once, and shows it", async () => {
    expect(await ackOf(command())).toBe("done");
    await vi.waitUntil(() => states().some(({ outputs }) => outputs["open1"] === true), WITHIN);
    await vi.waitUntil(() => states().at(-1)?.outputs["open1"] === false, WITHIN);
    expect(states().some(({ outputs }) => outputs["open1"] === true && outputs["close1"] === true)).toBe(
      false,
    );
  });

  it("drops what is late, repeated, fenced, or meant for another boot or barrier", async () => {
    const first = command({ epoch: 5 });
    expect(await ackOf(first)).toBe("done");
    expect(await ackOf(first)).toBe("duplicate");
    expect(await ackOf(command({ epoch: 4 }))).toBe("fenced");
    await vi.waitUntil(() => board.board.uptimeMs() > 0, WITHIN);
    expect(await ackOf(command({ epoch: 5, deadline_uptime_ms: 0 }))).toBe("late");
    expect(await ackOf(command({ epoch: 5, boot: "another-boot" }))).toBe("rebooted");
    expect(await ackOf(command({ epoch: 5, barrier: 2 }))).toBe("invalid");
    expect(await ackOf({ ...command({ epoch: 5 }), pulse_ms: 1 })).toBe("invalid");
    expect(board.counts().results).toMatchObject({
      done: 1,
      duplicate: 1,
      fenced: 1,
      late: 1,
      rebooted: 1,
      invalid: 2,
    });
  });

  it("remembers the last 64 commands", async () => {
    const commands = Array.from({ length: 65 }, () => command({ action: "stop" }));
    for (const one of commands) expect(await ackOf(one)).toBe("done");
    expect(await ackOf(commands[1] as BoardCommand)).toBe("duplicate");
    expect(await ackOf(commands[0] as BoardCommand)).toBe("done");
  });

  it.each(["", "{", "null", "[]", '"open"', '{"id":"no-uuid"}', " ".repeat(20_000), "\u0000\u00ff"])(
    "ignores and counts garbage %#",
    async (garbage) => {
      await expectIgnored(() => send(garbage));
    },
  );

  it("ignores a retained command, even a good one", async () => {
    const retained = JSON.stringify(command());
    // Retained messages are marked so only for who subscribes later: the board, after its cable was out.
    board.unplug(true);
    await agent.publishAsync(TOPICS.boardCommand(name), retained, { qos: 1, retain: true });
    board.unplug(false);
    await vi.waitUntil(() => board.connected() && board.counts().ignored === 1, WITHIN);
    await expectIgnored(async () => {});
    expect(board.board.relays()["open1"]).toBe(false);
  });

  it("leaves a Will when its power fails, and comes back under a new name", async () => {
    const boot = board.board.boot();
    board.board.setInput("in1", true);
    board.reboot();
    await vi.waitUntil(() => statuses().some(({ online }) => !online), WITHIN);
    await vi.waitUntil(() => board.connected() && statuses().at(-1)?.online === true, WITHIN);
    expect(statuses().find(({ online }) => !online)?.boot).toBe(boot);
    expect(statuses().at(-1)?.boot).not.toBe(boot);
    await vi.waitUntil(() => states().at(-1)?.boot === board.board.boot(), WITHIN);
    expect(states().at(-1)).toMatchObject({ edges: { in1: 0 }, inputs: { in1: true } });
    expect(await ackOf(command({ boot }))).toBe("rebooted");
  });

  it("keeps counting while its cable is out, and tells afterwards", async () => {
    board.unplug(true);
    await vi.waitUntil(() => statuses().at(-1)?.online === false, WITHIN);
    board.board.setInput("in1", true);
    board.board.setInput("in1", false);
    board.unplug(false);
    await vi.waitUntil(() => states().at(-1)?.edges["in1"] === 1, WITHIN);
    expect(statuses().at(-1)).toMatchObject({ online: true, boot: board.board.boot() });
  });

  it("hears and says nothing while it hangs", async () => {
    board.silence(true);
    await send(command());
    // The broker delivers in order: once the agent has its own later message back, the board had its chance.
    await agent.publishAsync(
      TOPICS.boardAck(name),
      JSON.stringify({ id: randomUUID(), result: "late", uptime_ms: 0 }),
    );
    await vi.waitUntil(() => acks().length > 0, WITHIN);
    expect(board.board.relays()["open1"]).toBe(false);
    board.silence(false);
    expect(await ackOf(command())).toBe("done");
  });

  it("says goodbye when it stops, its relays released", async () => {
    board.board.latch("open1", true);
    await board.stop();
    await vi.waitUntil(() => statuses().at(-1)?.online === false, WITHIN);
    expect(Object.values(board.board.relays())).not.toContain(true);
  });
});
