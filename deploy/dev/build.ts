import { resolve } from "node:path";
import { withLock } from "./lock.ts";
import { buildPages } from "./pages.ts";
import { DIST } from "./paths.ts";
import { buildPrograms } from "./programs.ts";

type BuildOptions = { readonly quiet?: boolean; readonly pages?: boolean };

/**
 * Build everything that runs into dist/: the programs' bundles, their migrations, and the pages (these only when
 * their sources changed). One process builds at a time; another one waits, then finds most of the work done.
 *
 * Progress goes to stderr, and none of it when `quiet`. Without `pages`, only the programs are built.
 *
 * @throws when a source is missing or does not build.
 */
export async function build({ quiet = false, pages: withPages = true }: BuildOptions = {}): Promise<void> {
  const startedMs = performance.now();
  const pages = await withLock(resolve(DIST, ".build-lock"), async () => {
    await buildPrograms();
    return withPages ? await buildPages() : [];
  });
  if (quiet) return;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.error(`built dist/ in ${seconds} s (pages: ${pages.length > 0 ? pages.join(", ") : "unchanged"})`);
}

if (process.argv[1] === import.meta.filename) {
  try {
    await build();
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
