import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isUuid, type IdMint, type ImageId } from "@parkme/shared/domain/ids";

/**
 * Pictures of vehicles, as files in one folder a day: `<folder>/2026-03-01/<id>.jpg`. The day is in the id, so a
 * picture is found without asking the database, and a day is forgotten by deleting its folder.
 */
export type Pictures = ReturnType<typeof createPictures>;

export function createPictures(folder: string, mint: IdMint) {
  mkdirSync(folder, { recursive: true });
  let keeps = true;
  return {
    /** Whether pictures are kept: not while the disk is nearly full. */
    keep: (on: boolean): void => void (keeps = on),
    /** Stores a JPEG; null when the disk refuses, because a picture is never worth a stopped gate. */
    save: (jpeg: Uint8Array, wallMs: number): ImageId | null => {
      if (!keeps) return null;
      const id = mint.next<ImageId>(wallMs);
      const path = pathOf(folder, id);
      try {
        mkdirSync(join(path, ".."), { recursive: true });
        writeFileSync(path, jpeg, { mode: 0o600 });
        return id;
      } catch {
        return null;
      }
    },
    /** Where the picture with this id would be; null when the text is no id. */
    pathOf: (id: string): string | null => (isUuid(id) ? pathOf(folder, id) : null),
    /** Deletes every day that ended before `wallMs`; returns how many days went. */
    forgetBefore: (wallMs: number): number => {
      const firstKept = dayOf(wallMs);
      const old = readdirSync(folder).filter((day) => /^\d{4}-\d\d-\d\d$/.test(day) && day < firstKept);
      for (const day of old) rmSync(join(folder, day), { recursive: true, force: true });
      return old.length;
    },
  };
}

function pathOf(folder: string, id: string): string {
  const mintedAtMs = Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
  return join(folder, dayOf(mintedAtMs), `${id}.jpg`);
}

/** UTC, so that a folder never spans a change of clocks. */
function dayOf(wallMs: number): string {
  return new Date(wallMs).toISOString().slice(0, 10);
}
