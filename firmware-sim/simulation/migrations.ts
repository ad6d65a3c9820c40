import { basename, dirname, join } from "node:path";

const BUNDLED = import.meta.filename.endsWith(".mjs");
const BESIDE = parentOf("firmware-sim", import.meta.dirname);

/** The folders of migrations: in the source tree, or as they ship beside the bundle. */
export const EDGE_MIGRATIONS = join(BESIDE, "edge-agent", ...(BUNDLED ? [] : ["store"]), "migrations");
export const CLOUD_MIGRATIONS = join(BESIDE, "cloud-api", ...(BUNDLED ? [] : ["db"]), "migrations");

/** What contains the nearest folder of this name that contains `path`: a bundle's chunks lie deeper than the bundle. */
function parentOf(name: string, path: string): string {
  const parent = dirname(path);
  if (parent === path) throw new Error(`${import.meta.filename} is not below a folder ${name}`);
  return basename(path) === name ? parent : parentOf(name, parent);
}
