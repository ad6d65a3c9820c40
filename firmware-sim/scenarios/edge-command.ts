import { execFile } from "node:child_process";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { writeFileSync } from "node:fs";

const AGENT = resolve(import.meta.dirname, "../../dist/edge-agent/main.mjs");
const ADMIN = resolve(import.meta.dirname, "../../dist/cloud-api/admin.mjs");
const TIMEOUT_MS = 60_000;

/** Runs the built agent with these words; what it says on standard output. Fails when it ends with an error. */
export async function edgeCommand(...words: readonly string[]): Promise<string> {
  const run = promisify(execFile);
  return (await run(process.execPath, [AGENT, ...words], { timeout: TIMEOUT_MS })).stdout;
}

/** Runs the built admin program of the cloud in this folder; what it says. */
export async function adminCommand(cloudFolder: string, ...words: readonly string[]): Promise<string> {
  const env = { PARKME_DATA_DIR: cloudFolder };
  const run = promisify(execFile);
  return (await run(process.execPath, [ADMIN, ...words], { timeout: TIMEOUT_MS, env })).stdout;
}

/** Replaces the lists of who may park, as the office does it: a file and `lists import`. */
export async function importLists(folder: string, lists: object): Promise<void> {
  const file = join(folder, "lists.json");
  writeFileSync(file, JSON.stringify(lists));
  await edgeCommand("lists", "import", file, "--config", join(folder, "edge.yaml"));
}
