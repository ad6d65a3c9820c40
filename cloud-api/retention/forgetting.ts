import type { Db } from "../db/connection.ts";
import type { PictureFiles } from "../fleet/picture-files.ts";
import type { JobDeps } from "../platform/job.ts";
import { edgesToForget, forgetBatches, forgetEvents } from "./logs.queries.ts";
import {
  deletePictures,
  emptyViolations,
  keptSubjects,
  oldPictures,
  oldViolations,
} from "./pictures.queries.ts";
import {
  forgetBookers,
  forgetBookingPlates,
  forgetDifferences,
  forgetMovementPlates,
  forgetStayPlates,
  type Span,
} from "./plates.queries.ts";
import { cutoffsOf, lookFrom, retentionOf, type Cutoffs } from "./rules.ts";
import { everyFacility } from "./settings.queries.ts";

/**
 * Forgets what facilities need not keep any more: each by its own times, and nothing that a legal hold keeps. It may be
 * stopped at any moment and run again. One facility that fails keeps none of the others waiting.
 *
 * @param files null = this cloud takes no pictures.
 * @returns how many rows were changed or deleted.
 */
export async function forgetOld(
  { db, log }: JobDeps,
  files: PictureFiles | null,
  now: Date,
): Promise<number> {
  let done = 0;
  for (const { id: facilityId, retention } of await everyFacility(db)) {
    try {
      const cutoffs = cutoffsOf(retentionOf(retention), now);
      done += await forgetRows(db, facilityId, cutoffs, now);
      done += await forgetLogs(db, facilityId, cutoffs);
      done += await forgetViolations(db, files, spanOf(facilityId, cutoffs.violations, now));
      if (files !== null) done += await forgetPictures(db, files, spanOf(facilityId, cutoffs.pictures, now));
    } catch (error) {
      log.error({ err: error, facilityId }, "what is old could not be forgotten: it is tried again");
    }
  }
  return done;
}

function spanOf(facilityId: string, before: Date, now: Date): Span {
  return { facilityId, from: lookFrom(before, now), before };
}

async function forgetRows(db: Db, facilityId: string, cutoffs: Cutoffs, now: Date): Promise<number> {
  const plates = spanOf(facilityId, cutoffs.plates, now);
  // Before the stays': which movements are held is seen by the plates of their stays.
  const movements = await forgetMovementPlates(db, plates, now);
  const stays = await forgetStayPlates(db, plates, now);
  const bookings = await forgetBookingPlates(db, plates);
  const bookers = await forgetBookers(db, spanOf(facilityId, cutoffs.bookings, now));
  return movements + stays + bookings + bookers + (await forgetDifferences(db, plates));
}

async function forgetLogs(db: Db, facilityId: string, { events, logs }: Cutoffs): Promise<number> {
  let done = 0;
  for (const edgeId of await edgesToForget(db, facilityId)) {
    done += await forgetEvents(db, edgeId, events);
    if (logs !== null) done += await forgetBatches(db, edgeId, logs);
  }
  return done;
}

/** The files first: a row without a file is found again, a file without a row never is. */
async function forgetPictures(db: Db, files: PictureFiles, span: Span): Promise<number> {
  const { facilityId } = span;
  for (let done = 0, after = ""; ;) {
    const old = await oldPictures(db, span, after);
    const last = old.at(-1);
    if (last === undefined) return done;
    const kept = await keptSubjects(db, span, old);
    const gone = old.filter(({ subject }) => !kept.has(subject)).map(({ pictureId }) => pictureId);
    for (const pictureId of gone) await files.remove({ facilityId, pictureId });
    await deletePictures(db, facilityId, gone);
    done += gone.length;
    after = last.pictureId;
  }
}

async function forgetViolations(db: Db, files: PictureFiles | null, span: Span): Promise<number> {
  const { facilityId } = span;
  for (let done = 0; ;) {
    const old = await oldViolations(db, span);
    if (old.length === 0) return done;
    for (const { pictures } of old)
      for (const pictureId of pictures) await files?.remove({ facilityId, pictureId });
    await emptyViolations(
      db,
      facilityId,
      old.map(({ id }) => id),
    );
    done += old.length;
  }
}
