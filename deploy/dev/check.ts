import { runChild } from "./child.ts";

/** The steps of `npm run check`, each an npm script of the root; quick ones first. */
const STEPS = [
  { script: "format:check", fix: "npm run format" },
  { script: "lint", fix: "npm run lint -- --fix, then by hand" },
  { script: "types", fix: "npm run types shows the errors" },
  { script: "imports", fix: "see the rule's comment in .dependency-cruiser.cjs" },
  { script: "deadcode", fix: "delete what is unused, or use it" },
] as const;

// All steps run, also after a failure: one round shows everything there is to repair.
const failed: (typeof STEPS)[number][] = [];
for (const step of STEPS) {
  console.log(`== ${step.script}`);
  const code = await runChild("npm", ["run", "--silent", step.script]);
  if (code !== 0) failed.push(step);
}
for (const step of failed) console.error(`check failed: ${step.script} (to repair: ${step.fix})`);
if (failed.length === 0) console.log("check passed");
process.exitCode = failed.length === 0 ? 0 : 1;
