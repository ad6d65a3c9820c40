import { spawn, type SpawnOptions } from "node:child_process";
import { constants } from "node:os";
import { ROOT } from "./paths.ts";

/**
 * Run a program in the repository's root with this terminal's input and output, and wait for its end.
 *
 * @returns its exit code; 128 + the signal's number when a signal ended it, as shells count.
 * @throws when the program cannot be started at all.
 */
export function runChild(
  command: string,
  args: readonly string[],
  options: SpawnOptions = {},
): Promise<number> {
  const child = spawn(command, args, { cwd: ROOT, stdio: "inherit", ...options });
  return new Promise((done, fail) => {
    child.once("error", fail);
    child.once("exit", (code, signal) => done(exitCode(code, signal)));
  });
}

/** One number for how a child ended: its own code, or 128 + the signal's number. */
export function exitCode(code: number | null, signal: NodeJS.Signals | null): number {
  if (signal !== null) return 128 + constants.signals[signal];
  return code ?? 1;
}
