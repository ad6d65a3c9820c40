import { staticCredential } from "../credential.ts";
import { realTimers, type Timers } from "../nap.ts";
import { createUplink } from "../uplink.ts";
import type { Restoring, UplinkLog, UplinkOptions } from "../uplink-parts.ts";
import { BOOT, NOT_RESTORED } from "./memory-log.ts";
import { EDGE_ID } from "./memory-cloud.ts";

export const TOKEN = "tok-7f1d0c";
export const WALL_MS = 1_767_225_600_000;

/** Pauses are so many times as short, and none is longer than that of half a minute. */
const TIMES = 60;
const LONGEST_MS = 30_000;

/** Says which pauses were made. The patience with a request is none, and as long as it says. */
function fastTimers(requestTimeoutMs: number) {
  const pauses: number[] = [];
  const timers: Timers = {
    after: (ms, work) => {
      if (ms === requestTimeoutMs) return realTimers.after(ms, work);
      pauses.push(ms);
      return realTimers.after(Math.min(ms, LONGEST_MS) / TIMES, work);
    },
  };
  return { timers, pauses };
}

/** An uplink over real HTTP, with what it told people and how long it paused. */
export function startRig(url: string, log: UplinkLog, over: Partial<UplinkOptions> = {}) {
  const notes: string[] = [];
  const alarms: string[] = [];
  const requestTimeoutMs = over.requestTimeoutMs ?? 14_999;
  const { timers, pauses } = fastTimers(requestTimeoutMs);
  const uplink = createUplink({
    url,
    credential: staticCredential(EDGE_ID, TOKEN),
    requestTimeoutMs,
    timers,
    log,
    restoring: NOT_RESTORED,
    taken: () => ({ downlink: 0, manifest: 0 }),
    bootId: BOOT,
    version: "1.0.0",
    clock: { wallMs: () => WALL_MS, monotonicMs: () => performance.now() * TIMES },
    // The shortest pauses that jitter allows.
    random: () => 0,
    alarm: { begin: (detail) => alarms.push(detail), over: () => alarms.push("over") },
    note: {
      info: (fields, message) => notes.push(`info ${message} ${JSON.stringify(fields)}`),
      warn: (fields, message) => notes.push(`warn ${message} ${JSON.stringify(fields)}`),
    },
    ...over,
  });
  uplink.start();
  return { uplink, notes, alarms, pauses };
}

/** A restore of which only is seen that it was begun. */
export function recordedRestore(over: Partial<Restoring> = {}) {
  const calls: string[] = [];
  const restoring: Restoring = {
    ...NOT_RESTORED,
    run: ({ common, head }) => {
      calls.push(`run ${common.seq} ${head.seq}`);
      return Promise.resolve();
    },
    notNeeded: () => void calls.push("not needed"),
    tellEpoch: ({ head }) => {
      calls.push(`epoch behind ${head.seq}`);
      return Promise.resolve();
    },
    ...over,
  };
  return { calls, restoring };
}
