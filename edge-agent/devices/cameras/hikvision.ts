import { XMLParser } from "fast-xml-parser";
import { z } from "zod";
import { normalisePlate } from "@parkme/shared/domain/plate";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { PlateRead } from "../ports.ts";
import type { Part } from "./multipart.ts";

/** An ANPR event is 3 KB; the largest seen, with vehicle attributes, some 12 KB. */
const MAX_XML_BYTES = 256 * 1024;

/** What one push of a Hikvision camera says (ISAPI `EventNotificationAlert`). */
export type HikvisionEvent =
  | { readonly kind: "read"; readonly read: PlateRead }
  /** Sent again out of the camera's own storage, after an outage: true, but not of now. */
  | { readonly kind: "retransmission"; readonly read: PlateRead }
  /** Heartbeats (`videoloss` inactive), motion, and whatever else the camera watches. */
  | { readonly kind: "other"; readonly eventType: string };

export type HikvisionError = "no_event" | "event_too_long" | "malformed_event";

const text = z.string().max(400).optional();
const alertSchema = z.object({
  eventType: text,
  dateTime: text,
  UUID: text,
  isDataRetransmission: text,
  ANPR: z
    .object({ licensePlate: text, originalLicensePlate: text, confidenceLevel: text, direction: text })
    .optional(),
});
type Alert = z.infer<typeof alertSchema>;

/**
 * Namespaces and prefixes differ between firmware and recorders, so names count and namespaces do not. Numbers
 * stay text: an 18-digit picture name must not be rounded. Entities are left alone: none is needed, and a document
 * must not make the parser work.
 */
const xmlParser = new XMLParser({
  ignoreAttributes: true,
  removeNSPrefix: true,
  parseTagValue: false,
  processEntities: false,
  maxNestedTags: 20,
});

/** Reads the parts of one push: the event, and the picture that belongs to it. */
export function readHikvision(
  camera: string,
  parts: readonly Part[],
): Result<HikvisionEvent, HikvisionError> {
  const document = parts.find(isXml);
  if (document === undefined) return err("no_event");
  if (document.body.length > MAX_XML_BYTES) return err("event_too_long");
  const alert = parseAlert(new TextDecoder().decode(document.body));
  if (alert === null) return err("malformed_event");

  const { ANPR: anpr, eventType } = alert;
  if (anpr === undefined) {
    if (eventType === undefined || eventType.toUpperCase() === "ANPR") return err("malformed_event");
    return ok({ kind: "other", eventType });
  }
  const { raw, plate } = plateOf(anpr);
  const read: PlateRead = {
    camera,
    sourceId: alert.UUID === undefined || alert.UUID === "" ? null : alert.UUID,
    raw,
    plate,
    confidence: confidenceOf(anpr.confidenceLevel),
    direction: directionOf(anpr.direction),
    claimedAtMs: instantOf(alert.dateTime),
    image: pictureOf(parts),
  };
  return ok({ kind: alert.isDataRetransmission === "true" ? "retransmission" : "read", read });
}

/** By what it says it is; a camera that says nothing useful still begins its document with `<`. */
function isXml(part: Part): boolean {
  if (part.body.length === 0) return false;
  if (/[/+]xml$/.test(part.contentType)) return true;
  if (/\.xml$/i.test(part.fileName) || /\.xml$/i.test(part.name)) return true;
  return /^\uFEFF?\s*</.test(new TextDecoder().decode(part.body.subarray(0, 64)));
}

/** The root element, whatever its name, must be an alert and must be whole. */
function parseAlert(source: string): Alert | null {
  const xml = source.replaceAll("\0", "").trim();
  let document: Record<string, unknown>;
  try {
    document = xmlParser.parse(xml);
  } catch {
    return null;
  }
  const root = Object.keys(document).find((name) => !name.startsWith("?"));
  // The parser closes what the camera left open; half a plate would pass for a whole one.
  const lastClosed = /<\/(?:[^<>:/]+:)?([^<>:/\s]+)\s*>$/.exec(xml)?.[1];
  if (root === undefined || root !== lastClosed) return null;
  const parsed = alertSchema.safeParse(document[root]);
  return parsed.success ? parsed.data : null;
}

/** `licensePlate` is what the camera settled on; when that is "unknown", its first impression may still serve. */
function plateOf(anpr: NonNullable<Alert["ANPR"]>): Pick<PlateRead, "raw" | "plate"> {
  for (const raw of [anpr.licensePlate, anpr.originalLicensePlate]) {
    const plate = raw === undefined ? null : normalisePlate(raw);
    if (raw !== undefined && plate !== null) return { raw, plate };
  }
  return { raw: anpr.licensePlate ?? "", plate: null };
}

/** `confidenceLevel` is 0..100. */
function confidenceOf(level: string | undefined): number | null {
  if (level === undefined || !/^\d{1,3}$/.test(level) || Number(level) > 100) return null;
  return Number(level) / 100;
}

/** The camera names directions by its own view: `forward` comes towards it, `reverse` goes away from it. */
function directionOf(direction: string | undefined): PlateRead["direction"] {
  if (direction === "forward") return "towards";
  return direction === "reverse" ? "away" : "unknown";
}

/** Only with an offset: a local time of a camera whose zone nobody knows says nothing. */
function instantOf(dateTime: string | undefined): number | null {
  if (dateTime === undefined || !/(?:Z|[+-]\d{2}:?\d{2})$/.test(dateTime)) return null;
  const ms = Date.parse(dateTime);
  return Number.isNaN(ms) ? null : ms;
}

/** The whole scene rather than the plate alone, known by its bytes: some firmware calls a JPEG an octet-stream. */
function pictureOf(parts: readonly Part[]): Uint8Array | null {
  const pictures = parts.filter(({ body }) => body[0] === 0xff && body[1] === 0xd8 && body[2] === 0xff);
  const named = (word: RegExp): Part | undefined =>
    pictures.find(({ name, fileName }) => word.test(name) || word.test(fileName));
  const chosen = named(/detection|background|vehicle/i) ?? named(/plate/i) ?? pictures[0];
  // A copy: a view would keep the whole push in memory for as long as the picture lives.
  return chosen === undefined ? null : Uint8Array.from(chosen.body);
}
