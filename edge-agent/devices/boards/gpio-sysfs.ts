import { spawn } from "node:child_process";
import { constants } from "node:fs";
import { access, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { SysfsLine } from "./gpio-onoff.ts";
import { type GpioEvents, type GpioLine, type GpioLines, type GpioWiring, runAll } from "./gpio-lines.ts";

const SYSFS = "/sys/class/gpio";
/** udev gives a new line to the group `gpio` some tenths of a second after it was exported. */
const PERMISSION_WAIT_MS = 3_000;
const PERMISSION_STEP_MS = 20;
const GUARD_END_MS = 1_000;

/**
 * GPIO lines through sysfs (kernel: Documentation/admin-guide/gpio/sysfs.rst) and the library onoff. sysfs numbers all
 * lines of a machine in one row whose beginnings differ from kernel to kernel (512 and up since 6.6), so the chip is
 * found by its label.
 *
 * The kernel keeps a line's level when its process dies. So a small shell waits at the other end of a pipe: when the
 * agent ends, in whatever way, the pipe closes and the shell lets go of the relays. It ignores SIGTERM, to outlive a
 * service that is being stopped. Only what kills the shell as well (SIGKILL to the whole service, the kernel
 * itself) leaves a relay on, until the next start: opening a relay's line drives it off.
 *
 * @throws Error with a reason when the chip or a line cannot be had.
 */
export async function openSysfs(
  wiring: GpioWiring,
  events: GpioEvents,
  root: string = SYSFS,
): Promise<GpioLines> {
  const base = await baseOf(wiring.chip, root, wiring);
  const { SysfsLine } = await import("./gpio-onoff.ts");
  const open = async (each: GpioLine, isRelay: boolean): Promise<SysfsLine> => {
    const { line, activeLow } = each;
    await exportLine(base + line, root);
    // `high` and `low` are levels on the wire, whatever `active_low` says: off is high for an active-low relay.
    const direction = isRelay ? (activeLow ? "high" : "low") : "in";
    return settled(
      new SysfsLine(base + line, direction, isRelay ? "none" : "both", { activeLow }),
      each,
      isRelay,
    );
  };
  const relays = new Map<string, SysfsLine>();
  const inputs = new Map<string, SysfsLine>();
  const closeLines = (): Promise<void> =>
    runAll([
      ...[...relays.values()].map((line) => () => line.write(0)),
      // Apart, as onoff neither closes nor unexports a line whose watch it cannot end.
      ...[...inputs.values()].map((line) => () => line.unwatchAll()),
      ...[...inputs.values(), ...relays.values()].map((line) => () => line.unexport()),
    ]);
  let edges = true;
  try {
    for (const each of wiring.relays) relays.set(each.name, await open(each, true));
    for (const each of wiring.inputs) inputs.set(each.name, await open(each, false));
    for (const line of inputs.values()) edges = watch(line, events) && edges;
  } catch (error) {
    await closeLines();
    throw error;
  }
  const values = wiring.relays.map(({ line }) => join(root, `gpio${base + line}`, "value"));
  const guard = startGuard(values, events);
  const pulled = wiring.inputs.filter(({ pull }) => pull !== null).map(({ name }) => name);
  return {
    edges,
    remarks:
      pulled.length === 0
        ? []
        : [`sysfs cannot pull ${pulled.join(", ")}: set it in config.txt (gpio=<line>=pu or pd)`],
    read: async () => ({ levels: await levelsOf(inputs), outputs: await levelsOf(relays) }),
    energise: (relay) => setLevel(relays, relay, 1),
    letGo: (relay) => setLevel(relays, relay, 0),
    async close() {
      await guard.stop();
      await closeLines();
    },
  };
}

/** The number of the chip's first line. */
async function baseOf(label: string, root: string, { relays, inputs }: GpioWiring): Promise<number> {
  const files = await readdir(root).catch(() => {
    throw new Error("this machine has no GPIO in sysfs");
  });
  const folders = files.filter((name) => /^gpiochip\d+$/.test(name));
  const chips = await Promise.all(
    folders.map(async (folder) => {
      const [name, base, lines] = await Promise.all(
        ["label", "base", "ngpio"].map((file) => readFile(join(root, folder, file), "utf8")),
      );
      return { label: name?.trim(), base: Number(base), lines: Number(lines) };
    }),
  );
  const [chip, another] = chips.filter((each) => each.label === label);
  const known = chips.map((each) => each.label).join(", ");
  if (chip === undefined) throw new Error(`no GPIO chip is called ${label}; there are: ${known || "none"}`);
  if (another !== undefined) throw new Error(`several GPIO chips are called ${label}`);
  const beyond = [...relays, ...inputs].find(({ line }) => line >= chip.lines);
  if (beyond !== undefined) throw new Error(`${label} has no line ${beyond.line}: it has ${chip.lines}`);
  return chip.base;
}

/** onoff waits for the permission in a busy loop, and calls that off after 10,000 tries: so it is waited for here. */
async function exportLine(number: number, root: string): Promise<void> {
  const folder = join(root, `gpio${number}`);
  const files = ["value", "direction", "active_low"].map((file) => join(folder, file));
  const usable = async (): Promise<boolean> => {
    const tries = files.map((file) => access(file, constants.R_OK | constants.W_OK));
    return (await Promise.allSettled(tries)).every(({ status }) => status === "fulfilled");
  };
  if (await usable()) return;
  const exists = await access(folder).then(
    () => true,
    () => false,
  );
  if (!exists) await writeFile(join(root, "export"), String(number));
  for (let waitedMs = 0; waitedMs < PERMISSION_WAIT_MS; waitedMs += PERMISSION_STEP_MS) {
    if (await usable()) return;
    await new Promise((resolve) => setTimeout(resolve, PERMISSION_STEP_MS));
  }
  throw new Error(`no permission for GPIO ${number}: is the agent in the group gpio?`);
}

/** On a line that was exported before, onoff is silent about what it could not set. */
async function settled(
  opened: SysfsLine,
  { name, activeLow }: GpioLine,
  isRelay: boolean,
): Promise<SysfsLine> {
  try {
    if ((opened.direction() === "in") === isRelay) throw new Error(`the direction of ${name} cannot be set`);
    if (opened.activeLow() !== activeLow) throw new Error(`active_low of ${name} cannot be set`);
    if (isRelay) await opened.write(0);
    return opened;
  } catch (error) {
    opened.unexport();
    throw error;
  }
}

/** False = the line has no interrupts, and must be looked at. */
function watch(line: SysfsLine, { onEdge, onFail }: GpioEvents): boolean {
  try {
    if (line.edge() !== "both") return false;
    line.watch((error) => (error == null ? onEdge() : onFail(error.message)));
    return true;
  } catch {
    try {
      // What could not be watched cannot be unwatched either; but onoff forgets that it tried.
      line.unwatchAll();
    } catch {
      return false;
    }
    return false;
  }
}

async function levelsOf(lines: ReadonlyMap<string, SysfsLine>): Promise<Record<string, boolean>> {
  const levels: Record<string, boolean> = {};
  for (const [name, line] of lines) levels[name] = (await line.read()) === 1;
  return levels;
}

async function setLevel(relays: ReadonlyMap<string, SysfsLine>, relay: string, level: 0 | 1): Promise<void> {
  const line = relays.get(relay);
  if (line === undefined) throw new Error(`no relay ${relay}`);
  await line.write(level);
  if ((await line.read()) !== level) throw new Error(`${relay} reads back as ${level === 1 ? "off" : "on"}`);
}

/** Waits until its standard input ends, then writes 0 to the files that are its arguments. */
const GUARD = `trap '' TERM INT HUP; cat >/dev/null; for value; do echo 0 >"$value"; done 2>/dev/null`;

function startGuard(
  values: readonly string[],
  { onFail }: GpioEvents,
): { readonly stop: () => Promise<void> } {
  let stopped = false;
  const shell = spawn("sh", ["-c", GUARD, "sh", ...values], {
    stdio: ["pipe", "ignore", "ignore"],
    // A terminal's ^C is for the agent.
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      resolve();
      if (!stopped) onFail("the guard of the relays has ended");
    };
    shell.on("error", end);
    shell.on("exit", end);
  });
  shell.stdin.on("error", () => undefined);
  return {
    /** Resolves when it can write to no line any more. */
    async stop() {
      stopped = true;
      shell.stdin.end();
      const impatience = setTimeout(() => shell.kill("SIGKILL"), GUARD_END_MS);
      await ended;
      clearTimeout(impatience);
    },
  };
}
