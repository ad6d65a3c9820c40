import fs from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BoardEvent } from "../ports.ts";
import { createFakeBus, createTestContext, openCommand, outcomesOf } from "../testing/context.ts";
import { until } from "../testing/until.ts";
import { createGpioBoard, gpioBoardConfigSchema } from "./gpio-board.ts";
import type { GpioLine, GpioLines, GpioWiring } from "./gpio-lines.ts";
import { openSysfs } from "./gpio-sysfs.ts";

/**
 * The real onoff on a folder that looks like /sys/class/gpio: the paths that are built into onoff are turned there. The
 * files are plain ones, so that nothing is proven of the kernel, and no edge ever interrupts (epoll refuses plain files).
 */
let root = "";
const cleanup: (() => unknown)[] = [];

const BUILT_IN = "/sys/class/gpio/";
const METHODS = ["existsSync", "openSync", "readFileSync", "writeFileSync"] as const;
function turnPaths(): void {
  for (const method of METHODS) {
    const original: (...args: never[]) => unknown = fs[method];
    const turned = (path: unknown, ...rest: unknown[]): unknown => {
      const builtIn = typeof path === "string" && path.startsWith(BUILT_IN);
      const args = [builtIn ? join(root, path.slice(BUILT_IN.length)) : path, ...rest];
      return original(...(args as never[]));
    };
    vi.spyOn(fs, method).mockImplementation(turned);
  }
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "parkme-gpio-"));
  await addChip(571, "pinctrl-rp1", 54);
  await writeFile(join(root, "export"), "");
  await writeFile(join(root, "unexport"), "");
  turnPaths();
});
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
  vi.restoreAllMocks();
  await rm(root, { recursive: true });
});

async function addChip(base: number, label: string, lines: number): Promise<void> {
  const folder = join(root, `gpiochip${base}`);
  await mkdir(folder);
  await writeFile(join(folder, "label"), `${label}\n`);
  await writeFile(join(folder, "base"), `${base}\n`);
  await writeFile(join(folder, "ngpio"), `${lines}\n`);
}

async function addLine(line: number, files: Readonly<Record<string, string>> = {}): Promise<void> {
  const folder = join(root, `gpio${571 + line}`);
  await mkdir(folder);
  const all = { value: "0", direction: "in", edge: "none", active_low: "0", ...files };
  for (const [file, text] of Object.entries(all)) await writeFile(join(folder, file), text);
}

const file = (line: number, name: string): Promise<string> =>
  readFile(join(root, `gpio${571 + line}`, name), "utf8");
const write = (line: number, text: string): Promise<void> =>
  writeFile(join(root, `gpio${571 + line}`, "value"), text);

const line = (name: string, number: number, more: Partial<GpioLine> = {}): GpioLine => ({
  name,
  line: number,
  activeLow: false,
  pull: null,
  ...more,
});

async function open(wiring: Partial<GpioWiring>, onFail = (_reason: string): void => {}): Promise<GpioLines> {
  const lines = await openSysfs(
    { chip: "pinctrl-rp1", relays: [], inputs: [], ...wiring },
    { onEdge: () => {}, onFail },
    root,
  );
  cleanup.push(lines.close);
  return lines;
}

