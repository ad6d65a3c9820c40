import { describe, expect, it } from "vitest";
import { boardConfigSchema, boardTerminals, createBoard } from "../../registry/boards.ts";
import { createFakeBus, createTestContext } from "../../testing/context.ts";

const SERIAL = { name: "relays", serial: "/dev/ttyUSB0" };

describe("boards of plain relays in the registry", () => {
  it.each([
    [{ ...SERIAL, driver: "lcus", channels: 4 }, ["r1", "r4"], [], ["r0", "r5", "open1"], ["in1"]],
    [{ ...SERIAL, driver: "kmtronic", channels: 8 }, ["r8"], [], ["r9"], ["in1"]],
    [{ ...SERIAL, driver: "numato", channels: 32, inputs: 8 }, ["r32"], ["in1", "in8"], ["r33"], ["in9"]],
    [
      { name: "pins", driver: "gpio", chip: "pinctrl-rp1", relays: { up: 17 }, inputs: { loop_a: 22 } },
      ["up"],
      ["loop_a"],
      ["r1", "17"],
      ["up", ""],
    ],
  ])(
    "are made, and know their relays and inputs: %j",
    async (section, relays, inputs, noRelays, noInputs) => {
      const config = boardConfigSchema.parse(section);
      const { context } = createTestContext(createFakeBus().bus);
      const board = createBoard(config, context);
      expect(board.name).toBe(section.name);
      await board.stop();
      const terminals = boardTerminals(config);
      expect(terminals.barriers).toBe(0);
      for (const relay of relays) expect(relay).toMatch(terminals.relay ?? /(?!)/);
      for (const input of inputs) expect(input).toMatch(terminals.input);
      for (const relay of noRelays) expect(relay).not.toMatch(terminals.relay ?? /(?!)/);
      for (const input of noInputs) expect(input).not.toMatch(terminals.input);
    },
  );
});
