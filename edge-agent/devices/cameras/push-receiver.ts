import { z } from "zod";
import { type Refusal, refusal } from "@parkme/shared/domain/errors";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import type { PlateRead } from "../ports.ts";
import { type HikvisionError, readHikvision } from "./hikvision.ts";
import { type MultipartError, parseMultipart, type Part } from "./multipart.ts";

export const hikvisionCameraConfigSchema = z.strictObject({
  name: slugSchema,
  driver: z.literal("hikvision"),
  /** Path of the file with the secret part of the address that the camera pushes to. */
  key_file: z.string().min(1).max(400),
});

/** A push with three pictures of a 4K camera is some 4 MB. Anything longer is answered 413 unread. */
export const MAX_PUSH_BYTES = 8 * 1024 * 1024;

/** Why a push was not understood; answered 400 and counted by its code. */
export type PushError = Refusal<MultipartError | HikvisionError>;

/**
 * Reads one push of a Hikvision camera: multipart/form-data, multipart/mixed, or the bare XML document.
 * `ignored` = understood, but no vehicle at the gate now: a heartbeat, another event, a retransmission.
 *
 * @param camera name of the camera that this address and key belong to; what the body claims can be forged.
 * @param contentType the HTTP header; empty when absent.
 */
export function receivePush(
  camera: string,
  contentType: string,
  body: Uint8Array,
): Result<PlateRead | "ignored", PushError> {
  const parts = partsOf(contentType, body);
  if (!parts.ok) return err(describe(parts.error));
  const event = readHikvision(camera, parts.value);
  if (!event.ok) return err(describe(event.error));
  return ok(event.value.kind === "read" ? event.value.read : "ignored");
}

function partsOf(contentType: string, body: Uint8Array): Result<readonly Part[], MultipartError> {
  const mediaType = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (/[/+]xml$/.test(mediaType)) return ok([{ name: "", fileName: "", contentType: mediaType, body }]);
  return parseMultipart(contentType, body);
}

const MESSAGES: Record<PushError["code"], string> = {
  not_multipart: "The body is neither multipart nor XML.",
  no_boundary: "The content type names no usable boundary.",
  no_parts: "The multipart body has no parts.",
  too_many_parts: "The multipart body has too many parts.",
  headers_too_long: "A part's headers are too long.",
  no_event: "No part holds an XML event.",
  event_too_long: "The XML event is too long.",
  malformed_event: "The XML event cannot be understood.",
};

function describe(code: PushError["code"]): PushError {
  return refusal(code, "device", MESSAGES[code]);
}
