import { describe, expect, it } from "vitest";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { createTerminal, terminalConfigSchema } from "./terminals.ts";

describe("the registry of terminals", () => {
  const section = { name: "exit-pay", driver: "zvt", tcp: "127.0.0.1:1", password_file: "123456" };

  it("makes a terminal of every driver out of its section of the configuration", async () => {
    const { context } = createTestContext(createFakeBus().bus);
    const terminal = createTerminal(terminalConfigSchema.parse(section), context);
    expect(terminal.name).toBe("exit-pay");
    await terminal.stop();
  });

  it("refuses a password that is none when the terminal is made", () => {
    const { context } = createTestContext(createFakeBus().bus);
    const config = terminalConfigSchema.parse({ ...section, password_file: "12345" });
    expect(() => createTerminal(config, context)).toThrow(
      "password_file of terminal exit-pay must hold six digits",
    );
  });

  it.each([
    [{ ...section, tcp: "127.0.0.1" }],
    [{ ...section, tcp: undefined }],
    [{ ...section, password_file: undefined }],
    [{ ...section, currency: "XAU" }],
    [{ ...section, max_amount_minor: 0 }],
    [{ ...section, serial: "/dev/ttyUSB0" }],
    [{ ...section, driver: "abacus" }],
  ])("refuses %j", (wrong) => {
    expect(terminalConfigSchema.safeParse(wrong).success).toBe(false);
  });
});
