import { z } from "zod";
import type { ConfigProblem } from "@parkme/shared/config/yaml-config";
import { credentialOf, MAX_CREDENTIAL_CHARACTERS } from "@parkme/shared/domain/credential";
import { normalisePlate } from "@parkme/shared/domain/plate";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";

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
 * A permit without `spaces` lets one vehicle in at a time; with it, the permits of its account together let in so
 * many. `zone` names the quota: such a holder is let in while that zone has room, though the place is full for
 * others; a permit without a zone has no quota but its spaces. `pass` names the tariff's pass that says which hours and
 * minutes it pays for; without it, it pays for all of its time. A reservation lets one vehicle in, once, and keeps a
 * space for it (in its zone, where it names one) from `early_minutes` before `from` to `until`; what the time before
 * `from` and after `until` costs is the tariff's to say.
 */

export const MAX_LIST_ENTRIES = 200_000;
/** In characters; longer ones are no list. */
export const MAX_LIST_CHARACTERS = 64 * 1024 * 1024;
/** More than anybody reads. */
const MAX_PROBLEMS = 100;
const MAX_KEYS = 50;
const MINUTE_MS = 60_000;

const id = z.string().trim().min(1).max(80);
const reason = z.string().trim().min(1).max(200);
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const plate = z
  .string()
  .max(60)
  .transform((text, ctx) => {
    const normal = normalisePlate(text);
    if (normal !== null) return normal;
    ctx.addIssue({ code: "custom", message: "is no plate" });
    return z.NEVER;
  });

const card = shown("card", "is no card number");
/** A code that reads as a ticket number would never be taken for a code. */
const code = shown("code", "is no code, or reads as a ticket number");

function shown(kind: "card" | "code", message: string) {
  return z
    .string()
    .max(MAX_CREDENTIAL_CHARACTERS)
    .transform((text, ctx) => {
      const credential = credentialOf(kind, text);
      if (credential?.kind === kind) return credential.text;
      ctx.addIssue({ code: "custom", message });
      return z.NEVER;
    });
}

const permitSchema = z
  .strictObject({
    id,
    plates: z.array(plate).max(MAX_KEYS).default([]),
    cards: z.array(card).max(MAX_KEYS).default([]),
    account: id,
    valid_from: instant,
    valid_until: instant,
    spaces: z.number().int().min(1).max(100_000).optional(),
    zone: slugSchema.optional(),
    pass: id.optional(),
  })
  .refine((permit) => permit.valid_from < permit.valid_until, {
    path: ["valid_until"],
    message: "must be after valid_from",
  })
  .transform(
    ({ valid_from: fromMs, valid_until: untilMs, spaces = null, zone = null, pass = null, ...rest }) => ({
      ...rest,
      fromMs,
      untilMs,
      spaces,
      zone,
      pass,
    }),
  );

const reservationSchema = z
  .strictObject({
    id,
    plates: z.array(plate).max(MAX_KEYS).default([]),
    codes: z.array(code).max(MAX_KEYS).default([]),
    from: instant,
    until: instant,
    early_minutes: z.number().int().min(0).max(1_440).default(0),
    zone: slugSchema.optional(),
  })
  .refine(({ from, until }) => from < until, { path: ["until"], message: "must be after from" })
  .transform(({ from, until: untilMs, early_minutes: early, zone = null, ...rest }) => ({
    ...rest,
    /** From when on it lets in. */
    fromMs: from - early * MINUTE_MS,
    /** What it is for begins here: before it, the tariff's price for coming early counts. */
    reservedFromMs: from,
    untilMs,
    zone,
  }));

const listedSchema = z.strictObject({ plate, reason });

const listFileSchema = z
  .strictObject({
    /** The maker's name of this state of the lists. */
    version: id,
    /** When it was made; left out, it is taken for new. */
    as_of: instant.optional(),
    permits: z.array(permitSchema).max(MAX_LIST_ENTRIES).default([]),
    reservations: z.array(reservationSchema).max(MAX_LIST_ENTRIES).default([]),
    blocked: z.array(listedSchema).max(MAX_LIST_ENTRIES).default([]),
    watched: z.array(listedSchema).max(MAX_LIST_ENTRIES).default([]),
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
