import { createHash } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isUuid } from "@parkme/shared/domain/ids";

/** The bytes of pictures: `<folder>/<facility>/<day>/<id>.jpg`, and `.part` until the last byte is there and proven. */
export type PictureFiles = ReturnType<typeof createPictureFiles>;

/** Which picture: both are UUIDs, checked before they become a path. */
export type PictureName = { readonly facilityId: string; readonly pictureId: string };

export function createPictureFiles(folder: string) {
  const partOf = (name: PictureName): string => `${pathOf(folder, name)}.part`;
  const wholeOf = (name: PictureName): string => `${pathOf(folder, name)}.jpg`;
  return {
    /** Bytes that are there of a picture which is not complete. */
    arrived: async (name: PictureName): Promise<number> => {
      const found = await stat(partOf(name)).catch(absent);
      return found?.size ?? 0;
    },
    /** Writes a chunk at its place, and cuts off what an earlier try left behind it. */
    write: async (name: PictureName, offset: number, chunk: Uint8Array): Promise<void> => {
      const path = partOf(name);
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(path, offset === 0 ? "w" : "r+", 0o600);
      try {
        await file.write(chunk, 0, chunk.byteLength, offset);
        await file.truncate(offset + chunk.byteLength);
      } finally {
        await file.close();
      }
    },
    /** SHA-256 of what has arrived, in hex. */
    digest: async (name: PictureName): Promise<string> =>
      createHash("sha256")
        .update(await readFile(partOf(name)))
        .digest("hex"),
    /** On the disk, then under its name: nobody ever sees half a picture. */
    finish: async (name: PictureName): Promise<void> => {
      const file = await open(partOf(name), "r+");
      try {
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(partOf(name), wholeOf(name));
    },
    discard: async (name: PictureName): Promise<void> => await rm(partOf(name), { force: true }),
    /** All that there is of it; one that is gone already is no error. */
    remove: async (name: PictureName): Promise<void> => {
      await rm(partOf(name), { force: true });
      await rm(wholeOf(name), { force: true });
    },
    /** The whole picture; null when it is not there. */
    read: async (name: PictureName): Promise<Buffer | null> => await readFile(wholeOf(name)).catch(absent),
  };
}

function absent(error: unknown): null {
  if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
  throw error;
}

/** The day is in the id, so that no folder grows for ever. */
function pathOf(folder: string, { facilityId, pictureId }: PictureName): string {
  if (!isUuid(facilityId) || !isUuid(pictureId))
    throw new TypeError("the name of a picture is made of UUIDs");
  const mintedAtMs = Number.parseInt(pictureId.replaceAll("-", "").slice(0, 12), 16);
  const day = new Date(mintedAtMs);
  const name =
    Number.isNaN(day.getTime()) || day.getUTCFullYear() > 9_999 ? "undated" : day.toISOString().slice(0, 10);
  return join(folder, facilityId, name, pictureId);
}
