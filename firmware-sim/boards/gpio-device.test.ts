import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { gpioKind } from "./gpio-device.ts";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

async function start(settings: Record<string, string> = {}) {
  const path = mkdtempSync(join(tmpdir(), "parkme-chip-"));
  cleanup.push(() => rmSync(path, { recursive: true }));
  const said: Record<string, unknown>[] = [];
  const chip = await gpioKind.start({
    wire: { kind: "folder", path },
    name: "chip",
    settings,
    say: (event) => said.push(event),
  });
  cleanup.push(chip.stop);
  const read = (file: string): string => {
    try {
      return readFileSync(join(path, file), "utf8").trim();
    } catch {
      return "";
    }
  };
  return {
    chip,
    said,
    path,
    read,
    write: (file: string, text: string) => writeFileSync(join(path, file), text),
    tell: (line: string) => {
      const [name = "", ...words] = line.split(" ");
      chip.deeds[name]?.run(words);
    },
  };
}

const soon = (condition: () => boolean): Promise<unknown> => vi.waitUntil(condition, { timeout: 10_000 });

describe("a simulated GPIO chip", () => {
  it("shows its label, its first number and how many lines it has", async () => {
    const { read } = await start({ label: "pinctrl-bcm2711", base: "512", lines: "58" });
    expect([read("gpiochip512/label"), read("gpiochip512/base"), read("gpiochip512/ngpio")]).toEqual([
      "pinctrl-bcm2711",
      "512",
      "58",
    ]);
  });

  it("exports a line that is asked for, as an input that shows what drives it", async () => {
    const { read, write, tell } = await start();
    tell("input 22 on");
    write("export", "593");
    await soon(() => read("gpio593/value") === "1");
    expect(read("gpio593/direction")).toBe("in");
    tell("input 22 off");
    expect(read("gpio593/value")).toBe("0");
    write("gpio593/active_low", "1");
    await soon(() => read("gpio593/value") === "1");
    tell("stick 22 on");
    tell("input 22 off");
    await soon(() => read("gpio593/value") === "0");
  });

  it("says what an output does on the wire", async () => {
    const { chip, said, write, tell } = await start({ exported: "17" });
    write("gpio588/active_low", "1");
    write("gpio588/direction", "high");
    await soon(() => said.length > 0);
    write("gpio588/value", "1");
    await soon(() => said.at(-1)?.["high"] === false);
    expect(said).toEqual([
      { event: "output", device: "chip", line: 17, high: true },
      { event: "output", device: "chip", line: 17, high: false },
    ]);
    tell("input 17 on");
    expect(chip.state()).toMatchObject({ outputs: { 17: false } });
  });

  it("refuses words that are none of its lines, and wires that are no folder", async () => {
    const { tell, path } = await start();
    expect(() => tell("input 54 on")).toThrow(/0 to 53/);
    mkdirSync(join(path, "other"));
    expect(() =>
      gpioKind.start({
        wire: { kind: "listen", host: "127.0.0.1", port: 0 },
        name: "chip",
        settings: {},
        say: () => {},
      }),
    ).toThrow(/folder/);
  });
});
