import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Cash, KioskSnapshot, Reset, Vend } from "@parkme/shared/protocol/kiosk";
import type { Random } from "../traffic/random.ts";
import { dutiesOf, roundUpToNote, type Duty } from "./duties.ts";
import { createKioskClient } from "./kiosk-client.ts";

export type AttendantOptions = {
  /** The agent's address, `http://host:port`. */
  readonly url: string;
  readonly name: string;
  readonly pin: string;
  readonly random: Random;
  /** How long a driver looks for money. */
  readonly takesMs?: { readonly from: number; readonly to: number };
  /** How much longer it takes to walk to a lane and look at it. */
  readonly walksMs?: number;
};

/**
 * A simulated attendant: watches the kiosk's live view, takes cash from whoever is asked for a fee, lets out
 * whom the gate does not know, and resets a lane that asks for somebody's word.
 */
export type Attendant = {
  readonly counts: () => AttendantCounts;
  readonly stop: () => Promise<void>;
};

export type AttendantCounts = {
  /** Duties done. */
  readonly cash: number;
  readonly vend: number;
  readonly reset: number;
  /** Answers other than success: the fee had changed, the driver had left. */
  readonly refused: number;
  /** Attempts whose outcome never became known, for lack of any answer. */
  readonly unknown: number;
};

const TAKES_MS = { from: 2_000, to: 4_000 };
const WALKS_MS = 4_000;
const RETRY_MS = 1_000;
const ATTEMPTS = 5;

export function startAttendant(options: AttendantOptions): Attendant {
  const { takesMs = TAKES_MS, walksMs = WALKS_MS } = options;
  const ending = new AbortController();
  const pause = (ms: number) => delay(ms, undefined, { signal: ending.signal });
  const client = createKioskClient({ ...options, signal: ending.signal });
  const busy = new Map<string, Promise<void>>();
  const counts = { cash: 0, vend: 0, reset: 0, refused: 0, unknown: 0 };
  let duties: readonly Duty[] = [];

  function look(snapshot: KioskSnapshot): void {
    duties = dutiesOf(snapshot);
    startWaiting();
  }

  /** One duty at a time in each lane. After it another look: the live view speaks only of changes. */
  function startWaiting(): void {
    for (const duty of ending.signal.aborted ? [] : duties) {
      if (busy.has(duty.lane)) continue;
      const work = attend(duty)
        // Only the end of the shift interrupts a duty.
        .catch(() => {})
        .finally(() => {
          busy.delete(duty.lane);
          startWaiting();
        });
      busy.set(duty.lane, work);
    }
  }

  /** Takes the time that a person takes, then does what is to be done by then, if it still is. */
  async function attend(seen: Duty): Promise<void> {
    const { from, to } = takesMs;
    await pause(from + options.random.int(to - from + 1) + (seen.kind === "cash" ? 0 : walksMs));
    const duty = duties.find((one) => isSame(one, seen));
    if (duty !== undefined) counts[await perform(duty)] += 1;
  }

  /** The same key every time: whichever attempt arrived, it counts once. */
  async function perform(duty: Duty): Promise<keyof AttendantCounts> {
    const body = bodyOf(duty);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await pause(RETRY_MS);
      const status = await client.post(`/api/lanes/${duty.lane}/${duty.kind}`, body);
      if (status !== null && status < 500) return status < 300 ? duty.kind : "refused";
    }
    return "unknown";
  }

  const working = client.follow(look, () => {
    duties = [];
  });
  return {
    counts: () => ({ ...counts }),
    async stop() {
      ending.abort();
      await Promise.all([working, ...busy.values()]);
    },
  };
}

function isSame(one: Duty, other: Duty): boolean {
  if (one.lane !== other.lane || one.kind !== other.kind) return false;
  return one.kind !== "cash" || other.kind !== "cash" || one.stayId === other.stayId;
}

function bodyOf(duty: Duty): Cash | Vend | Reset {
  switch (duty.kind) {
    case "cash":
      return {
        stay_id: duty.stayId,
        amount_minor: duty.amountMinor,
        tendered_minor: roundUpToNote(duty.amountMinor, duty.minorDigits),
        idempotency_key: randomUUID(),
      };
    case "vend":
      return { reason: "no stay found for the vehicle", idempotency_key: randomUUID() };
    case "reset":
      return { reason: "looked at the lane, nothing under the arm" };
  }
}
