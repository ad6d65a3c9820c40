import { build } from "./build.ts";
import { findBenches } from "./benches.ts";
import { runChild } from "./child.ts";

/**
 * `npm run bench -- NAME [its arguments]`: one bench, in a process of its own. Its stdout is one JSON line per figure,
 * its stderr a table to read.
 *
 * @returns the exit code.
 */
async function runBench(name: string | undefined, args: readonly string[]): Promise<number> {
  const benches = findBenches();
  const path = name === undefined ? undefined : benches.get(name);
  if (path === undefined) {
    const help = name === "--help" || name === "-h";
    if (name !== undefined && !help) console.error(`no bench is called ${name}`);
    console.error(
      ["usage: npm run bench -- NAME, where NAME is one of:", ...[...benches.keys()].sort()].join("\n  "),
    );
    return help ? 0 : 2;
  }
  await build();
  return await runChild(process.execPath, ["--import", "tsx", path, ...args]);
}

const [name, ...args] = process.argv.slice(2);
try {
  process.exitCode = await runBench(name, args);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
