import type { Clock } from "@parkme/shared/domain/clock";
import { type LiveState, liveStateSchema } from "@parkme/shared/protocol/downlink";
import { reasonOf } from "./cloud-http.ts";
import type { CloudAnswer } from "./cloud-request.ts";
import type { LiveLink } from "./live-link.ts";
import { createNap, type Timers } from "./nap.ts";

/** What the gate looks like, without who says so and when. */
export type GateLook = Omit<LiveState, "boot_id" | "serial" | "wall_time">;

export type LiveStateOptions = {
  readonly look: () => GateLook;
  readonly bootId: string;
  readonly link: Pick<LiveLink, "connected" | "downForMs" | "send">;
  /** Posts a state, where there is no line to be had. Throws when there is no answer. */
  readonly post: (state: LiveState, stopping: AbortSignal) => Promise<CloudAnswer>;
  readonly clock: Clock;
  readonly timers?: Timers;
  readonly note: { readonly warn: (fields: object, message: string) => void };
};

export type LiveStateSending = {
  readonly start: () => void;
  /** Something has changed: it is told soon. */
  readonly changed: () => void;
  /** Tells it at once: the line is open again, or somebody asks. */
  readonly now: () => void;
  readonly stop: () => Promise<void>;
};

/** Not more often, however fast the gate changes. */
const PAUSE_MS = 1_000;
/** Not less often, whatever happens. */
const EVERY_MS = 15_000;
/** The same, where every state is a request of its own. */
const POST_PAUSE_MS = 5_000;
/** So long the line may be down before the state goes another way. */
const PATIENCE_MS = 5_000;

/** Tells the cloud what the gate looks like, beside the log: weeks of it may still be on their way. */
export function createLiveState(options: LiveStateOptions): LiveStateSending {
  const { link, clock, note } = options;
  const stopping = new AbortController();
  const nap = createNap(stopping.signal, options.timers);
  let serial = 0;
  /** Something has changed since the last state, or it was not sent. */
  let stale = true;
  let complained = false;
  let running: Promise<void> = Promise.resolve();

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const pauseMs = await tell();
      await nap.sleep(pauseMs);
      if (!stale) await nap.untilPoked(EVERY_MS - pauseMs);
    }
  }

  /** @returns how long there is nothing more to tell. */
  async function tell(): Promise<number> {
    try {
      if (sendNow() || link.downForMs() < PATIENCE_MS) return PAUSE_MS;
      stale = false;
      const { status } = await options.post(compose(), stopping.signal);
      if (status >= 300) throw new Error(`status ${status}`);
      complained = false;
      return POST_PAUSE_MS;
    } catch (error) {
      complain(error);
      return EVERY_MS;
    }
  }

  /** Over the line, if there is one. */
  function sendNow(): boolean {
    if (!link.connected()) return false;
    stale = false;
    const sent = link.send(JSON.stringify(compose()));
    if (sent) complained = false;
    return sent;
  }

  function compose(): LiveState {
    serial += 1;
    const wall_time = new Date(clock.wallMs()).toISOString();
    return liveStateSchema.parse({ boot_id: options.bootId, serial, wall_time, ...options.look() });
  }

  function complain(error: unknown): void {
    if (!complained && !stopping.signal.aborted)
      note.warn({ reason: reasonOf(error) }, "the cloud cannot be told what the gate looks like");
    complained = true;
  }

  function poke(): void {
    stale = true;
    nap.poke();
  }

  return {
    start: () => {
      running = run();
    },
    changed: poke,
    now: () => {
      try {
        if (!sendNow()) poke();
      } catch (error) {
        complain(error);
      }
    },
    stop: async () => {
      stopping.abort();
      await running;
    },
  };
}
