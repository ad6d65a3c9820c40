import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { BoardEvent } from "../ports.ts";
import { until } from "../testing/until.ts";
import { startSimDevice } from "../testing/sim-device.ts";
import type { ProbeLine } from "./testing/gpio-probe.ts";

/**
 * The driver and the real onoff as a program of their own, in a mount namespace where /sys/class/gpio is the folder of a
 * simulated chip. Plain files interrupt nobody, so input in1 is /proc/sys/kernel/domainname of a UTS namespace of its own:
 * a file of the kernel that wakes its pollers as a GPIO's `value` does (EPOLLPRI), so that onoff's and epoll's part in
 * an edge is real. What is not proven is the kernel's GPIO subsystem itself.
 */
const NAMESPACES = ["--mount", "--uts"];
/** Namespaces are for root, and containers may forbid them; the rest of the driver is tested without. */
const allowed = spawnSync("unshare", [...NAMESPACES, "true"]).status === 0;

const INTO_THE_WORLD = `
  mount -t tmpfs none /sys/class && mkdir /sys/class/gpio && mount --bind "$1" /sys/class/gpio &&
  echo 0 >/proc/sys/kernel/domainname && mount --bind /proc/sys/kernel/domainname /sys/class/gpio/gpio593/value &&
  shift && exec "$@"`;
const PROBE = join(import.meta.dirname, "testing/gpio-probe.ts");
const CONFIG = {
  name: "pins",
  driver: "gpio",
  chip: "pinctrl-rp1",
  backend: "sysfs",
  relays: { r1: 17, r2: { line: 27, active_low: true } },
  inputs: { in1: 22 },
  // Whatever is seen sooner was told by an edge.
  poll_ms: 5_000,
  stale_after_ms: 30_000,
};

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

async function startChip() {
  const folder = await mkdtemp(join(tmpdir(), "parkme-sysfs-"));
  cleanup.push(() => rm(folder, { recursive: true }));
  const chip = await startSimDevice("gpio", ["--folder", folder, "--set", "exported=22"]);
  cleanup.push(chip.stop);
  return {
    ...chip,
    folder,
    /** The levels that an output has had on the wire, in order. */
    wire: (line: number) => chip.lines.filter((each) => each["line"] === line).map((each) => each["high"]),
  };
}

function startProbe(folder: string) {
  const program = ["node", "--import", "tsx", PROBE, JSON.stringify(CONFIG)];
  const args = [...NAMESPACES, "sh", "-c", INTO_THE_WORLD, "sh", folder, ...program];
  const child = spawn("unshare", args, { stdio: ["pipe", "pipe", "pipe"] });
  const lines: ProbeLine[] = [];
  let output = "";
  let errors = "";
  let gone = false;
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    const whole = output.split("\n");
    output = whole.pop() ?? "";
    for (const line of whole) lines.push(JSON.parse(line) as ProbeLine);
  });
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  child.on("close", () => (gone = true));
  const events = (): BoardEvent[] => lines.flatMap((line) => (line.said === "event" ? [line.event] : []));
  const image = () => events().findLast((event) => event.kind === "inputs");
  const end = async (): Promise<void> => {
    if (!gone) child.kill("SIGKILL");
    await until(() => gone, "the program to end");
  };
  cleanup.push(end);
  return {
    lines,
    events,
    image,
    end,
    type: (line: string) => void child.stdin.write(`${line}\n`),
    gone: () => gone,
    known: () => until(() => image() !== undefined, `the inputs; the program said: ${errors}`, 30_000),
  };
}

describe.runIf(allowed)("a gpio board in sysfs", () => {
  it("is told of edges by the kernel, through onoff", async () => {
    const chip = await startChip();
    const probe = startProbe(chip.folder);
    await probe.known();
    expect(probe.lines).toContainEqual({
      said: "log",
      message: "gpio open",
      fields: { board: "pins", chip: "pinctrl-rp1", edges: true },
    });
    for (const level of [true, false, true]) {
      probe.type(`write /proc/sys/kernel/domainname ${level ? "1" : "0"}`);
      await until(() => probe.image()?.levels["in1"] === level, "the edge", 4_000);
    }
    expect(probe.events().some(({ kind }) => kind === "lost")).toBe(false);
  });

  it("pulses, with low meaning on where it is wired so", async () => {
    const chip = await startChip();
    const probe = startProbe(chip.folder);
    await probe.known();
    probe.type("pulse r1 1000");
    await until(() => chip.wire(17).at(-1) === true, "r1 to pull in");
    await until(() => chip.wire(17).at(-1) === false, "r1 to let go");
    probe.type("pulse r2 1000");
    await until(() => chip.wire(27).at(-1) === false, "r2 to pull in");
    await until(() => chip.wire(27).at(-1) === true, "r2 to let go");
    expect(
      probe
        .events()
        .filter((event) => event.kind === "outcome")
        .map(({ outcome }) => outcome),
    ).toEqual(["done", "done"]);
  });

  it("has no relay energised once the agent is dead, whatever killed it", async () => {
    const chip = await startChip();
    const probe = startProbe(chip.folder);
    await probe.known();
    probe.type("pulse r1 60000");
    probe.type("pulse r2 60000");
    await until(() => chip.wire(17).at(-1) === true && chip.wire(27).at(-1) === false, "both to pull in");
    await probe.end();
    await until(() => chip.wire(17).at(-1) === false && chip.wire(27).at(-1) === true, "both to let go");
  });

  it("lets go of what an earlier agent and its guard have left on", async () => {
    const chip = await startChip();
    const first = startProbe(chip.folder);
    await first.known();
    first.type("pulse r1 60000");
    await until(() => chip.wire(17).at(-1) === true, "the relay to be on");
    await first.end();
    await until(() => chip.wire(17).at(-1) === false, "the guard to have let go of it");
    const value = join(chip.folder, "gpio588/value");
    await writeFile(value, "1");
    await until(() => chip.wire(17).at(-1) === true, "the relay to be on again");
    const second = startProbe(chip.folder);
    await second.known();
    await until(() => chip.wire(17).at(-1) === false, "the relay to be off");
    second.type("quit");
    await until(second.gone, "the program to end");
    expect((await readFile(value, "utf8")).trim()).toBe("0");
  });
});
