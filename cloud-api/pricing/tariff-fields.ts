import { z } from "@hono/zod-openapi";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { id, instantText, iso, isoOrNull, words } from "../platform/fields.ts";
import { refuse } from "../platform/refusal.ts";
import type { TariffRow } from "./tariffs.queries.ts";
import { MAX_DOCUMENT_CHARACTERS, readDocument, type Place, type ReadDocument } from "./tariff-rules.ts";
import type { VersionName } from "./timeline.ts";

/** What the calls about tariffs share. */

export const facilityParams = z.object({ facilityId: id });
export const tariffId = slugSchema;
const version = z.coerce.number().int().min(1).max(1_000_000_000);
export const versionParams = z.object({ facilityId: id, tariffId, version });
export const title = words(120);

/** Of a document there may be so many bytes, in any writing. */
export const MAX_DOCUMENT_BYTES = 4 * MAX_DOCUMENT_CHARACTERS;
export const document = z
  .record(z.string().max(80), z.unknown())
  .openapi({ description: "A tariff document, see shared/pricing/TARIFFS.md, or a short form of one" });

export const tariffView = z
  .object({
    facility_id: z.string(),
    tariff_id: z.string(),
    version: z.number().int(),
    status: z.enum(["draft", "published", "withdrawn"]),
    title: z.string(),
    document: z.record(z.string(), z.unknown()),
    /** 1970 = from ever. */
    valid_from: instantText.nullable(),
    made_by: z.string(),
    made_at: instantText,
    published_at: instantText.nullable(),
  })
  .openapi("Tariff");

export function viewOf(row: TariffRow): z.input<typeof tariffView> {
  return {
    facility_id: row.facilityId,
    tariff_id: row.tariffId,
    version: row.version,
    status: row.status,
    title: row.title,
    document: z.record(z.string(), z.unknown()).parse(row.document),
    valid_from: isoOrNull(row.validFrom),
    made_by: row.madeBy,
    made_at: iso(row.madeAt),
    published_at: isoOrNull(row.publishedAt),
  };
}

/** @throws a refusal that names the first place that is wrong, and lists all. */
export function readOrRefuse(
  sent: Readonly<Record<string, unknown>>,
  name: VersionName,
  place: Place,
): ReadDocument {
  const read = readDocument(sent, name, place);
  if (read.ok) return read.value;
  const errors = read.error.map(({ path, message }) => ({ field: fieldOf(path), message }));
  const [first] = errors;
  return refuse(422, "tariff_invalid", first?.message ?? "is no tariff", first?.field, { errors });
}

export function fieldOf(path: string): string {
  return path === "" ? "document" : `document.${path}`;
}
