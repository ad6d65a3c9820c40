import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.ts";
import { runChild } from "./child.ts";
import { countTests, summaryLine, type TestCounts, type TestReport } from "./counts.ts";
import { toolPath } from "./paths.ts";
import { ensurePeers } from "./peers.ts";

/**
 * `npm test [-- vitest's arguments]`: the peers, the build, all tests, and as the last line how many passed and failed.
 * The scenarios run the programs of dist/, so a build that fails is a test run that fails.
 */
async function runTests(args: readonly string[]): Promise<TestCounts> {
  await ensurePeers();
  await build();
  const folder = await mkdtemp(join(tmpdir(), "parkme-tests-"));
  try {
    return await runVitest(args, join(folder, "report.json"));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runVitest(args: readonly string[], reportPath: string): Promise<TestCounts> {
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${reportPath}`];
  const code = await runChild(toolPath("vitest"), ["run", ...reporters, ...args]);
  if (!existsSync(reportPath)) {
    console.error(`vitest ended with exit code ${code} and left no report`);
    return { passed: 0, failed: 1 };
  }
  const report = JSON.parse(await readFile(reportPath, "utf8")) as TestReport;
  const counts = countTests(
    report,
    args.some((arg) => /^(-t|--testNamePattern)/.test(arg)),
  );
  if (code !== 0 && counts.failed === 0) {
    console.error(`vitest ended with exit code ${code} though no test failed: see its errors above`);
    return { ...counts, failed: 1 };
  }
  return counts;
}

// Ctrl-C reaches vitest by itself; this process stays to print the last line.
process.on("SIGINT", () => undefined);

let counts: TestCounts;
try {
  counts = await runTests(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  counts = { passed: 0, failed: 1 };
}
console.log(summaryLine(counts));
process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1;
