import { runApart } from "./apart.ts";
import { build } from "./build.ts";

/** `npm start`: builds, then runs the demo until it ends. */
try {
  await build();
  process.exitCode = await runApart("firmware-sim/demo.mjs", process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
