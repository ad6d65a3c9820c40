import type { SyncEvent } from "@parkme/shared/protocol/sync";
import type { UplinkLog } from "../uplink.ts";

/** An event of the log; `detail` makes it as long as a test needs. */
export function eventOf(seq: number, detail = ""): SyncEvent {
  return {
    seq,
    event_id: `019ab3c4-0000-7000-8000-${seq.toString(16).padStart(12, "0")}`,
    kind: "alarm.raised",
    schema_version: 1,
    wall_time: "2026-03-01T10:00:00.000Z",
    payload: { lane: "entry", kind: "tailgate", detail, at: "2026-03-01T10:00:00.000Z" },
  };
}

/** A log in memory; `cursors` tells every value that was persisted. */
export function createLog(length: number, cursor = 0) {
  const events = Array.from({ length }, (_, i) => eventOf(i + 1));
  const cursors: number[] = [];
  let at = cursor;
  let broken: Error | null = null;
  const whole = (): void => {
    if (broken !== null) throw broken;
  };
  const log: UplinkLog = {
    uploadCursor: () => (whole(), at),
    lastLogSeq: () => events.length,
    setUploadCursor: (seq) => {
      whole();
      at = seq;
      cursors.push(seq);
    },
    logAfter: (seq, limit) => (whole(), events.slice(seq, seq + limit)),
  };
  return {
    log,
    cursors,
    events,
    cursor: () => at,
    write: (detail = ""): void => void events.push(eventOf(events.length + 1, detail)),
    break: (error: Error | null): void => void (broken = error),
  };
}
