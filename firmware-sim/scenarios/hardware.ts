import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { afterEach } from "vitest";
import { startProgram, type Program, type ProgramOptions } from "../site/program.ts";
import { eventually } from "./stage.ts";

/** A stage of devices on their own wires: PTY pairs, TCP ports, a broker; and one agent that is joined to them. */

const DIST = resolve(import.meta.dirname, "../../dist");
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

export type Told = Readonly<Record<string, unknown>>;

/** A simulated device as its own process: what it says, and what is done to it. */
export type Device = {
  readonly said: readonly Told[];
  /** Calls back whenever it has said something. */
  readonly onSaid: (listener: () => void) => void;
  /** A typed line; fails when the device refuses it. */
  readonly do: (line: string) => Promise<void>;
  readonly state: () => Promise<Told>;
  /** Its TCP port, where it listens. */
  readonly port: number;
  readonly stop: () => Promise<void>;
};

export type Hardware = {
  readonly folder: string;
  /** Two ends of a serial line: the device's and the agent's. */
  readonly line: (name: string) => Promise<SerialLine>;
  readonly device: (
    kind: string,
    wire: readonly string[],
    settings?: Readonly<Record<string, string>>,
  ) => Promise<Device>;
  /** The broker's address. */
  readonly broker: () => Promise<string>;
  /** An agent with this configuration; its port is in `ready`. `nodeArgs` are for Node itself. */
  readonly agent: (config: object, nodeArgs?: readonly string[]) => Promise<Program>;
  /** Any other program of `dist/`, by its path there. */
  readonly program: (name: string, file: string, env: Readonly<Record<string, string>>) => Promise<Program>;
};
export type SerialLine = {
  readonly device: string;
  readonly agent: string;
  /** Pulls the plug out, and puts it back in. */
  readonly unplug: () => Promise<void>;
  readonly plug: () => Promise<void>;
};

export function setUpHardware(): Hardware {
  const folder = mkdtempSync(join(tmpdir(), "parkme-hardware-"));
  closing.push(async () => rmSync(folder, { recursive: true, force: true }));
  let programs = 0;
  const run = (
    name: string,
    file: string,
    args: readonly string[],
    { env, nodeArgs }: Pick<ProgramOptions, "env" | "nodeArgs"> = {},
  ): Program => {
    const logFile = join(folder, `${name}-${programs++}.log`);
    const program = startProgram({
      name,
      file: join(DIST, file),
      args,
      logFile,
      ...(env && { env }),
      ...(nodeArgs && { nodeArgs }),
    });
    closing.push(() => program.stop());
    return program;
  };
  return {
    folder,
    line: (name) => openLine(join(folder, name)),
    device: (kind, wire, settings = {}) => startDevice(kind, wire, settings),
    broker: async () => {
      const broker = run("broker", "edge-agent/broker.mjs", [], { env: { PARKME_MQTT_PORT: "0" } });
      return `mqtt://127.0.0.1:${await broker.ready}`;
    },
    agent: async (config, nodeArgs = []) => {
      const file = join(folder, "edge.yaml");
      writeFileSync(file, JSON.stringify(config));
      const agent = run("agent", "edge-agent/main.mjs", ["--config", file], { nodeArgs });
      await agent.ready;
      return agent;
    },
    program: async (name, file, env) => {
      const program = run(name, file, [], { env });
      await program.ready;
      return program;
    },
  };
}

async function openLine(stem: string): Promise<SerialLine> {
  const ends = { device: `${stem}-device`, agent: `${stem}-agent` };
  let socat: ChildProcess | null = null;
  const unplug = async (): Promise<void> => {
    const running = socat;
    socat = null;
    if (running === null) return;
    await new Promise<void>((done) => {
      running.once("exit", () => done());
      running.kill("SIGTERM");
    });
  };
  const plug = async (): Promise<void> => {
    const pty = (path: string): string => `pty,raw,echo=0,link=${path}`;
    const started = spawn("socat", ["-d", "-d", pty(ends.device), pty(ends.agent)], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    let log = "";
    started.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
    socat = started;
    await eventually(
      "socat to join the two ends",
      () => log,
      (seen) => seen.includes("starting data transfer"),
      10_000,
    );
  };
  await plug();
  closing.push(unplug);
  return { ...ends, unplug, plug };
}

async function startDevice(
  kind: string,
  wire: readonly string[],
  settings: Readonly<Record<string, string>>,
): Promise<Device> {
  const set = Object.entries(settings).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const child = spawn(process.execPath, [
    join(DIST, "firmware-sim/main.mjs"),
    "device",
    kind,
    ...wire,
    ...set,
  ]);
  const said: Told[] = [];
  const answers: Told[] = [];
  const listeners: (() => void)[] = [];
  let complaints = "";
  child.stderr.on("data", (chunk: Buffer) => (complaints += chunk.toString()));
  createInterface({ input: child.stdout }).on("line", (text) => {
    const told = JSON.parse(text) as Told;
    const isAnswer = ["did", "refused", "state"].includes(String(told["event"]));
    (isAnswer ? answers : said).push(told);
    if (!isAnswer) for (const listener of listeners) listener();
  });
  const exited = new Promise<void>((done) => child.once("exit", () => done()));
  const stop = async (): Promise<void> => {
    child.stdin.end("quit\n");
    await exited;
  };
  closing.push(stop);
  const ready = await eventually(
    `the ${kind} to be ready`,
    () => said.find(({ event }) => event === "ready") ?? complaints,
    (seen) => typeof seen === "object" || child.exitCode !== null,
    30_000,
  );
  if (typeof ready === "string") throw new Error(`the ${kind} did not start: ${ready}`);
  let asked = 0;
  const ask = async (line: string): Promise<Told> => {
    const before = asked++;
    child.stdin.write(`${line}\n`);
    await eventually(
      `the ${kind} to answer ${line}`,
      () => answers.length,
      (n) => n > before,
      10_000,
    );
    return answers[before] ?? {};
  };
  return {
    said,
    onSaid: (listener) => void listeners.push(listener),
    do: async (line) => {
      const answer = await ask(line);
      if (answer["event"] !== "did") throw new Error(`${kind}: ${line}: ${JSON.stringify(answer)}`);
    },
    state: () => ask("state"),
    port: typeof ready["port"] === "number" ? ready["port"] : 0,
    stop,
  };
}

/** A secret file of the configuration. */
export function secretFile(folder: string, name: string, text: string): string {
  mkdirSync(join(folder, "secrets"), { recursive: true });
  const path = join(folder, "secrets", name);
  writeFileSync(path, `${text}\n`, { mode: 0o600 });
  return path;
}