describe("lines in sysfs", () => {
  it("are found by the chip's label, and relays are off at the beginning, whatever they were", async () => {
    await addChip(512, "gpio-brcmstb", 32);
    await addLine(17, { value: "1", direction: "out" });
    await addLine(22, { value: "1" });
    const lines = await open({ relays: [line("r1", 17)], inputs: [line("in1", 22)] });
    expect(await lines.read()).toEqual({ levels: { in1: true }, outputs: { r1: false } });
    expect(await file(17, "direction")).toBe("low");
    expect(await file(22, "edge")).toBe("both");
    expect(lines.edges).toBe(false);
  });

  it("drive relays and read them back", async () => {
    await addLine(17);
    await addLine(27);
    const lines = await open({ relays: [line("r1", 17), line("r2", 27)] });
    await lines.energise("r2", 1_000);
    expect(await lines.read()).toEqual({ levels: {}, outputs: { r1: false, r2: true } });
    expect(await file(27, "value")).toBe("1");
    await lines.letGo("r2");
    expect((await lines.read()).outputs).toEqual({ r1: false, r2: false });
  });

  it("begin high where low means on", async () => {
    await addLine(17);
    await open({ relays: [line("r1", 17, { activeLow: true })] });
    expect(await file(17, "direction")).toBe("high");
    expect(await file(17, "active_low")).toBe("1");
    expect(await file(17, "value")).toBe("0");
  });

  it("are exported when they are not, and waited for", async () => {
    const opening = open({ relays: [line("r1", 17)] });
    await until(() => fs.readFileSync(join(root, "export"), "utf8") === "588", "the export");
    await addLine(17);
    expect(await (await opening).read()).toEqual({ levels: {}, outputs: { r1: false } });
  });

  it("are off when they are closed, and the guard has nothing to say", async () => {
    await addLine(17);
    const failures: string[] = [];
    const lines = await open({ relays: [line("r1", 17)] }, (reason) => failures.push(reason));
    await lines.energise("r1", 60_000);
    await lines.close();
    expect(await file(17, "value")).toMatch(/^0/);
    expect(await readFile(join(root, "unexport"), "utf8")).toBe("588");
    expect(failures).toEqual([]);
  });

  it("say what they cannot do", async () => {
    await addLine(22);
    const lines = await open({ inputs: [line("in1", 22, { pull: "up" })] });
    expect(lines.remarks).toEqual(["sysfs cannot pull in1: set it in config.txt (gpio=<line>=pu or pd)"]);
  });

  it.each([
    [
      "an unknown chip",
      { chip: "pinctrl-bcm2711" },
      /no GPIO chip is called pinctrl-bcm2711; there are: pinctrl-rp1/,
    ],
    ["a line beyond the chip", { relays: [line("r1", 54)] }, /pinctrl-rp1 has no line 54: it has 54/],
  ])("are refused with a reason: %s", async (_what, wiring, reason) => {
    await expect(open(wiring)).rejects.toThrow(reason);
  });

  it("are refused when two chips have the same label, or a setting does not take", async () => {
    await addChip(625, "pinctrl-rp1", 54);
    await expect(open({})).rejects.toThrow(/several GPIO chips/);
    await rm(join(root, "gpiochip625"), { recursive: true });
    await addLine(17);
    await rm(join(root, "gpio588", "edge"));
    const original = fs.writeFileSync;
    // The kernel may refuse, and onoff keeps silent about it: the line stays an input.
    vi.spyOn(fs, "writeFileSync").mockImplementation((path, ...rest) => {
      if (String(path).endsWith("gpio588/direction")) throw new Error("EPERM");
      original(path, ...rest);
    });
    await expect(open({ relays: [line("r1", 17)] })).rejects.toThrow(/the direction of r1 cannot be set/);
  });
});

describe("a gpio board in sysfs", () => {
  async function startBoard() {
    const { context, warnings } = createTestContext(createFakeBus().bus);
    const config = gpioBoardConfigSchema.parse({
      name: "pins",
      driver: "gpio",
      chip: "pinctrl-rp1",
      backend: "sysfs",
      relays: { r1: 17, r2: { line: 27, active_low: true } },
      inputs: { in1: { line: 22, active_low: true } },
      poll_ms: 100,
      stale_after_ms: 1_000,
    });
    const events: BoardEvent[] = [];
    const board = createGpioBoard(config, context, {
      sysfs: (wiring, gpioEvents) => openSysfs(wiring, gpioEvents, root),
      libgpiod: () => Promise.reject(new Error("not asked for")),
    });
    cleanup.push(() => board.stop());
    await board.start((event) => events.push(event));
    const image = () => events.findLast((event) => event.kind === "inputs");
    const last = () => events.findLast(({ kind }) => kind !== "outcome");
    return { board, events, warnings, image, last };
  }

  it("pulses, and sees its inputs by looking", async () => {
    for (const each of [17, 22, 27]) await addLine(each);
    const { board, events, image } = await startBoard();
    await until(() => image() !== undefined, "the inputs");
    const command = openCommand({
      relay: "r2",
      release: ["r1"],
      pulseMs: 100,
      deadlineMs: performance.now() + 5_000,
    });
    board.command(command);
    await until(() => image()?.outputs?.["r2"] === true, "the relay to be on");
    await until(() => outcomesOf(events, command.id).length > 0, "the outcome");
    expect(outcomesOf(events, command.id)).toEqual(["done"]);
    await until(() => image()?.outputs?.["r2"] === false, "the relay to be off");
    await write(22, "1");
    await until(() => image()?.levels["in1"] === true, "the input");
  });

  it("is lost with a reason while its chip is not there, and comes back with it", async () => {
    await rm(join(root, "gpiochip571"), { recursive: true });
    const { board, events, last, warnings } = await startBoard();
    await until(() => last()?.kind === "lost", "the loss");
    expect(last()).toEqual({ kind: "lost", reason: "no GPIO chip is called pinctrl-rp1; there are: none" });
    const refused = openCommand({ relay: "r1", release: [] });
    board.command(refused);
    expect(outcomesOf(events, refused.id)).toEqual(["refused"]);
    for (const each of [17, 22, 27]) await addLine(each);
    await addChip(571, "pinctrl-rp1", 54);
    await until(() => last()?.kind === "inputs", "the inputs");
    expect(events.filter(({ kind }) => kind === "lost")).toHaveLength(1);
    expect(warnings).toEqual(["gpio lost"]);
  });
});
