import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream, mkdirSync, renameSync, statSync, type WriteStream } from "node:fs";
import { dirname } from "node:path";
import { createInterface } from "node:readline";

/** One program of a site, run as its own process as it would be on a real one. */

export type ProgramOptions = {
  readonly name: string;
  /** The bundle to run. */
  readonly file: string;
  readonly args?: readonly string[];
  /** Arguments for Node itself. */
  readonly nodeArgs?: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Everything it says goes here, after what it said at earlier starts. */
  readonly logFile: string;
  /** Every line of its standard output, parsed, if it is a JSON object. */
  readonly onEvent?: (event: Readonly<Record<string, unknown>>) => void;
};

export type Program = {
  readonly name: string;
  readonly pid: number;
  /** The port it is bound to; rejects with what it said when it ends before it is ready. */
  readonly ready: Promise<number>;
  readonly exited: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  /** Asks it to stop; after the grace period it is killed. */
  readonly stop: () => Promise<void>;
  /** The plug is pulled: SIGKILL, no last words. */
  readonly kill: () => Promise<void>;
};

const READY_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 15_000;
const MAX_LOG_BYTES = 10_000_000;
/** What a program said on standard error, kept for the message when it cannot start. */
const MAX_LAST_WORDS = 4_000;

export function startProgram(options: ProgramOptions): Program {
  const { name, file, args = [], nodeArgs = [], env = {}, logFile } = options;
  const child = spawn(process.execPath, [...nodeArgs, file, ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = openLog(logFile);
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  let lastWords = "";
  child.stderr.on("data", (data: Buffer) => {
    lastWords = (lastWords + data.toString()).slice(-MAX_LAST_WORDS);
  });
  const exited = new Promise<Awaited<Program["exited"]>>((resolve) => {
    child.once("close", (code, signal) => {
      log.end();
      resolve({ code, signal });
    });
  });
  const ready = whenReady(child, exited, options, () => lastWords);
  return {
    name,
    pid: child.pid ?? 0,
    ready,
    exited,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill("SIGTERM");
      const force = setTimeout(() => child.kill("SIGKILL"), STOP_GRACE_MS);
      await exited;
      clearTimeout(force);
    },
    kill: async () => {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Appends; a log that has grown long makes room for a new one, and the one before that is forgotten. */
function openLog(path: string): WriteStream {
  mkdirSync(dirname(path), { recursive: true });
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > MAX_LOG_BYTES) renameSync(path, `${path}.old`);
  return createWriteStream(path, { flags: "a", mode: 0o600 });
}

function whenReady(
  child: ChildProcess,
  exited: Program["exited"],
  { name, onEvent }: ProgramOptions,
  lastWords: () => string,
): Promise<number> {
  const ready = new Promise<number>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${name} was not ready in time\n${lastWords()}`)),
      READY_TIMEOUT_MS,
    );
    void exited.then(({ code, signal }) => {
      clearTimeout(timer);
      reject(new Error(lastWords().trim() || `${name} ended at once (${signal ?? `exit code ${code}`})`));
    });
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on("line", (line) => {
      const event = parseLine(line);
      if (event === null) return;
      if (event["event"] === "ready") {
        clearTimeout(timer);
        resolve(typeof event["port"] === "number" ? event["port"] : 0);
      }
      onEvent?.(event);
    });
  });
  // Whoever does not wait for a program to be ready is not to die of its failure; `exited` tells as well.
  ready.catch(() => undefined);
  return ready;
}

function parseLine(line: string): Readonly<Record<string, unknown>> | null {
  if (!line.startsWith("{")) return null;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === "object" && value !== null ? { ...value } : null;
  } catch {
    return null;
  }
}
