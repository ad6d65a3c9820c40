import { runApart } from "./apart.ts";
import { build } from "./build.ts";

/** `npm run sim -- [flags]`: builds the programs, then runs the simulator with these flags. */
try {
  await build({ quiet: true, pages: false });
  process.exitCode = await runApart("firmware-sim/simulate.mjs", process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
