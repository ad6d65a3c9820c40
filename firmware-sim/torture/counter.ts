import { setTimeout as passTime } from "node:timers/promises";
import type { KioskSnapshot, LaneView } from "@parkme/shared/protocol/kiosk";
import { createKioskClient } from "../attendant/kiosk-client.ts";
import { signIn, type Answer, type Person } from "../scenarios/cashier.ts";

/** The attendants' counter at an agent that comes and goes: its page, and what is asked there. */
export type Counter = {
  /** A new agent answers at the address: whoever worked there signs in again. */
  readonly open: () => Promise<void>;
  /** What the page shows from now on is of an agent that may be dead. */
  readonly close: () => void;
  readonly lane: (name: string) => LaneView | null;
  /**
   * Asks until there is an answer, under the same key, as long as it takes: also through restarts, as one who works at
   * a counter does. A disk that is full has no answer.
   *
   * @param onShift waits until anybody works; throws when nobody will any more.
   */
  readonly ask: (path: string, body: object, onShift: () => Promise<void>) => Promise<Answer>;
  /** Asks once; null = no answer. */
  readonly askOnce: (path: string, body: object) => Promise<Answer | null>;
  /** How often the gate could not write something down. */
  readonly refusals: () => number;
  /** What came of the last question at an address, in words. */
  readonly answerTo: (path: string) => string;
};

export type CounterOptions = {
  readonly url: string;
  readonly name: string;
  readonly pin: string;
  /** Told of every page, as long as its agent is alive. */
  readonly seen: (page: KioskSnapshot) => void;
};

const AGAIN_MS = 50;
const ANSWERS = new Set([200, 201, 204, 400, 404, 409]);
const REFUSED = new Set([500, 503]);

export function createCounter({ url, name, pin, seen }: CounterOptions): Counter {
  let person: Person | null = null;
  let page: KioskSnapshot | null = null;
  let following: AbortController | null = null;
  let refusals = 0;
  const answers = new Map<string, string>();

  const askOnce: Counter["askOnce"] = async (path, body) => {
    try {
      const answer = await person?.post(path, body);
      answers.set(path, answer === undefined ? "nobody is signed in" : `status ${answer.status}`);
      if (answer === undefined) return null;
      if (REFUSED.has(answer.status)) refusals += 1;
      return ANSWERS.has(answer.status) ? answer : null;
    } catch {
      answers.set(path, "cut off");
      return null;
    }
  };
  return {
    open: async () => {
      person = await signIn(url, name, pin);
      const end = new AbortController();
      following = end;
      const client = createKioskClient({ url, name, pin, signal: end.signal });
      void client.follow((now) => {
        if (end.signal.aborted) return;
        page = now;
        seen(now);
      });
    },
    close: () => {
      following?.abort();
      [person, page, following] = [null, null, null];
    },
    lane: (lane) => page?.lanes.find((view) => view.lane === lane) ?? null,
    askOnce,
    ask: async (path, body, onShift) => {
      for (;;) {
        await onShift();
        const answer = await askOnce(path, body);
        if (answer !== null) return answer;
        await passTime(AGAIN_MS);
      }
    },
    refusals: () => refusals,
    answerTo: (path) => answers.get(path) ?? "not asked",
  };
}
