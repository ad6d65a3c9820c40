import { describe, expect, it } from "vitest";
import type { ReaderEvent } from "../ports.ts";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { createReader, readerConfigSchema } from "./readers.ts";

describe("the registry of readers", () => {
  it("makes a reader of every driver, on a line of its own or on a board", async () => {
    const { context } = createTestContext(createFakeBus().bus);
    for (const section of [
      { name: "exit-qr", driver: "scanner", tcp: "127.0.0.1:1" },
      { name: "exit-cards", driver: "osdp", tcp: "127.0.0.1:1", address: 1 },
    ]) {
      const device = createReader(readerConfigSchema.parse(section), context);
      expect(device).toMatchObject({ via: "line", reader: { name: section.name } });
      await device.reader.stop();
    }
    const wired = { name: "entry-cards", driver: "board", board: "entry-board", point: "w1" };
    const device = createReader(readerConfigSchema.parse(wired), context);
    if (device.via !== "board") throw new Error("not a reader on a board");
    const events: ReaderEvent[] = [];
    await device.reader.start((event) => events.push(event));
    device.hear({ kind: "card", reader: "w1", card: "12345678" });
    expect(device.board).toBe("entry-board");
    expect(events).toEqual([{ kind: "credential", medium: "card", text: "12345678" }]);
  });

  it.each([
    [{ name: "exit-qr", driver: "scanner" }],
    [{ name: "exit-cards", driver: "osdp", tcp: "127.0.0.1:1" }],
    [{ name: "exit-cards", driver: "osdp", tcp: "127.0.0.1:1", address: 127 }],
    [{ name: "exit-cards", driver: "wiegand", board: "entry-board", point: "w1" }],
    [{ name: "exit-cards", driver: "board", board: "entry-board" }],
  ])("refuses %j", (section) => {
    expect(readerConfigSchema.safeParse(section).success).toBe(false);
  });
});
