import { describe, expect, it } from "vitest";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { boardConfigSchema, createBoard } from "./boards.ts";

describe("the registry of boards", () => {
  it("makes a board of every driver out of its section of the configuration", async () => {
    const { context } = createTestContext(createFakeBus().bus);
    for (const section of [
      { name: "entry-board", driver: "mqtt" },
      { name: "exit-board", driver: "pcless", tcp: "127.0.0.1:1" },
    ]) {
      const board = createBoard(boardConfigSchema.parse(section), context);
      expect(board.name).toBe(section.name);
      await board.stop();
    }
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
