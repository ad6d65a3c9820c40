import { spawn, type ChildProcess } from "node:child_process";
import { resolve } from "node:path";
import { build } from "./build.ts";
import { exitCode } from "./child.ts";
import { DIST, ROOT } from "./paths.ts";

/** One Ctrl-C arrives up to three times (from the terminal, and again from npm): within this time it is the same one. */
const SAME_SIGNAL_MS = 1_000;
/** The demo stops its programs in a few seconds; after this long it is stuck, and everything is ended by force. */
const STOP_TIMEOUT_MS = 30_000;
const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Run the demo from dist/ until it ends.
 *
 * It gets a process group of its own, so a Ctrl-C in the terminal does not reach it (and each of its programs) behind our
 * back: this process passes every signal on exactly once, and the demo stops its programs in its own order. When the
 * demo is gone, whatever may be left in its group is ended too.
 *
 * @returns its exit code.
 */
async function runDemo(args: readonly string[]): Promise<number> {
  const demo = spawn(process.execPath, [resolve(DIST, "firmware-sim/demo.mjs"), ...args], {
    cwd: ROOT,
    stdio: "inherit",
    detached: true,
  });
  const stopForwarding = forwardSignals(demo);
  try {
    return await new Promise<number>((done, fail) => {
      demo.once("error", fail);
      demo.once("exit", (code, signal) => done(exitCode(code, signal)));
    });
  } finally {
    stopForwarding();
    signalGroup(demo, "SIGTERM");
  }
}

function forwardSignals(demo: ChildProcess): () => void {
  let lastMs = -Infinity;
  let force: NodeJS.Timeout | undefined;
  const forward = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (nowMs - lastMs < SAME_SIGNAL_MS) return;
    lastMs = nowMs;
    demo.kill(signal);
    force ??= setTimeout(() => {
      console.error(`the demo did not stop within ${STOP_TIMEOUT_MS / 1000} s: ending it by force`);
      signalGroup(demo, "SIGKILL");
    }, STOP_TIMEOUT_MS);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, forward);
  return () => {
    clearTimeout(force);
    for (const signal of STOP_SIGNALS) process.off(signal, forward);
  };
}

function signalGroup(demo: ChildProcess, signal: NodeJS.Signals): void {
  if (demo.pid === undefined) return;
  try {
    process.kill(-demo.pid, signal);
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}

try {
  await build();
  process.exitCode = await runDemo(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
