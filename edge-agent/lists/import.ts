import type { ConfigProblem } from "@parkme/shared/config/yaml-config";
import type { Zone } from "@parkme/shared/domain/facility";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { openDatabase } from "../store/open.ts";
import { listsAreOfManifest } from "../store/list-building.ts";
import { replaceLists } from "../store/list-replacing.ts";
import { parseLists } from "./list-file.ts";

export type ListImport = {
  /** The gate's database; made where there is none. */
  readonly database: string;
  readonly migrationsFolder: string;
  /** The list file. */
  readonly text: string;
  readonly zones: readonly Zone[];
  readonly nowMs: number;
};

export type ImportedLists = {
  readonly version: string;
  readonly permits: number;
  readonly reservations: number;
  readonly blocked: number;
  readonly watched: number;
};

/**
 * Puts a list file in force at a gate, while the agent runs or while it does not. Nothing changes when there is any
 * problem with the file or the database, or the lists are those of headquarters' manifest.
 */
export async function importLists(
  options: ListImport,
): Promise<Result<ImportedLists, readonly ConfigProblem[]>> {
  const lists = parseLists(
    options.text,
    options.zones.map(({ name }) => name),
  );
  if (!lists.ok) return lists;
  const { database: path, migrationsFolder } = options;
  const opened = openDatabase({ path, migrationsFolder });
  if (!opened.ok) return refuse(opened.error.message);
  const db = opened.value;
  try {
    if (listsAreOfManifest(db))
      return refuse("was not put in force: the lists of this gate come from headquarters' manifest");
    if (!(await replaceLists(db, lists.value, options.nowMs)))
      return refuse("was not put in force: another import, or headquarters, has overtaken it");
  } catch (error) {
    return refuse(`was not put in force: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    db.$client.close();
  }
  const { version, permits, reservations, blocked, watched } = lists.value;
  return ok({
    version,
    permits: permits.length,
    reservations: reservations.length,
    blocked: blocked.length,
    watched: watched.length,
  });
}

function refuse(message: string) {
  return err([{ line: null, path: "", message }]);
}
