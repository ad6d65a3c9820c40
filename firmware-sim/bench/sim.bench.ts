import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./gate-run.ts";

/** The simulator as it ships: its bundle, in a process of its own. What is measured is told in sim-run.ts. */
const { status } = spawnSync(
  process.execPath,
  [join(ROOT, "dist/firmware-sim/bench-sim.mjs"), ...process.argv.slice(2)],
  { stdio: "inherit" },
);
process.exitCode = status ?? 1;
