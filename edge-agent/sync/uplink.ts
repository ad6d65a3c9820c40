import { MAX_BATCH_EVENTS, type Window } from "@parkme/shared/protocol/log";
import { type CloudClock, createCloudClock } from "./cloud-clock.ts";
import { reasonOf } from "./cloud-http.ts";
import { createGreeting, type Greeted } from "./greeting.ts";
import { createNap } from "./nap.ts";
import { createSending, HEARTBEAT_MS, type Sent } from "./sending.ts";
import { createStanding } from "./standing.ts";
import type { UplinkOptions } from "./uplink-parts.ts";

export type UplinkStatus = {
  readonly connected: boolean;
  /** Lines that the cloud has not acknowledged. */
  readonly pending: number;
  readonly lastAckWallMs: number | null;
  /** Why the cloud takes nothing from us any more; null = it does. */
  readonly fenced: string | null;
  readonly epoch: number;
  readonly restoring: { readonly adopted: number; readonly of: number } | null;
  /** The cloud's clock minus ours; null = never heard. */
  readonly cloudOffsetMs: number | null;
};

export type Uplink = {
  readonly start: () => void;
  /** Something was written to the log: send it soon. */
  readonly poke: () => void;
  /** What kept us from the cloud may be over: try again at once. */
  readonly retryNow: () => void;
  /** Both sides know where they are, since this start: nothing is left to adopt, and the downlink may be taken. */
  readonly agreed: () => boolean;
  readonly status: () => UplinkStatus;
  readonly stop: () => Promise<void>;
};

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 30_000;
/** Somebody may enrol the gate anew. */
const LOCKED_OUT_MS = 30_000;
/** Events of one moment travel together. */
const GATHER_MS = 50;
const SILENCE_MS = 3_600_000;

/** What comes next: at once, when there is news, after the pause of an outage, or after a pause that was asked for. */
type Next = { readonly kind: "go" | "news" | "retry" } | { readonly kind: "wait"; readonly ms: number };

/**
 * Sends the log to the cloud, in order, one batch at a time, for as long as it takes. Lanes never wait for it: they
 * write to the log, and this reads it. Before the first batch, and whenever the two do not agree where they are, it
 * says hello.
 */
export function createUplink(options: UplinkOptions): Uplink {
  const { log, restoring } = options;
  const stopping = new AbortController();
  const nap = createNap(stopping.signal, options.timers);
  const cloudClock = clockOf(options);
  const turns = createTurns(options, cloudClock, stopping.signal);
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!stopping.signal.aborted) {
      const next = await turns.take();
      if (turns.connected()) retryMs = FIRST_RETRY_MS;
      if (next.kind === "wait") await nap.sleep(next.ms * (1 + options.random() / 2));
      if (next.kind === "retry") {
        await nap.sleep(retryMs * (0.5 + options.random()));
        retryMs = Math.min(retryMs * 2, LONGEST_RETRY_MS);
      }
      if (next.kind === "news") {
        await nap.untilPoked(HEARTBEAT_MS);
        await nap.sleep(GATHER_MS);
      }
    }
  }

  return {
    start: () => {
      running = run();
    },
    poke: nap.poke,
    retryNow: nap.hurry,
    agreed: () => turns.agreed() && restoring.place() === null,
    status: () => ({
      connected: turns.connected(),
      lastAckWallMs: turns.lastAckWallMs(),
      pending: Math.max(0, log.logHead().seq - log.uploadCursor()),
      fenced: log.linkState().fenced,
      epoch: log.logHead().epoch,
      restoring: restoring.progress(),
      cloudOffsetMs: cloudClock.offsetMs(),
    }),
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}

/** One request after another, and what comes after each. */
function createTurns(options: UplinkOptions, cloudClock: CloudClock, stopping: AbortSignal) {
  const standing = createStanding(options, stopping);
  const greet = createGreeting(options, { standing, cloudClock }, stopping);
  const send = createSending(options, cloudClock, stopping);
  let lastAckWallMs: number | null = null;
  let window: Window = { events: MAX_BATCH_EVENTS, pause_ms: 0 };
  let agreed = false;
  /** Why nothing is sent any more until the program starts again. */
  let silent: string | null = null;
  /** In a row; one may be a byte that was damaged on its way. */
  let lockouts = 0;

  function fallSilent(why: string): Next {
    [silent, agreed] = [why, false];
    standing.shutOut(why);
    return { kind: "wait", ms: SILENCE_MS };
  }

  function apply(turn: Greeted | Sent): Next {
    switch (turn.kind) {
      case "agreed":
        [agreed, lockouts] = [true, 0];
        window = turn.window;
        options.agreed?.();
        return { kind: "wait", ms: window.pause_ms };
      case "adopted":
        return { kind: "retry" };
      case "idle":
        return { kind: "news" };
      case "acked":
        standing.acked(turn.seq);
        window = turn.window;
        lastAckWallMs = options.clock.wallMs();
        return window.pause_ms === 0 ? { kind: "go" } : { kind: "wait", ms: window.pause_ms };
      case "busy":
        return { kind: "wait", ms: turn.retryAfterMs };
      case "unsure":
      case "failed":
        if (turn.kind === "unsure") agreed = false;
        standing.lost(turn);
        return { kind: "retry" };
      case "locked_out":
        agreed = false;
        lockouts += 1;
        if (lockouts === 1) standing.lost(turn);
        else standing.shutOut(turn.reason);
        return lockouts === 1 ? { kind: "retry" } : { kind: "wait", ms: LOCKED_OUT_MS };
      case "fenced":
        return fallSilent(REPLACED);
      case "damaged":
        return fallSilent(
          `Line ${turn.line} of the log is damaged: what follows cannot be told to the cloud`,
        );
      default:
        return turn satisfies never;
    }
  }

  async function take(): Promise<Next> {
    try {
      if (silent !== null) return fallSilent(silent);
      return apply(agreed ? await send(window) : await greet());
    } catch (error) {
      // The log could not be read or written: the gate's own trouble, which must not end the uplink.
      standing.lost({ reason: reasonOf(error) });
      return { kind: "retry" };
    }
  }

  return {
    take,
    connected: standing.connected,
    agreed: () => agreed,
    lastAckWallMs: () => lastAckWallMs,
  };
}

const REPLACED = "Another program has taken this gate's place at the cloud: this one tells it nothing";

function clockOf({ clock, log, cloudTime }: UplinkOptions) {
  const own = createCloudClock({
    clock,
    kept: () => log.linkState().clockOffsetMs,
    keep: (clockOffsetMs) => log.setLinkState({ clockOffsetMs }),
  });
  return {
    ...own,
    heard: (now: string, askedMs: number): void => {
      own.heard(now, askedMs);
      cloudTime?.heard(now, askedMs);
    },
  };
}
