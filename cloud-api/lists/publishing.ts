import type { ManifestChange } from "@parkme/shared/protocol/manifest";
import type { Db, Tx } from "../db/connection.ts";
import { publish } from "../fleet/manifest.queries.ts";
import { lockFacility } from "../facilities/lock.queries.ts";
import { tellChange } from "../live/changes.queries.ts";
import type { Job } from "../platform/job.ts";
import { refuse } from "../platform/refusal.ts";
import {
  deleteListed,
  deleteOver,
  facilitiesWithOver,
  writeListed,
  type ListedRow,
  type ListName,
} from "./lists.queries.ts";

/** Lists of plates are what the gate has: rows and manifest change together, as who runs the cloud. */

/** @throws a refusal when the gate's lists would be too long. */
export async function addListed(
  tx: Tx,
  facilityId: string,
  rows: readonly ListedRow[],
  now: Date,
): Promise<void> {
  await tellGate(tx, facilityId, rows.map(entryOf), now);
  await writeListed(tx, rows);
}

/** @returns false = it is not on the list. */
export async function removeListed(
  tx: Tx,
  { facilityId, list, plate }: Pick<ListedRow, "facilityId" | "list" | "plate">,
  now: Date,
): Promise<boolean> {
  // The facility before its rows, as everybody does it.
  await lockFacility(tx, facilityId);
  if (!(await deleteListed(tx, facilityId, list, plate))) return false;
  await tellGate(tx, facilityId, [{ section: list, key: plate, body: null }], now);
  return true;
}

function entryOf({ list, plate, reason }: ListedRow): ManifestChange {
  return { section: list, key: plate, body: JSON.stringify({ plate, reason }) };
}

async function tellGate(
  tx: Tx,
  facilityId: string,
  changes: readonly ManifestChange[],
  now: Date,
): Promise<void> {
  const done = await publish(tx, facilityId, changes, now);
  if (done.ok) return;
  const [first] = done.error;
  refuse(422, "lists_refused", first?.message ?? "the gate's lists would not be right");
}

const AT_ONCE = 100;

/** What stood on lists until a time comes off them, here and at the gate. */
export const LISTS_JOB: Job = {
  name: "lists.over",
  everySeconds: 60,
  run: async ({ db }, now) => await takeOffOver(db, now),
};

async function takeOffOver(db: Db, now: Date): Promise<number> {
  let done = 0;
  for (const facilityId of await facilitiesWithOver(db, now, AT_ONCE)) {
    done += await db.transaction(async (tx) => {
      await lockFacility(tx, facilityId);
      const gone = await deleteOver(tx, facilityId, now);
      await tellGate(
        tx,
        facilityId,
        gone.map(({ list, plate }) => ({ section: list, key: plate, body: null })),
        now,
      );
      const lists: readonly ListName[] = [...new Set(gone.map(({ list }) => list))];
      for (const list of lists) await tellChange(tx, facilityId, "lists", { list }, now);
      return gone.length;
    });
  }
  return done;
}
