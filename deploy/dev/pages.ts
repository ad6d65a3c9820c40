import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join, relative, resolve } from "node:path";
import { DIST, ROOT } from "./paths.ts";

/** Every vite application: its source folder, and where its built page goes below dist/. */
const PAGES: Readonly<Record<string, string>> = {
  "edge-agent/kiosk/web": "edge-agent/kiosk",
  "cloud-api/dashboard/web": "cloud-api/dashboard",
  "firmware-sim/live/web": "firmware-sim/live",
};

/** What a page is made of besides its own folder: the shared code, the libraries' versions, and this recipe. */
const COMMON_SOURCES = ["shared", "package-lock.json", "deploy/dev/pages.ts"];

/**
 * Build the pages whose sources changed since they were last built. The check is on contents, not on times, so a
 * fresh checkout or a touched file builds nothing twice.
 *
 * @returns the source folders that were built.
 * @throws when a page's folder or its index.html is missing, or with vite's error.
 */
export async function buildPages(): Promise<string[]> {
  const missing = Object.keys(PAGES).filter((source) => !existsSync(resolve(ROOT, source, "index.html")));
  if (missing.length > 0) throw new Error(`cannot build, no index.html in: ${missing.join(", ")}`);

  const built: string[] = [];
  for (const [source, output] of Object.entries(PAGES)) {
    const outDir = resolve(DIST, output);
    const stamp = `${outDir}.sources`;
    const fingerprint = await fingerprintOf([source, ...COMMON_SOURCES]);
    if (existsSync(outDir) && (await readStamp(stamp)) === fingerprint) continue;
    await rm(stamp, { force: true });
    await keepingNodeEnv(() => buildPage(resolve(ROOT, source), outDir));
    await writeFile(stamp, fingerprint);
    built.push(source);
  }
  return built;
}

async function buildPage(root: string, outDir: string): Promise<void> {
  // Loaded only when there is something to build: it takes longer to load than everything else here together.
  const { build } = await import("vite");
  await build({
    root,
    configFile: join(root, "vite.config.ts"),
    logLevel: "warn",
    build: { outDir, emptyOutDir: true },
  });
}

/** Vite sets NODE_ENV for the whole process; the tests or the demo started next must not inherit it. */
async function keepingNodeEnv(work: () => Promise<void>): Promise<void> {
  const before = process.env["NODE_ENV"];
  try {
    await work();
  } finally {
    if (before === undefined) delete process.env["NODE_ENV"];
    else process.env["NODE_ENV"] = before;
  }
}

/** A hash of the names and contents of all files below the given paths (tests aside: they are not in a page). */
export async function fingerprintOf(sources: readonly string[], root: string = ROOT): Promise<string> {
  const files = (await Promise.all(sources.map((source) => filesBelow(resolve(root, source))))).flat().sort();
  const hash = createHash("sha256");
  for (const file of files) {
    hash.update(`${relative(root, file)}\0`);
    hash.update(await readFile(file));
  }
  return hash.digest("hex");
}

async function filesBelow(path: string): Promise<string[]> {
  if (!existsSync(path)) return [];
  const entries = await readdir(path, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (error instanceof Error && "code" in error && error.code === "ENOTDIR") return null;
    throw error;
  });
  if (entries === null) return [path];
  return entries
    .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes("/node_modules/"));
}

async function readStamp(path: string): Promise<string | null> {
  return existsSync(path) ? await readFile(path, "utf8") : null;
}
