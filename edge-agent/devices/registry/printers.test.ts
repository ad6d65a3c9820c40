import { describe, expect, it } from "vitest";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { createPrinter, printerConfigSchema } from "./printers.ts";

describe("the registry of printers", () => {
  it("makes a printer of every driver out of its section of the configuration", async () => {
    const { context } = createTestContext(createFakeBus().bus);
    const section = { name: "entry-printer", driver: "escpos", tcp: "127.0.0.1:1" };
    const printer = createPrinter(printerConfigSchema.parse(section), context);
    expect(printer.name).toBe(section.name);
    await printer.stop();
  });

  it.each([
    [{ name: "entry-printer", driver: "typewriter", tcp: "127.0.0.1:1" }],
    [{ name: "entry-printer", driver: "escpos" }],
    [{ name: "entry-printer", driver: "escpos", tcp: "127.0.0.1:1", columns: 40 }],
    [{ name: "entry-printer", driver: "escpos", tcp: "127.0.0.1:1", code_pages: { cp866: 17 } }],
    [{ name: "entry-printer", driver: "escpos", tcp: "127.0.0.1:1", asb: true, presenter: "custom" }],
    [{ name: "entry-printer", driver: "escpos", tcp: "127.0.0.1:1", poll_ms: 5_000 }],
  ])("refuses %j", (section) => {
    expect(printerConfigSchema.safeParse(section).success).toBe(false);
  });
});
