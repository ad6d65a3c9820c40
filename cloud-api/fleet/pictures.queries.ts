import { and, eq } from "drizzle-orm";
import type { Db, Tx } from "../db/connection.ts";
import { pictures } from "../db/sync-schema.ts";
import type { PictureName } from "./picture-files.ts";

/** What the edge announced of a picture. */
export type PictureNotice = PictureName & {
  readonly subject: string;
  readonly size: number;
  readonly sha256: string;
};

export type PictureRow = typeof pictures.$inferSelect;

/** The picture's row, made when there is none; locked, so that its chunks are written one after another. */
export async function lockPicture(tx: Tx, notice: PictureNotice, now: Date): Promise<PictureRow> {
  await tx
    .insert(pictures)
    .values({ ...notice, received: 0, at: now })
    .onConflictDoNothing();
  const [row] = await tx.select().from(pictures).where(its(notice)).for("update");
  if (row === undefined) throw new Error("a picture's row is gone");
  return row;
}

/** How much of a picture is there now. */
export async function setReceived(
  tx: Tx,
  name: PictureName,
  progress: Pick<PictureRow, "received" | "complete">,
  now: Date,
): Promise<void> {
  await tx
    .update(pictures)
    .set({ ...progress, at: now })
    .where(its(name));
}

/** Null = nothing of it was ever announced. */
export async function findPicture(db: Db, name: PictureName): Promise<PictureRow | null> {
  const [row] = await db.select().from(pictures).where(its(name));
  return row ?? null;
}

function its({ facilityId, pictureId }: PictureName) {
  return and(eq(pictures.facilityId, facilityId), eq(pictures.pictureId, pictureId));
}
