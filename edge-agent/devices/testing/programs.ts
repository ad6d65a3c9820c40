import { spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { until } from "./until.ts";

/** A program that a test runs beside itself; `output` is what it printed so far. */
export type RunningProgram = {
  readonly output: () => string;
  readonly exitCode: () => number | null;
  readonly signal: (signal: NodeJS.Signals) => void;
  /** Ends it and waits until it is gone. One that does not heed SIGTERM is killed after {@link HEED_MS}. */
  readonly stop: () => Promise<void>;
};

/**
 * mosquitto_sub disconnects in its signal handler. A SIGTERM that comes while it handles a packet waits there, for ever,
 * for a mutex that the interrupted code holds.
 */
const HEED_MS = 2_000;

export function startProgram(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): RunningProgram {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const child = spawn("env", [...variables, command, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let gone = false;
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.on("close", () => (gone = true));
  return {
    output: () => output,
    exitCode: () => (gone ? (child.exitCode ?? -1) : null),
    signal: (signal) => void child.kill(signal),
    async stop() {
      if (!gone) child.kill("SIGTERM");
      const kill = setTimeout(() => child.kill("SIGKILL"), HEED_MS);
      await until(() => gone, `${command} to end; it said: ${output}`);
      clearTimeout(kill);
    },
  };
}

/** Runs a program to its end; throws with its output unless it succeeds. */
export async function runProgram(command: string, args: readonly string[]): Promise<string> {
  const program = startProgram(command, args);
  await until(() => program.exitCode() !== null, `${command} to end`);
  if (program.exitCode() !== 0) throw new Error(`${command} failed: ${program.output()}`);
  return program.output();
}

/** A port of this machine that nobody uses now, for programs that cannot choose one themselves. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

export async function untilListening(port: number, what: string): Promise<void> {
  let listening = false;
  const attempt = (): void => {
    const socket = connect(port, "127.0.0.1", () => {
      listening = true;
      socket.destroy();
    });
    socket.on("error", () => setTimeout(attempt, 20));
  };
  attempt();
  await until(() => listening, what);
}
