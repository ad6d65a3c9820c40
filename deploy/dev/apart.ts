import { spawn, type ChildProcess } from "node:child_process";
import { resolve } from "node:path";
import { exitCode } from "./child.ts";
import { DIST, ROOT } from "./paths.ts";

/** One Ctrl-C arrives up to three times (from the terminal, and again from npm): within this time it is the same one. */
const SAME_SIGNAL_MS = 1_000;
/** Programs stop in a few seconds; after this long one is stuck, and everything is ended by force. */
const STOP_TIMEOUT_MS = 30_000;
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Run a program from dist/ until it ends.
 *
 * It gets a process group of its own, so a Ctrl-C in the terminal does not reach it (and each of its programs) behind our
 * back: this process passes every signal on exactly once, and the program stops what it has started in its own order.
 * When it is gone, whatever may be left in its group is ended too.
 *
 * @returns its exit code.
 */
export async function runApart(program: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [resolve(DIST, program), ...args], {
    cwd: ROOT,
    stdio: "inherit",
    detached: true,
  });
  const stopForwarding = forwardSignals(program, child);
  try {
    return await new Promise<number>((done, fail) => {
      child.once("error", fail);
      child.once("exit", (code, signal) => done(exitCode(code, signal)));
    });
  } finally {
    stopForwarding();
    signalGroup(child, "SIGTERM");
  }
}

function forwardSignals(program: string, child: ChildProcess): () => void {
  let lastMs = -Infinity;
  let force: NodeJS.Timeout | undefined;
  const forward = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (nowMs - lastMs < SAME_SIGNAL_MS) return;
    lastMs = nowMs;
    child.kill(signal);
    force ??= setTimeout(() => {
      console.error(`${program} did not stop within ${STOP_TIMEOUT_MS / 1000} s: ending it by force`);
      signalGroup(child, "SIGKILL");
    }, STOP_TIMEOUT_MS);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, forward);
  return () => {
    clearTimeout(force);
    for (const signal of STOP_SIGNALS) process.off(signal, forward);
  };
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
