import { z } from "zod";
import { MAX_LIST_ENTRIES } from "./list-entries.ts";
import { sha256Hex } from "./log.ts";

/**
 * The manifest: what headquarters has decided for one facility, as one versioned, signed document. It is made of
 * entries, each named by its section and key; manifest-sections.ts says what their bodies are. The digest is over all
 * of them (manifest-digest.ts), and the cloud signs it with the version: the edge takes all of a version or nothing.
 *
 * `GET /api/edge/manifest?have=VERSION&digest=DIGEST` (of what the edge has; `have=0` alone for nothing) answers 204 when
 * that is the newest, and else with a page, NDJSON in gzip: a {@link ManifestHeader}, then entries as {@link ManifestLine}, those that changed last coming last. While
 * `next` is not null, `GET /api/edge/manifest?cursor=NEXT` is the page after it. What is published meanwhile comes at
 * the end, so that a slow edge arrives at the newest version all the same: the header of the last page holds. A cloud that was restored
 * may give a number a second time: the digest tells the two apart.
 */

export type ManifestEntry = { readonly section: string; readonly key: string; readonly body: string };
/** A body of null removes the entry. */
export type ManifestChange = Omit<ManifestEntry, "body"> & { readonly body: string | null };

/** In characters. A tariff document is the longest. */
export const MAX_BODY_CHARACTERS = 64 * 1024;
const MAX_KEY_CHARACTERS = 200;
/** Lists, and some of everything else. */
export const MAX_MANIFEST_ENTRIES = MAX_LIST_ENTRIES + 10_000;

/** Of one page. The bytes are those before compression, without the last entry, which may be longer. */
export const MAX_PAGE_ENTRIES = 2_000;
export const MAX_PAGE_BYTES = 1024 * 1024;

/** Headers that are longer are none: an edge stops reading here. */
export const MAX_PAGE_ANSWER_BYTES = 2 * MAX_PAGE_BYTES;
export const MAX_CURSOR_CHARACTERS = 1_000;

const version = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

export const manifestHeaderSchema = z.object({
  facility_id: z.uuid().toLowerCase(),
  version: version.positive(),
  digest: sha256Hex,
  /** How many it has in all. */
  entries: z.number().int().nonnegative().max(MAX_MANIFEST_ENTRIES),
  made_at: z.iso.datetime(),
  /** Ed25519 over {@link signedManifestText}, base64. */
  signature: z.string().max(120),
  /** The pages have everything, from nothing; false = what changed after the version that the edge has. */
  full: z.boolean(),
  next: z.string().min(1).max(MAX_CURSOR_CHARACTERS).nullable(),
});
export type ManifestHeader = z.infer<typeof manifestHeaderSchema>;

/** What the signature covers. */
export function signedManifestText(
  header: Pick<ManifestHeader, "facility_id" | "version" | "digest" | "entries" | "made_at">,
): string {
  const { facility_id, digest, entries, made_at } = header;
  return `parkme-manifest\n${JSON.stringify([facility_id, header.version, digest, entries, made_at])}`;
}

/** Names of sections that are not known yet pass: an edge keeps what it does not understand. */
export const sectionNameSchema = z.string().regex(/^[a-z][a-z_]{0,39}$/);
/** Keys are shown to people: no control characters, and no half of a surrogate pair, which has no UTF-8. */
export const manifestKeySchema = z
  .string()
  .max(MAX_KEY_CHARACTERS)
  .regex(/^[^\p{Cc}\p{Cs}]+$/u, "must be 1..200 printable characters");

/** An entry on a page. */
export const manifestLineSchema = z.tuple([
  sectionNameSchema,
  manifestKeySchema,
  z.string().max(MAX_BODY_CHARACTERS).nullable(),
]);
export type ManifestLine = z.infer<typeof manifestLineSchema>;
