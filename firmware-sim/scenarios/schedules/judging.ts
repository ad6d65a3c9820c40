import type { Db } from "../../../cloud-api/db/connection.ts";
import type { GateDatabase } from "../../../edge-agent/store/open.ts";
import { askCloud } from "../../../edge-agent/sync/cloud-request.ts";
import { createEquality } from "../../../edge-agent/sync/equality.ts";
import type { Site } from "../../simulation/cloud/facility-rows.ts";
import type { Running } from "./edge-box.ts";
import {
  auditArchive,
  readCloud,
  readComparison,
  readDifferences,
  readEdge,
  readRemotePayments,
  untoldEpochs,
} from "./ends.ts";
import type { Model } from "./model.ts";

/** What is wrong with the two disks, in words. */
export async function judgeEnds(
  model: Model,
  { db, site, gate }: { readonly db: Db; readonly site: Site; readonly gate: GateDatabase },
): Promise<string[]> {
  const cloud = await readCloud(db, site);
  const unbooked = (await readRemotePayments(db, site)).filter(
    ({ booked, isKnown }) => booked > 1 || (isKnown && booked === 0),
  );
  return [
    ...model.judge(readEdge(gate), cloud),
    ...(await auditArchive(db, site)),
    ...(await untoldEpochs(db, site)),
    ...unbooked.map(({ reference, booked }) => `${reference} is booked ${booked} times`),
  ];
}

/** Compares the books of both sides by their digests, as the gate does every hour. */
export function compareBooks({ db: gate, store, uplink, address, clock }: Running) {
  let done = false;
  const notes: string[] = [];
  const tell = (fields: object, line: string): void => void notes.push(`${line} ${JSON.stringify(fields)}`);
  createEquality({
    books: store,
    head: store.logHead,
    acked: store.uploadCursor,
    ready: () => uplink.agreed() && uplink.status().connected,
    ask: (path, stopping, post) => askCloud(address, path, stopping, post),
    alarm: () => {
      done = true;
    },
    written: uplink.poke,
    clock,
    timers: address.timers,
    note: { info: tell, warn: tell },
  }).start();
  return {
    isDone: () => done,
    result: async (db: Db, site: Site, model: Model): Promise<string[]> => {
      const compared = await readComparison(db, site);
      const unequal = compared.filter(
        ({ subject, unequal: n }) => n > 0 && !model.mayDiffer(subject, readEdge(gate)),
      );
      return [
        ...(compared.length === 0 ? ["nothing was compared"] : []),
        ...unequal.map(
          ({ subject, unequal: n }) => `${n} days of ${subject} are unequal: ${notes.join("; ")}`,
        ),
        ...(unequal.length > 0 ? await readDifferences(db, site) : []),
      ];
    },
  };
}
