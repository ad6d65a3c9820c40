import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Clock } from "@parkme/shared/domain/clock";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { loadConfig } from "../config/load.ts";
import { facilityOf } from "../config/facility-section.ts";
import { importLists } from "./import.ts";
import { MAX_LIST_CHARACTERS } from "./list-file.ts";

/** `parkme-edge lists import FILE`: permits, reservations and plates from a file, while the gate runs. */

const HELP = `parkme-edge lists: permits, reservations, blocked and watched plates

  parkme-edge lists import FILE [--config edge.yaml]

The file is JSON and replaces all lists at once; nothing changes when anything in it is wrong. The agent may run.
`;

type Write = (text: string) => void;

/** Resolves with the exit code. */
export async function runLists(
  args: readonly string[],
  usualConfig: string,
  clock: Clock,
  migrationsFolder: string,
  { out, complain }: { readonly out: Write; readonly complain: Write },
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { config: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  const [word, file] = positionals;
  if (values.help === true || word !== "import" || file === undefined) {
    (values.help === true ? out : complain)(HELP);
    return values.help === true ? 0 : 1;
  }
  const path = values.config ?? usualConfig;
  const loaded = loadConfig(path);
  if (!loaded.ok) {
    complain(`${describeProblems(path, loaded.error)}\n`);
    return 1;
  }
  const text = readList(file);
  if (text === null) {
    complain(`${file} cannot be read, or is longer than ${MAX_LIST_CHARACTERS} bytes\n`);
    return 1;
  }
  const { data_dir } = loaded.value;
  mkdirSync(data_dir, { recursive: true, mode: 0o700 });
  const imported = await importLists({
    database: join(data_dir, "gate.db"),
    migrationsFolder,
    text,
    zones: facilityOf(loaded.value.facility).zones,
    nowMs: clock.wallMs(),
  });
  if (!imported.ok) {
    complain(`${describeProblems(file, imported.error)}\n`);
    return 1;
  }
  const { version, permits, reservations, blocked, watched } = imported.value;
  out(
    `in force: version ${version}, ${permits} permits, ${reservations} reservations, ${blocked} blocked and ${watched} watched plates\n`,
  );
  return 0;
}

function readList(file: string): string | null {
  try {
    return statSync(file).size > MAX_LIST_CHARACTERS ? null : readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
