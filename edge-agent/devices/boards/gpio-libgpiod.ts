import { type ChildProcess, execFile, spawn } from "node:child_process";
import { readdir, readlink } from "node:fs/promises";
import {
  type GpioEvents,
  type GpioLine,
  type GpioLines,
  type GpioWiring,
  type Pull,
  reasonOf,
  runAll,
} from "./gpio-lines.ts";
import {
  type Chip,
  chipsOf,
  driveArgs,
  holdArgs,
  levelsOf,
  readArgs,
  seriesOf,
  type ToolSeries,
  waitArgs,
} from "./gpio-tools.ts";

const TOOL_TIMEOUT_MS = 2_000;
const MAX_OUTPUT_BYTES = 16_384;
/** A contact that bounces must not keep the machine busy with starting tools. */
const MIN_WAIT_MS = 20;
const PROOF_STEP_MS = 5;

/**
 * GPIO lines through the command line tools of libgpiod (Debian package gpiod), for machines without sysfs. A line belongs
 * to one tool at a time, so gpiomon only tells that something has changed, and gpioget what: an edge in the few
 * milliseconds between the two is seen at the next look. Relays cannot be read back.
 *
 * A relay's pulse is a shell of its own, which holds the line with gpioset for the length of the pulse and a margin,
 * and then drives it off: as the kernel of Raspberry Pi OS keeps the level of a line that is given up
 * (pinctrl-bcm2835.persist_gpio_outputs), the pulse ends although the agent has died. Told to end (SIGTERM), also by
 * systemd, the shell drives the line off first. `energise` is believed when the kernel shows that gpioset has the line.
 *
 * @throws Error with a reason when the tools, the chip or a line cannot be had.
 */
export async function openLibgpiod(wiring: GpioWiring, events: GpioEvents): Promise<GpioLines> {
  const series = seriesOf(await runTool("gpiodetect", ["--version"]));
  if (series === null) throw new Error("the tools of libgpiod are of an unknown version");
  const chip = chipOf(wiring, chipsOf(await runTool("gpiodetect", [])));
  const inputs = createInputs(series, chip, wiring.inputs, events);
  const relays = new Map(wiring.relays.map((relay) => [relay.name, createRelay(series, chip, relay)]));
  const relayOf = (name: string): Relay => {
    const relay = relays.get(name);
    if (relay === undefined) throw new Error(`no relay ${name}`);
    return relay;
  };
  for (const relay of relays.values()) await relay.letGo();
  return {
    edges: true,
    remarks: [],
    read: async () => ({ levels: await inputs.read(), outputs: null }),
    energise: async (name, maxMs) => relayOf(name).energise(maxMs),
    letGo: async (name) => relayOf(name).letGo(),
    close: () => runAll([() => inputs.close(), ...[...relays.values()].map((relay) => () => relay.letGo())]),
  };
}

function chipOf({ chip: label, relays, inputs }: GpioWiring, chips: readonly Chip[]): string {
  const [chip, another] = chips.filter((each) => each.label === label);
  const known = chips.map((each) => each.label).join(", ");
  if (chip === undefined) throw new Error(`no GPIO chip is called ${label}; there are: ${known || "none"}`);
  if (another !== undefined) throw new Error(`several GPIO chips are called ${label}`);
  const beyond = [...relays, ...inputs].find(({ line }) => line >= chip.lines);
  if (beyond !== undefined) throw new Error(`${label} has no line ${beyond.line}: it has ${chip.lines}`);
  return chip.name;
}

type Relay = {
  readonly energise: (maxMs: number) => Promise<void>;
  readonly letGo: () => Promise<void>;
};

function createRelay(series: ToolSeries, chip: string, { name, line, activeLow }: GpioLine): Relay {
  const off = driveArgs(series, chip, line, activeLow);
  let pulse: Pulse | null = null;
  /** One after the other: the line belongs to one tool at a time. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(step: () => Promise<T>): Promise<T> => {
    const next = turn.then(step, step);
    turn = next.catch(() => undefined);
    return next;
  };
  async function letGo(): Promise<void> {
    const running = pulse;
    pulse = null;
    // The shell drives the line off itself when it is told to end, and says by its exit code whether it could.
    if (running !== null && (await running.end())) return;
    await runTool("gpioset", off);
  }
  return {
    energise: (maxMs) =>
      inTurn(async () => {
        if (pulse !== null) await letGo();
        const begun = startPulse(holdArgs(series, chip, line, !activeLow, maxMs), off);
        pulse = begun;
        if (await begun.holds()) return;
        await letGo().catch(() => undefined);
        throw new Error(
          `${name} cannot be energised: ${begun.complaint() || "gpioset does not get the line"}`,
        );
      }),
    letGo: () => inTurn(letGo),
  };
}

type Pulse = {
  /** Resolves with true when the kernel shows that the tool has the line, with false when it does not get it. */
  readonly holds: () => Promise<boolean>;
  /** Ends it; resolves with true when the line was driven off. */
  readonly end: () => Promise<boolean>;
  readonly complaint: () => string;
};

