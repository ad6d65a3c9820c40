import { isJpegStart, type PictureProgress } from "@parkme/shared/protocol/pictures";
import type { Db } from "../db/connection.ts";
import type { PictureFiles } from "./picture-files.ts";
import { findPicture, lockPicture, setReceived, type PictureNotice } from "./pictures.queries.ts";

export type Chunk = { readonly offset: number; readonly bytes: Uint8Array };

export type ChunkOutcome =
  | ({ readonly kind: "taken" } & PictureProgress)
  | { readonly kind: "wrong_offset"; readonly received: number }
  /** Its id is another picture's. */
  | { readonly kind: "other_picture" }
  | { readonly kind: "not_a_picture" }
  | { readonly kind: "too_long" }
  /** All of it is there, and it is not what was announced: it begins anew. */
  | { readonly kind: "wrong_digest" };

/**
 * Takes a chunk of a picture. The file is written under the lock of the row and before it: what the row says has
 * arrived is in the file, and a file that goes further is cut. The last chunk proves the whole.
 */
export async function takeChunk(
  { db, files }: { readonly db: Db; readonly files: PictureFiles },
  notice: PictureNotice,
  { offset, bytes }: Chunk,
  now: Date,
): Promise<ChunkOutcome> {
  return await db.transaction(async (tx): Promise<ChunkOutcome> => {
    const row = await lockPicture(tx, notice, now);
    const { size, sha256, complete } = row;
    if (size !== notice.size || sha256 !== notice.sha256) return { kind: "other_picture" };
    if (complete) return { kind: "taken", received: size, complete: true };
    // A disk that was restored may have less than the row says.
    const received = Math.min(row.received, await files.arrived(notice));
    if (offset !== received) return { kind: "wrong_offset", received };
    const end = offset + bytes.byteLength;
    if (end > size) return { kind: "too_long" };
    if (offset === 0 && bytes.byteLength > 0 && !isJpegStart(bytes)) return { kind: "not_a_picture" };

    if (bytes.byteLength > 0) await files.write(notice, offset, bytes);
    if (end === size && (await files.digest(notice)) !== sha256) {
      await files.discard(notice);
      await setReceived(tx, notice, { received: 0, complete: false }, now);
      return { kind: "wrong_digest" };
    }
    if (end === size) await files.finish(notice);
    await setReceived(tx, notice, { received: end, complete: end === size }, now);
    return { kind: "taken", received: end, complete: end === size };
  });
}

/** How far a picture is; null = nothing of it was ever announced. */
export async function progressOf(
  { db, files }: { readonly db: Db; readonly files: PictureFiles },
  name: { readonly facilityId: string; readonly pictureId: string },
): Promise<(PictureProgress & { readonly size: number }) | null> {
  const row = await findPicture(db, name);
  if (row === null) return null;
  const { size, complete } = row;
  const received = complete ? size : Math.min(row.received, await files.arrived(name));
  return { received, complete, size };
}
