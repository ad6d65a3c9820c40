import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  agentStatusSchema,
  boardAckSchema,
  boardCommandSchema,
  boardStateSchema,
  boardStatusSchema,
  gateTopics,
  laneMessageSchema,
  MAX_GATE_MESSAGE_BYTES,
  plateMessageSchema,
  slugSchema,
} from "./gate-mqtt.ts";

const ID = "019ab3c4-0000-7000-8000-000000000001";

const messages = {
  status: [boardStatusSchema, { online: true, boot: "b00t", firmware: "1.2" }],
  state: [
    boardStateSchema,
    {
      boot: "b00t",
      seq: 0,
      uptime_ms: 1_000,
      inputs: { in1: true, in2: false },
      edges: { in1: 3 },
      outputs: { open1: false },
    },
  ],
  command: [
    boardCommandSchema,
    {
      id: ID,
      epoch: 1,
      boot: "b00t",
      deadline_uptime_ms: 3_000,
      barrier: 1,
      action: "open",
      pulse_ms: 500,
    },
  ],
  ack: [boardAckSchema, { id: ID, result: "done", uptime_ms: 1_500 }],
  plate: [
    plateMessageSchema,
    {
      event_id: "e1",
      plate: "BAB123",
      confidence: 0.9,
      direction: "towards",
      captured_at: "2026-03-01T10:00:00+01:00",
    },
  ],
  lane: [
    laneMessageSchema,
    { lane: "entry", state: "IDLE", since: "2026-03-01T10:00:00.000Z", plate: null, display: "" },
  ],
  agent: [agentStatusSchema, { online: true, epoch: 7 }],
} as const;
const names = Object.keys(messages) as (keyof typeof messages)[];

describe("topics", () => {
  it("lie below the facility, one for each thing said", () => {
    const topics = gateTopics("demo");
    expect([
      topics.boardStatus("b1"),
      topics.boardState("b1"),
      topics.boardCommand("b1"),
      topics.boardAck("b1"),
      topics.cameraPlate("c1"),
      topics.laneState("entry"),
      topics.agentStatus(),
    ]).toEqual([
      "parkme/demo/board/b1/status",
      "parkme/demo/board/b1/state",
      "parkme/demo/board/b1/cmd",
      "parkme/demo/board/b1/ack",
      "parkme/demo/camera/c1/plate",
      "parkme/demo/lane/entry/state",
      "parkme/demo/agent/status",
    ]);
  });

  it("cannot be widened by a name: slugs hold no separator and no wildcard", () => {
    for (const name of ["", "a/b", "+", "#", "$SYS", "A", "-a", "a b", "ä", "a\n", "x".repeat(41)])
      expect(slugSchema.safeParse(name).success).toBe(false);
    for (const name of ["a", "0", "exit-2", "x".repeat(40)])
      expect(slugSchema.safeParse(name).success).toBe(true);
  });
});

describe("messages", () => {
  it.each(names)("%s survives the wire unchanged", (name) => {
    const [schema, message] = messages[name];
    expect(schema.parse(JSON.parse(JSON.stringify(message)))).toEqual(message);
  });

  it.each(names)("%s is never read out of garbage", (name) => {
    const [schema] = messages[name];
    fc.assert(fc.property(fc.anything(), (value) => !schema.safeParse(value).success));
  });

  it("of a board name its inputs and count from zero", () => {
    const [schema, state] = messages.state;
    for (const over of [
      { seq: -1 },
      { seq: 1.5 },
      { uptime_ms: -1 },
      { boot: "b" },
      { boot: "x".repeat(41) },
      { inputs: { in1: 1 } },
      { inputs: { "in 1": true } },
      { inputs: { [`in${"1".repeat(30)}`]: true } },
      { edges: { in1: -1 } },
      { outputs: [] },
    ])
      expect(schema.safeParse({ ...state, ...over })).toMatchObject({ success: false });
  });

  it("of a command bound the pulse, the barrier and the action", () => {
    const [schema, command] = messages.command;
    for (const over of [
      { pulse_ms: 49 },
      { pulse_ms: 2_001 },
      { barrier: 0 },
      { barrier: 5 },
      { action: "lift" },
      { epoch: 0 },
      { id: "1" },
      { deadline_uptime_ms: -1 },
      { boot: undefined },
    ])
      expect(schema.safeParse({ ...command, ...over })).toMatchObject({ success: false });
  });

  it("of a camera bound the text and the confidence, and leave the rest open", () => {
    const [schema, read] = messages.plate;
    for (const over of [
      { plate: "" },
      { plate: "x".repeat(65) },
      { confidence: 1.01 },
      { confidence: -0.1 },
      { confidence: "0.9" },
      { event_id: "" },
      { event_id: "x".repeat(81) },
      { direction: "north" },
      { captured_at: "2026-03-01T10:00:00" },
    ])
      expect(schema.safeParse({ ...read, ...over })).toMatchObject({ success: false });
    expect(schema.parse({ event_id: "e", plate: "X1" })).toEqual({
      event_id: "e",
      plate: "X1",
      direction: "unknown",
    });
  });

  it("of a lane may tell its inputs, and no others than lanes have", () => {
    const [schema, lane] = messages.lane;
    const inputs = { arming: "on", safety: "off", closing: "unknown" };
    expect(schema.parse({ ...lane, inputs })).toEqual({ ...lane, inputs });
    for (const wrong of [{ arming: true }, { arming: "maybe" }, { gate: "on" }, ["on"]])
      expect(schema.safeParse({ ...lane, inputs: wrong })).toMatchObject({ success: false });
  });

  it("of the agent fit into a message", () => {
    const [, lane] = messages.lane;
    const longest = { ...lane, lane: "x".repeat(40), plate: "京".repeat(12), display: "京".repeat(120) };
    expect(laneMessageSchema.safeParse(longest).success).toBe(true);
    expect(new TextEncoder().encode(JSON.stringify(longest)).length).toBeLessThan(MAX_GATE_MESSAGE_BYTES);
  });
});
