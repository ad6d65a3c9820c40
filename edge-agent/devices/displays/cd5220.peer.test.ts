import { afterEach, describe, expect, it } from "vitest";
import type { Health } from "../ports.ts";
import { startSimDevice } from "../testing/sim-device.ts";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { createSerialCable } from "../testing/serial-cable.ts";
import { until } from "../testing/until.ts";
import { cd5220DisplayConfigSchema, createCd5220Display } from "./cd5220.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

describe("a CD5220 display on a serial port", () => {
  it("shows two lines, again after it was unplugged, and again after it was switched off and on", async () => {
    const cable = await createSerialCable();
    cleanup.push(() => cable.remove());
    await cable.plugIn();
    const panel = await startSimDevice("cd5220", ["--serial", cable.far]);
    cleanup.push(() => panel.stop());
    const section = { name: "exit-display", driver: "cd5220", serial: cable.near, refresh_ms: 1_000 };
    const { context } = createTestContext(createFakeBus().bus);
    const display = createCd5220Display(cd5220DisplayConfigSchema.parse(section), context);
    cleanup.push(() => display.stop());
    const health: Health[] = [];
    await display.start((now) => health.push(now));
    const shows = (upper: string, lower: string): Promise<void> => {
      const lines = [upper.padEnd(20), lower.padEnd(20)];
      return until(
        () => JSON.stringify(panel.named("display").at(-1)?.["lines"]) === JSON.stringify(lines),
        `the display to show ${upper}`,
        30_000,
      );
    };

    display.show(["B-PM 1234", "PAY EUR 4.50"]);
    await shows("B-PM 1234", "PAY EUR 4.50");
    expect(health.at(-1)).toEqual({ ok: true, reason: "" });

    await cable.unplug();
    await until(() => health.at(-1)?.ok === false, "the loss");
    expect(health.at(-1)?.reason).toMatch(/^no connection to the display: /);
    display.show(["THANK YOU", "DRIVE SAFELY"]);
    await cable.plugIn();
    await shows("THANK YOU", "DRIVE SAFELY");

    await panel.tell("reboot");
    await shows("THANK YOU", "DRIVE SAFELY");
  });
});
