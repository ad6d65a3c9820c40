import { randomBytes } from "node:crypto";
import { thisMachine, whatIsMissing } from "./needs.ts";
import { HELP, readOptions, type TortureOptions } from "./options.ts";
import { wordsOfReport } from "./report.ts";
import { isClean, torture } from "./run.ts";

/** `npm run torture`. */

const CANNOT = 2;
/** As shells say it of SIGINT. */
const INTERRUPTED = 130;

async function main(args: readonly string[]): Promise<number> {
  const asked = readOptions(args, () => randomBytes(4).toString("hex"));
  if (asked.kind === "help") {
    process.stdout.write(HELP);
    return 0;
  }
  const problems = asked.kind === "refused" ? asked.problems : whatIsMissing(thisMachine());
  if (asked.kind === "refused" || problems.length > 0) {
    process.stderr.write(`torture: ${problems.join("\ntorture: ")}\n`);
    return CANNOT;
  }
  const report = await torture(asked.options, { stop: stopping.signal, progress, told });
  clearProgress();
  if (asked.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else process.stdout.write(wordsOfReport(report, commandOf(asked.options)));
  if (report.stopped) return INTERRUPTED;
  return isClean(report) ? 0 : 1;
}

function commandOf({ cuts, batch, kinds, method }: TortureOptions): string {
  return `npm run torture -- --cuts ${cuts} --batch ${batch} --kinds ${kinds.join(",")} --cut-by ${method}`;
}

const stopping = new AbortController();
// The first is heeded as soon as everything is cleared away; the second does not wait for that.
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(INTERRUPTED);
    stopping.abort();
    process.stderr.write("\ntorture: clearing away; once more to stop at once\n");
  });

function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
}

function told(line: string): void {
  clearProgress();
  process.stderr.write(`${line}\n`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\u001b[K");
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(
    `torture: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
  );
  process.exitCode = 1;
}
