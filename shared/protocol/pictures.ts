import { z } from "zod";
import { sha256Hex } from "./log.ts";

/**
 * Pictures on their way to the cloud: `PUT /api/edge/pictures/:pictureId`, a chunk of the JPEG as the body, and these
 * headers. What has arrived stays: `GET` of the same address (or `HEAD`, by the header `upload-offset`) says how far
 * it goes, and so does 409 `wrong_offset`, when a chunk begins elsewhere.
 */
export const MAX_PICTURE_BYTES = 2 * 1024 * 1024;
export const MAX_PICTURE_CHUNK = 128 * 1024;

const whole = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number);

export const pictureHeadersSchema = z.object({
  /** Where the chunk begins. */
  "upload-offset": whole.pipe(z.number().max(MAX_PICTURE_BYTES)),
  /** Of the whole picture, in bytes. */
  "upload-length": whole.pipe(z.number().min(1).max(MAX_PICTURE_BYTES)),
  /** Of the whole picture. */
  "upload-sha256": sha256Hex,
  /** The movement that it belongs to. */
  "upload-subject": z.uuid().toLowerCase(),
});

/** 200: so much of it has arrived. */
export const pictureProgressSchema = z.object({
  received: z.number().int().nonnegative().max(MAX_PICTURE_BYTES),
  complete: z.boolean(),
});
export type PictureProgress = z.infer<typeof pictureProgressSchema>;

/** 409: send on from `received`. */
export const wrongOffsetSchema = z.object({
  code: z.literal("wrong_offset"),
  received: z.number().int().nonnegative().max(MAX_PICTURE_BYTES),
});

/** Every JPEG begins so. */
const JPEG_START = [0xff, 0xd8, 0xff] as const;

export function isJpegStart(bytes: Uint8Array): boolean {
  return JPEG_START.every((byte, at) => bytes[at] === byte);
}
