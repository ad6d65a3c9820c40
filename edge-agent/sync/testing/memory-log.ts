import { GENESIS_HASH, lineOf, type LogPlace } from "@parkme/shared/protocol/log";
import { hashAfter } from "../../store/log-writer.ts";
import type { Line } from "../post-batch.ts";
import type { Restoring, UplinkLog } from "../uplink-parts.ts";

export const BOOT = "boot-1";

/** A line of the log; `detail` makes it as long as a test needs, and other than its neighbours. */
export function lineAfter(place: LogPlace, detail = "", epoch = place.epoch): Line {
  const seq = place.seq + 1;
  const line = lineOf(
    {
      seq,
      epoch,
      event_id: `019ab3c4-0000-7000-8000-${seq.toString(16).padStart(12, "0")}`,
      kind: "alarm.raised",
      schema_version: 1,
      wall_time: "2026-03-01T10:00:00.000Z",
      monotonic_ms: seq,
      boot_id: BOOT,
      payload: JSON.stringify({ lane: "entry", kind: "tailgate", detail, at: "2026-03-01T10:00:00.000Z" }),
    },
    null,
  );
  return { seq, line, hash: hashAfter(place.hash, line) };
}

type Link = ReturnType<UplinkLog["linkState"]>;

/** A log in memory that was never pruned; `cursors` tells every value that was persisted. */
export function createLog(length: number, cursor = 0) {
  const lines: Line[] = [];
  const cursors: number[] = [];
  let at = cursor;
  let epoch = 1;
  let broken: Error | null = null;
  let link: Link = { fenced: null, anchorSeq: 0, restoredSeq: null, signingKey: null, clockOffsetMs: null };
  const whole = (): void => {
    if (broken !== null) throw broken;
  };
  const placeAt = (seq: number): LogPlace => ({ epoch, seq, hash: lines[seq - 1]?.hash ?? GENESIS_HASH });
  const head = (): LogPlace => placeAt(lines.length);
  const write = (detail = ""): void => void lines.push(lineAfter(head(), detail));
  for (let i = 0; i < length; i++) write();
  const log: UplinkLog = {
    logHead: head,
    logLines: (after, limit) => (whole(), lines.slice(after, after + limit)),
    hashAt: (seq) => (seq > lines.length ? null : placeAt(seq).hash),
    logLocator: ({ from = lines.length }) =>
      [0, 1, 3, 7, 15, 31, 63].filter((back) => back < from).map((back) => placeAt(from - back)),
    damagedLine: (first, last) => {
      let previous = placeAt(first - 1).hash;
      for (const { seq, line, hash } of lines.slice(first - 1, last)) {
        if (hashAfter(previous, line) !== hash) return seq;
        previous = hash;
      }
      return null;
    },
    uploadCursor: () => (whole(), at),
    setUploadCursor: (seq) => {
      whole();
      at = seq;
      cursors.push(seq);
    },
    linkState: () => link,
    setLinkState: (change) => {
      link = { ...link, ...change };
    },
  };
  return {
    log,
    lines,
    cursors,
    cursor: () => at,
    write,
    link: () => link,
    setLink: (change: Partial<Link>): void => void (link = { ...link, ...change }),
    setEpoch: (next: number): void => void (epoch = next),
    break: (error: Error | null): void => void (broken = error),
  };
}

/** For a gate that was not restored: nothing of it may be asked. */
export const NOT_RESTORED: Restoring = {
  place: () => null,
  run: () => Promise.reject(new Error("nothing is to be adopted")),
  notNeeded: () => {
    throw new Error("it was not restored");
  },
  tellEpoch: () => Promise.reject(new Error("there is no other epoch")),
  progress: () => null,
};
