import { z } from "zod";
import type { ConfigProblem } from "@parkme/shared/config/yaml-config";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import {
  listedPlateSchema,
  listIdSchema,
  listInstantSchema,
  MAX_LIST_ENTRIES,
  permitSchema,
  reservationSchema,
} from "@parkme/shared/protocol/list-entries";

/**
 * The lists of who may park, as their maker hands them over: one JSON document, always the whole of it.
 *
 * ```json
 * { "version": "2026-03-01", "as_of": "2026-03-01T04:00:00Z",
 *   "permits": [{ "id": "P-1", "plates": ["B AB 1234"], "cards": ["04A1B2C3"], "account": "Acme",
 *                 "valid_from": "2026-01-01T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z",
 *                 "spaces": 2, "zone": "staff", "pass": "workdays" }],
 *   "reservations": [{ "id": "R-1", "plates": ["B CD 5678"], "codes": ["K7Q2-9F"],
 *                      "from": "2026-03-01T09:00:00Z", "until": "2026-03-01T18:00:00Z", "early_minutes": 15 }],
 *   "blocked": [{ "plate": "B XY 99", "reason": "house ban" }],
 *   "watched": [] }
 * ```
 *
 * The entries are those of shared/protocol/list-entries, as in the manifest. Where the manifest of headquarters has an
 * entry in any of the four, the lists are the manifest's, and a file is refused.
 */

/** In characters; longer ones are no list. */
export const MAX_LIST_CHARACTERS = 64 * 1024 * 1024;
/** More than anybody reads. */
const MAX_PROBLEMS = 100;

const listFileSchema = z
  .strictObject({
    /** The maker's name of this state of the lists. */
    version: listIdSchema,
    /** When it was made; left out, it is taken for new. */
    as_of: listInstantSchema.optional(),
    permits: z.array(permitSchema).max(MAX_LIST_ENTRIES).default([]),
    reservations: z.array(reservationSchema).max(MAX_LIST_ENTRIES).default([]),
    blocked: z.array(listedPlateSchema).max(MAX_LIST_ENTRIES).default([]),
    watched: z.array(listedPlateSchema).max(MAX_LIST_ENTRIES).default([]),
  })
  .transform(({ as_of: asOfMs = null, ...rest }) => ({ ...rest, asOfMs }));

/** Lists that were checked: plates, cards and codes as they are compared, times in Unix milliseconds. */
export type Lists = z.output<typeof listFileSchema>;

/**
 * Reads a list file. Every problem is told at once, up to a hundred, each with its path.
 *
 * @param zoneNames the zones of the facility; an entry that names another one is a problem.
 */
export function parseLists(
  text: string,
  zoneNames: readonly string[],
): Result<Lists, readonly ConfigProblem[]> {
  if (text.length > MAX_LIST_CHARACTERS)
    return refuse("", `is longer than ${MAX_LIST_CHARACTERS} characters`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return refuse("", "is not JSON");
  }
  const read = listFileSchema.safeParse(json);
  if (!read.success) {
    const problems = read.error.issues.slice(0, MAX_PROBLEMS);
    return err(problems.map((issue) => problemAt(issue.path, issue.message)));
  }
  const lists = read.data;
  const entries =
    lists.permits.length + lists.reservations.length + lists.blocked.length + lists.watched.length;
  if (entries > MAX_LIST_ENTRIES)
    return refuse("", `has ${entries} entries; ${MAX_LIST_ENTRIES} is the most`);
  const problems = crossCheck(lists, new Set(zoneNames));
  return problems.length === 0 ? ok(lists) : err(problems);
}

function crossCheck(lists: Lists, zones: ReadonlySet<string>): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const section of ["permits", "reservations"] as const) {
    const seen = new Set<string>();
    for (const [i, entry] of lists[section].entries()) {
      if (problems.length >= MAX_PROBLEMS) return problems;
      if (seen.has(entry.id)) problems.push(problemAt([section, i, "id"], "is used twice"));
      seen.add(entry.id);
      if (entry.zone !== null && !zones.has(entry.zone))
        problems.push(problemAt([section, i, "zone"], "is not one of the facility's zones"));
    }
  }
  return problems;
}

function problemAt(path: readonly PropertyKey[], message: string): ConfigProblem {
  return { line: null, path: path.map(String).join("."), message };
}

function refuse(path: string, message: string) {
  return err([{ line: null, path, message }]);
}
