import { describe, expect, it } from "vitest";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { createDisplay, displayConfigSchema } from "./displays.ts";

describe("the registry of displays", () => {
  it("makes a display of every driver out of its section of the configuration", async () => {
    const { context } = createTestContext(createFakeBus().bus);
    const section = { name: "exit-display", driver: "cd5220", tcp: "127.0.0.1:1" };
    const display = createDisplay(displayConfigSchema.parse(section), context);
    expect(display.name).toBe(section.name);
    await display.stop();
  });

  it.each([
    [{ name: "exit-display", driver: "billboard", tcp: "127.0.0.1:1" }],
    [{ name: "exit-display", driver: "cd5220" }],
    [{ name: "exit-display", driver: "cd5220", tcp: "127.0.0.1:1", code_page: "utf8" }],
  ])("refuses %j", (section) => {
    expect(displayConfigSchema.safeParse(section).success).toBe(false);
  });
});
