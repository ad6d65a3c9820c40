import { z } from "zod";
import { err, ok, type Result } from "../domain/result.ts";
import { readPinHash } from "../domain/pin-hash.ts";
import { readTariffOffer, type TariffPlace, tariffVersionShape } from "../pricing/tariff-offer.ts";
import { slugSchema } from "./gate-mqtt.ts";
import { listedPlateSchema, permitSchema, reservationSchema } from "./list-entries.ts";
import { MAX_BODY_CHARACTERS, manifestKeySchema, type ManifestEntry } from "./manifest.ts";

/**
 * What the manifest says, section by section. The body of an entry is JSON; its key follows from it.
 *
 * | section      | key                | body |
 * |--------------|--------------------|------|
 * | tariffs      | id@version         | as a tariff file: `{id, version, valid_from?, document}` |
 * | permits      | id                 | as in a list file |
 * | reservations | id                 | as in a list file |
 * | blocked      | plate, normalised  | as in a list file: `{plate, reason}` |
 * | watched      | plate, normalised  | as in a list file |
 * | zones        | zone               | `{zone, capacity}`: how many spaces the zone has |
 * | capacity     | class              | `{class, total, blocked}`: spaces for drive-ins and reservations, and those out of use |
 * | staff        | name in small letters | `{name, title?, pin}`: who may sign in; `pin` is its hash, see domain/pin-hash |
 * | ticket_keys  | public_key         | `{title, public_key, from, until}`: whose signed codes are good besides the gate's own; the key is its 32 bytes in base64url, `until` null = without an end |
 */
const count = z.number().int().min(0).max(1_000_000);
const instant = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));
const name = z
  .string()
  .trim()
  .min(1)
  .max(60)
  .regex(/^[^\p{Cc}\p{Cs}]*$/u, "has characters that cannot be shown");

const tariffSchema = z.strictObject(tariffVersionShape);
const zoneSchema = z.strictObject({ zone: slugSchema, capacity: count });
const capacitySchema = z
  .strictObject({ class: slugSchema, total: count, blocked: count })
  .refine(({ total, blocked }) => blocked <= total, { path: ["blocked"], message: "must be at most total" });
const staffSchema = z.strictObject({
  name,
  title: name.optional(),
  pin: z.string().refine((text) => readPinHash(text) !== null, "is no hash of a PIN: scrypt$12$SALT$HASH"),
});
const ticketKeySchema = z
  .strictObject({
    title: name,
    public_key: z.string().regex(/^[\w-]{43}$/, "must be 32 bytes in base64url"),
    from: instant,
    until: instant.nullable(),
  })
  .refine(({ from, until }) => until === null || from < until, {
    path: ["until"],
    message: "must be after from",
  });

export const LIST_SECTIONS = ["permits", "reservations", "blocked", "watched"] as const;
export type ListSection = (typeof LIST_SECTIONS)[number];

const sections = [
  z.object({ section: z.literal("tariffs"), key: manifestKeySchema, body: tariffSchema }),
  z.object({ section: z.literal("permits"), key: manifestKeySchema, body: permitSchema }),
  z.object({ section: z.literal("reservations"), key: manifestKeySchema, body: reservationSchema }),
  z.object({ section: z.literal("blocked"), key: manifestKeySchema, body: listedPlateSchema }),
  z.object({ section: z.literal("watched"), key: manifestKeySchema, body: listedPlateSchema }),
  z.object({ section: z.literal("zones"), key: manifestKeySchema, body: zoneSchema }),
  z.object({ section: z.literal("capacity"), key: manifestKeySchema, body: capacitySchema }),
  z.object({ section: z.literal("staff"), key: manifestKeySchema, body: staffSchema }),
  z.object({ section: z.literal("ticket_keys"), key: manifestKeySchema, body: ticketKeySchema }),
] as const;
const readEntrySchema = z.discriminatedUnion("section", sections, {
  error: ({ code }) => (code === "invalid_union" ? "is not one that there is" : undefined),
});

/** An entry whose body was read. */
export type ReadEntry = z.output<typeof readEntrySchema>;
export type SectionName = ReadEntry["section"];
export type SectionBody<S extends SectionName> = Extract<ReadEntry, { readonly section: S }>["body"];

const SECTION_NAMES: ReadonlySet<string> = new Set(sections.map(({ shape }) => shape.section.value));

/** How many entries each may have; the lists together have a limit of their own. */
export const MAX_SECTION_ENTRIES: ReadonlyMap<string, number> = new Map([
  ["tariffs", 1_000],
  ["zones", 256],
  ["capacity", 256],
  ["staff", 1_000],
  ["ticket_keys", 60],
] satisfies [Exclude<SectionName, ListSection>, number][]);

export type EntryProblem = { readonly path: readonly PropertyKey[]; readonly message: string };

export function isSection(section: string): section is SectionName {
  return SECTION_NAMES.has(section);
}

export function isListSection(section: string): section is ListSection {
  return LIST_SECTIONS.some((name) => name === section);
}

/** Reads an entry, and checks its key. The path of a problem begins with `section`, `key` or `body`. */
export function readEntry({
  section,
  key,
  body: text,
}: ManifestEntry): Result<ReadEntry, readonly EntryProblem[]> {
  if (text.length > MAX_BODY_CHARACTERS)
    return refuse("body", `is longer than ${MAX_BODY_CHARACTERS} characters`);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return refuse("body", "is not JSON");
  }
  const read = readEntrySchema.safeParse({ section, key, body });
  if (!read.success) return err(read.error.issues.map(({ path, message }) => ({ path, message })));
  const expected = keyOf(read.data);
  return key === expected ? ok(read.data) : refuse("key", `must be ${JSON.stringify(expected)}`);
}

/** As {@link readEntry}, and reads the document of a tariff too. */
export function checkEntry(
  entry: ManifestEntry,
  place: TariffPlace,
): Result<ReadEntry, readonly EntryProblem[]> {
  const read = readEntry(entry);
  if (!read.ok || read.value.section !== "tariffs") return read;
  const offer = readTariffOffer(read.value.body, place);
  if (offer.ok) return read;
  return err(offer.error.map(({ path, message }) => ({ path: ["body", ...path], message })));
}

/** The key that an entry with this body has. */
function keyOf(entry: ReadEntry): string {
  switch (entry.section) {
    case "tariffs":
      return `${entry.body.id}@${entry.body.version}`;
    case "permits":
    case "reservations":
      return entry.body.id;
    case "blocked":
    case "watched":
      return entry.body.plate;
    case "zones":
      return entry.body.zone;
    case "capacity":
      return entry.body.class;
    case "staff":
      return entry.body.name.toLowerCase();
    case "ticket_keys":
      return entry.body.public_key;
    default:
      return entry satisfies never;
  }
}

function refuse(path: "key" | "body", message: string) {
  return err([{ path: [path], message }]);
}
