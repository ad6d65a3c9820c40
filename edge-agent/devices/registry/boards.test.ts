import { describe, expect, it } from "vitest";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { boardConfigSchema, boardTerminals, createBoard } from "./boards.ts";

describe("the registry of boards", () => {
  it("makes a board of every driver out of its section of the configuration", async () => {
    const { context } = createTestContext(createFakeBus().bus);
    for (const section of [
      { name: "entry-board", driver: "mqtt" },
      { name: "exit-board", driver: "pcless", tcp: "127.0.0.1:1" },
      { name: "gate-1", driver: "shelly", topic: "shelly/gate-1", relays: 2 },
      { name: "gate-2", driver: "tasmota", topic: "gate-2" },
      { name: "gate-3", driver: "zigbee2mqtt", relays: { r1: { device: "relay" } } },
      { name: "gate-4", driver: "esphome", topic: "esphome/gate-4", relays: { r1: { switch: "open" } } },
    ]) {
      const board = createBoard(boardConfigSchema.parse(section), context);
      expect(board.name).toBe(section.name);
      await board.stop();
    }
  });

  it("knows what can be wired to boards of MQTT relays", () => {
    const terminals = (section: object) => {
      const { relay, input } = boardTerminals(boardConfigSchema.parse({ name: "gate", ...section }));
      const names = ["r1", "r2", "r3", "open", "in1", "in2", "in3", "loop"];
      return [names.filter((name) => relay?.test(name) === true), names.filter((name) => input.test(name))];
    };
    const numbered = { topic: "gate", relays: 2, inputs: 1 };
    for (const driver of ["shelly", "tasmota"])
      expect(terminals({ driver, ...numbered })).toEqual([["r1", "r2"], ["in1"]]);
    const relays = { open: { switch: "a" }, r3: { switch: "b" } };
    expect(terminals({ driver: "esphome", topic: "gate", relays, inputs: { loop: "c" } })).toEqual([
      ["r3", "open"],
      ["loop"],
    ]);
    const loop = { device: "loop", property: "contact", max_age_s: 60 };
    expect(
      terminals({ driver: "zigbee2mqtt", relays: { r1: { device: "a" } }, inputs: { in2: loop } }),
    ).toEqual([["r1"], ["in2"]]);
  });

  it.each([
    [{ name: "Entry Board", driver: "mqtt" }],
    [{ name: "entry-board", driver: "abacus" }],
    [{ name: "entry-board", driver: "mqtt", tcp: "127.0.0.1:1" }],
    [{ name: "entry-board", driver: "pcless" }],
  ])("refuses %j", (section) => {
    expect(boardConfigSchema.safeParse(section).success).toBe(false);
  });
});
