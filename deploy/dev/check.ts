import { spawn } from "node:child_process";
import { exitCode } from "./child.ts";
import { ROOT } from "./paths.ts";

/** The steps of `npm run check`, each an npm script of the root; long ones first. */
const STEPS = [
  { script: "types", fix: "npm run types shows the errors" },
  { script: "format:check", fix: "npm run format" },
  { script: "imports", fix: "see the rule's comment in .dependency-cruiser.cjs" },
  { script: "deadcode", fix: "delete what is unused, or use it" },
  { script: "lint", fix: "npm run lint -- --fix, then by hand" },
] as const;
type Step = (typeof STEPS)[number];

/** Most of them have one thread. */
const AT_ONCE = 2;

// All steps run, also after a failure: one round shows everything there is to repair.
const failed: Step[] = [];
const waiting: Step[] = [...STEPS];

async function work(): Promise<void> {
  for (let step = waiting.shift(); step !== undefined; step = waiting.shift()) {
    const { code, output } = await run(step.script);
    console.log(`== ${step.script}\n${output}`.trimEnd());
    if (code !== 0) failed.push(step);
  }
}

/** Runs a script to its end; what it says is told as one. */
async function run(script: string): Promise<{ readonly code: number; readonly output: string }> {
  const child = spawn("npm", ["run", "--silent", script], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  const hear = (data: Buffer): void => {
    output += data.toString("utf8");
  };
  child.stdout.on("data", hear);
  child.stderr.on("data", hear);
  return await new Promise((done, fail) => {
    child.once("error", fail);
    child.once("close", (code, signal) => done({ code: exitCode(code, signal), output }));
  });
}

await Promise.all(Array.from({ length: AT_ONCE }, work));
for (const step of failed) console.error(`check failed: ${step.script} (to repair: ${step.fix})`);
if (failed.length === 0) console.log("check passed");
process.exitCode = failed.length === 0 ? 0 : 1;
