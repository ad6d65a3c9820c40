import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import type { Cash, KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import type { Random } from "../traffic/random.ts";
import { createKioskClient } from "./kiosk-client.ts";

export type AttendantOptions = {
  /** The agent's address, `http://host:port`. */
  readonly url: string;
  readonly name: string;
  readonly pin: string;
  readonly random: Random;
  /** How long a driver looks for money. */
  readonly takesMs?: { readonly from: number; readonly to: number };
};

/** A simulated attendant: watches the kiosk's live view and takes cash from whoever is asked for a fee. */
export type Attendant = {
  readonly counts: () => AttendantCounts;
  readonly stop: () => Promise<void>;
};

export type AttendantCounts = {
  readonly taken: number;
  /** Answers other than success: the fee had changed, the driver had left. */
  readonly refused: number;
  /** Attempts whose outcome never became known, for lack of any answer. */
  readonly unknown: number;
};

const TAKES_MS = { from: 2_000, to: 4_000 };
const RETRY_MS = 1_000;
const CASH_ATTEMPTS = 5;

/** What a lane asks for right now. */
type Due = {
  readonly lane: string;
  readonly stayId: string;
  readonly amountMinor: number;
  readonly minorDigits: number;
};

export function startAttendant(options: AttendantOptions): Attendant {
  const { from, to } = options.takesMs ?? TAKES_MS;
  const ending = new AbortController();
  const pause = (ms: number) => delay(ms, undefined, { signal: ending.signal });
  const client = createKioskClient({ ...options, signal: ending.signal });
  const busy = new Map<string, Promise<void>>();
  const counts = { taken: 0, refused: 0, unknown: 0 };
  let dues: readonly Due[] = [];

  function look(snapshot: KioskSnapshot): void {
    dues = duesOf(snapshot);
    serveWaiting();
  }

  /** One driver at a time in each lane. After him another look: the live view speaks only of changes. */
  function serveWaiting(): void {
    for (const due of ending.signal.aborted ? [] : dues) {
      if (busy.has(due.lane)) continue;
      const service = serve(due)
        // Only the end of the shift interrupts a service.
        .catch(() => {})
        .finally(() => {
          busy.delete(due.lane);
          serveWaiting();
        });
      busy.set(due.lane, service);
    }
  }

  /** Waits for the driver's money, then takes what is due by then, if anything still is. */
  async function serve({ lane, stayId }: Due): Promise<void> {
    await pause(from + options.random.int(to - from + 1));
    const due = dues.find((one) => one.lane === lane && one.stayId === stayId);
    if (due === undefined) return;
    const tendered = roundUpToNote(due.amountMinor, due.minorDigits);
    const outcome = await takeCash(lane, {
      stay_id: stayId,
      tendered_minor: tendered,
      idempotency_key: randomUUID(),
    });
    counts[outcome] += 1;
  }

  /** The same key every time: whichever attempt arrived, the money is taken once. */
  async function takeCash(lane: string, cash: Cash): Promise<keyof AttendantCounts> {
    for (let attempt = 0; attempt < CASH_ATTEMPTS; attempt++) {
      if (attempt > 0) await pause(RETRY_MS);
      const status = await client.takeCash(lane, cash);
      if (status !== null && status < 500) return status < 300 ? "taken" : "refused";
    }
    return "unknown";
  }

  const working = client.follow(look, () => {
    dues = [];
  });
  return {
    counts: () => ({ ...counts }),
    async stop() {
      ending.abort();
      await Promise.all([working, ...busy.values()]);
    },
  };
}

function duesOf(snapshot: KioskSnapshot): Due[] {
  return snapshot.lanes.flatMap(({ lane, state, stay }) => {
    if (state !== "PAYING" || stay === null || stay.fee === null) return [];
    const { amount_minor: amountMinor } = stay.fee;
    return [{ lane, stayId: stay.stay_id, amountMinor, minorDigits: snapshot.facility.minor_digits }];
  });
}

/** The smallest note that covers an amount; notes are 1, 2 or 5 times a power of ten, from 5 major units up. */
export function roundUpToNote(amountMinor: number, minorDigits: number): number {
  let note = 5 * 10 ** minorDigits;
  for (let step = 0; note < amountMinor; step++) note *= step % 3 === 2 ? 2.5 : 2;
  return note;
}
