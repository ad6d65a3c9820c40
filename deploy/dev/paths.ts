import { resolve } from "node:path";

/** The repository's root folder, wherever a tool is called from. */
export const ROOT = resolve(import.meta.dirname, "../..");

/** Where everything that runs is built to. */
export const DIST = resolve(ROOT, "dist");

/** An executable that npm installed, by name. */
export function toolPath(name: string): string {
  return resolve(ROOT, "node_modules/.bin", name);
}