/** The arguments are words of letters, digits and `=-,`: safe in a shell's command. */
function startPulse(hold: readonly string[], off: readonly string[]): Pulse {
  const script = [
    `trap 'kill $tool 2>/dev/null' TERM INT HUP`,
    `gpioset ${hold.join(" ")} & tool=$!`,
    `echo $tool`,
    // The first wait is cut short by a signal.
    `wait $tool; wait $tool 2>/dev/null`,
    `trap '' TERM INT HUP`,
    `exec gpioset ${off.join(" ")}`,
  ].join("\n");
  const shell = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "pipe"], detached: true });
  let tool: string | null = null;
  let said = "";
  let printed = "";
  let code: number | null | undefined;
  shell.stdout.on("data", (chunk: Buffer) => {
    printed = (printed + chunk.toString()).slice(0, 100);
    tool ??= /^(\d+)\n/.exec(printed)?.[1] ?? null;
  });
  shell.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, 200)));
  const ended = new Promise<void>((resolve) => {
    shell.on("error", (error) => {
      said = error.message;
      code = null;
      resolve();
    });
    shell.on("exit", (status) => {
      code = status;
      resolve();
    });
  });
  return {
    complaint: () => said.trim().split("\n")[0] ?? "",
    async holds() {
      for (let waitedMs = 0; waitedMs < TOOL_TIMEOUT_MS && code === undefined; waitedMs += PROOF_STEP_MS) {
        if (tool !== null && (await hasLine(tool))) return true;
        await new Promise((resolve) => setTimeout(resolve, PROOF_STEP_MS));
      }
      return false;
    },
    async end() {
      shell.kill("SIGTERM");
      await within(ended);
      if (code === undefined) shell.kill("SIGKILL");
      return code === 0;
    },
  };
}

/** Whether a process has a line requested: the kernel names such files `gpio-line` or `gpio-linehandle`. */
async function hasLine(pid: string): Promise<boolean> {
  try {
    const folder = `/proc/${pid}/fd`;
    const links = await Promise.all(
      (await readdir(folder)).map((fd) => readlink(`${folder}/${fd}`).catch(() => "")),
    );
    return links.some((link) => link.includes("anon_inode:gpio-line"));
  } catch {
    return false;
  }
}

/** The inputs of one pull: the tools take one bias for all lines of a call. */
type Group = { readonly pull: Pull | null; readonly lines: readonly GpioLine[] };

function createInputs(
  series: ToolSeries,
  chip: string,
  inputs: readonly GpioLine[],
  { onEdge, onFail }: GpioEvents,
) {
  const pulls = [...new Set(inputs.map(({ pull }) => pull))];
  const groups: Group[] = pulls.map((pull) => ({ pull, lines: inputs.filter((each) => each.pull === pull) }));
  let waiting: { readonly tool: ChildProcess; readonly ended: Promise<void> }[] = [];
  let rest: Promise<unknown> = Promise.resolve();
  let closed = false;

  async function stopWaiting(): Promise<void> {
    const tools = waiting;
    waiting = [];
    for (const { tool } of tools) tool.kill("SIGTERM");
    await within(Promise.all(tools.map(({ ended }) => ended)));
    for (const { tool } of tools) if (tool.exitCode === null) tool.kill("SIGKILL");
  }

  function wait({ pull, lines }: Group): void {
    const args = waitArgs(series, chip, pull, numbersOf(lines));
    const tool = spawn("gpiomon", args, { stdio: ["ignore", "ignore", "pipe"] });
    let said = "";
    tool.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, 200)));
    const own = {
      tool,
      ended: new Promise<void>((resolve) => {
        tool.on("error", (error) => {
          said = error.message;
          resolve();
        });
        tool.on("close", () => resolve());
      }),
    };
    waiting.push(own);
    void own.ended.then(() => {
      if (!waiting.includes(own)) return;
      if (tool.exitCode === 0) onEdge();
      else onFail(`gpiomon: ${said.trim() || "ended"}`);
    });
  }

  return {
    /** Ends the waiting, looks, and begins to wait again. */
    async read(): Promise<Record<string, boolean>> {
      await rest;
      await stopWaiting();
      const levels: Record<string, boolean> = {};
      for (const { pull, lines } of groups) {
        const text = await runTool("gpioget", readArgs(series, chip, pull, numbersOf(lines)));
        const highs = levelsOf(text, lines.length);
        if (highs === null) throw new Error(`gpioget says "${text.trim().slice(0, 40)}"`);
        for (const [index, { name, activeLow }] of lines.entries()) levels[name] = highs[index] !== activeLow;
      }
      rest = new Promise((resolve) => setTimeout(resolve, MIN_WAIT_MS));
      if (!closed) for (const group of groups) wait(group);
      return levels;
    },
    async close(): Promise<void> {
      closed = true;
      await stopWaiting();
    },
  };
}

function numbersOf(lines: readonly GpioLine[]): number[] {
  return lines.map(({ line }) => line);
}

/** Resolves when the step does, or when a tool's time is over. */
async function within(step: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise((resolve) => (timer = setTimeout(resolve, TOOL_TIMEOUT_MS)));
  await Promise.race([step, over]);
  clearTimeout(timer);
}

/** What the tool printed. @throws Error with what it complained of. */
function runTool(tool: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { timeout: TOOL_TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES, encoding: "utf8" } as const;
    execFile(tool, args, options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const missing = "code" in error && error.code === "ENOENT";
      const why = missing ? "is not installed" : stderr.trim().slice(0, 200) || reasonOf(error);
      reject(new Error(`${tool} ${why}`));
    });
  });
}
