import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./paths.ts";

/**
 * Every bench by name: `<package>/bench/<name>.bench.ts`.
 *
 * @throws when two packages use the same name.
 */
export function findBenches(root: string = ROOT): Map<string, string> {
  const benches = new Map<string, string>();
  for (const folder of packageFolders(root)) {
    for (const file of filesIn(join(root, folder, "bench"))) {
      const name = /^(.+)\.bench\.ts$/.exec(file)?.[1];
      if (name === undefined) continue;
      const path = join(root, folder, "bench", file);
      const other = benches.get(name);
      if (other !== undefined) throw new Error(`two benches are called ${name}: ${other} and ${path}`);
      benches.set(name, path);
    }
  }
  return benches;
}

/** Sorted, so that the list and its errors are the same on every machine. */
function packageFolders(root: string): string[] {
  return readdirSync(root, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith("."))
    .map((entry) => entry.name)
    .sort();
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
