import { misread } from "../traffic/confusion.ts";
import type { Vehicle } from "../traffic/demand.ts";
import type { Random } from "../traffic/random.ts";

/** A lane camera that reads plates and tells the agent in its own way. It pushes once and forgets. */
export type Camera = {
  readonly name: string;
  /** Looks at a vehicle and pushes what it reads. Never rejects: a push that fails is counted. */
  readonly see: (vehicle: Vehicle) => Promise<Sighting>;
  readonly counts: () => CameraCounts;
  readonly stop: () => Promise<void>;
};

export type CameraCounts = {
  /** Pushes that were answered as stored. */
  readonly pushed: number;
  /** Pushes refused, unanswered, or not even tried because too many were under way. */
  readonly failed: number;
};

/** How well a camera sees, and how often it says the same thing twice. Both chances 0..1. */
export type CameraHabits = {
  readonly misreadChance?: number;
  /** With this chance the same event, with the same id, is pushed again a little later. */
  readonly repeatChance?: number;
};

/** What a camera made of one look. */
export type Sighting = {
  /** The camera's own name of the event. */
  readonly eventId: string;
  readonly plate: string;
  /** 0..1 */
  readonly confidence: number;
  readonly seenAtMs: number;
};

const EVENT_LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const REPEAT_AFTER_MS = 400;
/** Pushes under way, repeats included; a camera that cannot get rid of them loses the next ones. */
export const MAX_PUSHES = 8;

/** Reads a plate, sometimes wrongly and then with less confidence. */
export function sight(vehicle: Vehicle, habits: CameraHabits, random: Random, nowMs: number): Sighting {
  const { text } = vehicle.plate;
  const isMisread = random.chance(habits.misreadChance ?? 0);
  return {
    eventId: eventIdAt(nowMs, random),
    plate: isMisread ? (misread(text, random) ?? text) : text,
    confidence: Math.round((isMisread ? 0.6 + random.next() * 0.25 : 0.9 + random.next() * 0.09) * 100) / 100,
    seenAtMs: nowMs,
  };
}

/** Like the vendor's: the time, then chance; 64 characters. */
function eventIdAt(nowMs: number, random: Random): string {
  const time = new Date(nowMs).toISOString().replaceAll(/\D/g, "");
  let id = time;
  while (id.length < 64) id += EVENT_LETTERS[random.int(EVENT_LETTERS.length)];
  return id;
}

/** Pushes with a bound on how many are under way, and the occasional repeat. `send` says whether it was stored. */
export type Outbox = {
  readonly push: (send: () => Promise<boolean>) => Promise<void>;
  readonly counts: () => CameraCounts;
  readonly stop: () => void;
};

export function createOutbox(habits: CameraHabits, random: Random): Outbox {
  const repeats = new Set<NodeJS.Timeout>();
  let underWay = 0;
  let pushed = 0;
  let failed = 0;

  async function attempt(send: () => Promise<boolean>): Promise<void> {
    if (underWay >= MAX_PUSHES) {
      failed += 1;
      return;
    }
    underWay += 1;
    const stored = await send().catch(() => false);
    underWay -= 1;
    if (stored) pushed += 1;
    else failed += 1;
  }

  function repeatLater(send: () => Promise<boolean>): void {
    if (repeats.size >= MAX_PUSHES) return;
    const timer = setTimeout(() => {
      repeats.delete(timer);
      void attempt(send);
    }, REPEAT_AFTER_MS);
    repeats.add(timer);
  }

  return {
    async push(send) {
      if (random.chance(habits.repeatChance ?? 0)) repeatLater(send);
      await attempt(send);
    },
    counts: () => ({ pushed, failed }),
    stop() {
      for (const timer of repeats) clearTimeout(timer);
      repeats.clear();
    },
  };
}

/** A camera's own calendar clock: `2026-05-01 14:22:07`, and how far it is from UTC, `+02:00`. */
export function cameraClock(
  nowMs: number,
  timeZone: string,
): { readonly clock: string; readonly offset: string } {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  const clock = format.format(nowMs);
  const offsetMinutes = Math.round((Date.parse(`${clock.replace(" ", "T")}Z`) - nowMs) / 60_000);
  const sign = offsetMinutes < 0 ? "-" : "+";
  const two = (value: number) => String(value).padStart(2, "0");
  const magnitude = Math.abs(offsetMinutes);
  return { clock, offset: `${sign}${two(Math.floor(magnitude / 60))}:${two(magnitude % 60)}` };
}
