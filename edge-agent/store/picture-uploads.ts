import { and, asc, count, desc, eq, gt, isNotNull, isNull, lt, sql } from "drizzle-orm";
import { detailOf } from "./log.ts";
import { pictureUploads } from "./link-schema.ts";
import type { GateDatabase } from "./open.ts";
import { plateReads } from "./schema.ts";
import { inserter } from "./statements.ts";

/** A vehicle was read at a lane at most so long before it passed there. */
const READ_BEFORE_MS = 10 * 60_000;

/** A picture that waits for the cloud. */
export type PictureUpload = {
  readonly pictureId: string;
  /** The movement that it belongs to. */
  readonly subject: string;
  /** Bytes that the cloud had, when it was heard of last. */
  readonly sent: number;
};

/**
 * Puts the picture of a vehicle that passes in the queue, in the transaction of its movement: the newest one that was
 * taken at this lane of this plate.
 */
export function pictureQueuer(db: GateDatabase, wanted: boolean) {
  const newest = db
    .select({ imageId: plateReads.imageId })
    .from(plateReads)
    .where(
      and(
        gt(plateReads.receivedAt, sql.placeholder("since")),
        eq(plateReads.lane, sql.placeholder("lane")),
        sql`${plateReads.plate} is ${sql.placeholder("plate")}`,
        isNotNull(plateReads.imageId),
      ),
    )
    .orderBy(desc(plateReads.receivedAt))
    .limit(1)
    .prepare();
  const insert = inserter(db, pictureUploads, "ignore");
  return (
    { movementId: subject, plate }: { readonly movementId: string; readonly plate: string | null },
    { lane, wallMs: queuedAt }: { readonly lane: string; readonly wallMs: number },
  ): void => {
    if (!wanted) return;
    const pictureId = newest.get({ since: queuedAt - READ_BEFORE_MS, lane, plate })?.imageId ?? null;
    if (pictureId !== null) insert({ pictureId, subject, queuedAt });
  };
}

/** The queue of pictures for the cloud; one that is there is forgotten. */
export function pictureUploading(db: GateDatabase) {
  const its = (pictureId: string) => eq(pictureUploads.pictureId, pictureId);
  return {
    /** The oldest that is still to be sent; null = none. */
    nextPicture: (): PictureUpload | null => {
      const { pictureId, subject, sent } = pictureUploads;
      const waiting = db
        .select({ pictureId, subject, sent })
        .from(pictureUploads)
        .where(isNull(pictureUploads.failed));
      return (
        waiting.orderBy(asc(pictureUploads.queuedAt), asc(pictureUploads.pictureId)).limit(1).get() ?? null
      );
    },
    pictureSent: (pictureId: string, sent: number): void =>
      void db.update(pictureUploads).set({ sent }).where(its(pictureId)).run(),
    pictureDone: (pictureId: string): void => void db.delete(pictureUploads).where(its(pictureId)).run(),
    /** It is not tried again. */
    pictureFailed: (pictureId: string, reason: string): void =>
      void db
        .update(pictureUploads)
        .set({ failed: detailOf(reason) })
        .where(its(pictureId))
        .run(),
    pictureQueue: (): { readonly waiting: number; readonly failed: number } => {
      const row = db
        .select({ all: count(), failed: count(pictureUploads.failed) })
        .from(pictureUploads)
        .get();
      const { all, failed } = row ?? { all: 0, failed: 0 };
      return { waiting: all - failed, failed };
    },
    /** Those that failed before a moment are nobody's concern any more. */
    forgetFailedPictures: (wallMs: number): number =>
      db
        .delete(pictureUploads)
        .where(and(isNotNull(pictureUploads.failed), lt(pictureUploads.queuedAt, wallMs)))
        .run().changes,
  };
}
