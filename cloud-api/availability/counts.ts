import type { SpotCount, SpotSize } from "./rules.ts";

/** How the counts of spots follow the spots: each change of a spot takes it from one count and puts it into another. */

export type SpotStatus = "free" | "occupied" | "blocked";

/** What of a spot its count depends on. */
export type CountedSpot = {
  readonly zoneId: string;
  readonly size: SpotSize;
  readonly ev: boolean;
  readonly accessible: boolean;
  readonly status: SpotStatus;
};

/** A spot before and after; null = it was not there, or is not any more. */
export type SpotStep = { readonly before: CountedSpot | null; readonly after: CountedSpot | null };

/** What changes of each count; those that stay as they are have none. */
export function countDeltas(steps: readonly SpotStep[]): readonly SpotCount[] {
  const deltas = new Map<string, { -readonly [K in keyof SpotCount]: SpotCount[K] }>();
  const add = (spot: CountedSpot | null, by: 1 | -1): void => {
    if (spot === null) return;
    const { zoneId, size, ev, accessible, status } = spot;
    const key = keyOf(spot);
    const delta = deltas.get(key) ?? { zoneId, size, ev, accessible, total: 0, occupied: 0, blocked: 0 };
    delta.total += by;
    if (status !== "free") delta[status] += by;
    deltas.set(key, delta);
  };
  for (const { before, after } of steps) {
    add(before, -1);
    add(after, 1);
  }
  return [...deltas.values()].filter(
    ({ total, occupied, blocked }) => total !== 0 || occupied !== 0 || blocked !== 0,
  );
}

function keyOf({ zoneId, size, ev, accessible }: Omit<CountedSpot, "status">): string {
  return `${zoneId} ${size} ${ev} ${accessible}`;
}

/** Who says what a spot is: programs by these names, a person by theirs. */
const SPOT_PROGRAMS = ["sensor", "gate", "booking"] as const;

export type SpotOutcome =
  | "changed"
  | "same"
  /** A program says that it is free or taken, but a person has blocked it. */
  | "kept_blocked"
  | "no_such_spot";

/** What becomes of a spot of which somebody says something. */
export function judgeStatus(
  before: SpotStatus | null,
  wanted: SpotStatus,
  by: string,
): { readonly outcome: SpotOutcome; readonly status: SpotStatus | null } {
  if (before === null) return { outcome: "no_such_spot", status: null };
  if (before === wanted) return { outcome: "same", status: before };
  const isProgram = SPOT_PROGRAMS.some((program) => program === by);
  if (before === "blocked" && isProgram) return { outcome: "kept_blocked", status: before };
  return { outcome: "changed", status: wanted };
}

/** What a sensor saw, of the spot that it is named by. */
export type Reading = {
  readonly sensor?: string | undefined;
  readonly spot_number?: string | undefined;
  readonly occupied: boolean;
  readonly at: Date;
};

/** As the database knows it. */
export type SensedSpot = CountedSpot & {
  readonly id: string;
  readonly number: string;
  readonly sensor: string | null;
  readonly statusAt: Date;
};

export type IgnoredReading = {
  /** Its place in the batch. */
  readonly index: number;
  readonly why: "unknown" | "old" | "blocked" | "future";
};

/** How far ahead of ours a sensor's clock may be. */
export const CLOCK_TOLERANCE_MS = 60_000;

/**
 * What a batch of readings says of spots: of each spot the newest counts, and only what is newer than what is known of
 * it. A reading from the future would make all those after it old: it is ignored.
 */
export function judgeReadings(
  readings: readonly Reading[],
  spots: readonly SensedSpot[],
  now: Date,
): {
  readonly changes: readonly { readonly spot: SensedSpot; readonly status: SpotStatus; readonly at: Date }[];
  readonly ignored: readonly IgnoredReading[];
} {
  const bySensor = new Map(spots.map((spot) => [spot.sensor, spot]));
  const byNumber = new Map(spots.map((spot) => [spot.number, spot]));
  const newest = new Map<string, { spot: SensedSpot; status: SpotStatus; at: Date; index: number }>();
  const ignored: IgnoredReading[] = [];
  for (const [index, { sensor, spot_number: number, occupied, at }] of readings.entries()) {
    const spot = sensor === undefined ? byNumber.get(number ?? "") : bySensor.get(sensor);
    const ignore = (why: IgnoredReading["why"], place = index): void => {
      ignored.push({ index: place, why });
    };
    if (spot === undefined) ignore("unknown");
    else if (at.getTime() > now.getTime() + CLOCK_TOLERANCE_MS) ignore("future");
    else if (spot.status === "blocked") ignore("blocked");
    else if (at <= spot.statusAt) ignore("old");
    else {
      const known = newest.get(spot.id);
      if (known !== undefined && known.at > at) ignore("old");
      else {
        if (known !== undefined) ignore("old", known.index);
        newest.set(spot.id, { spot, status: occupied ? "occupied" : "free", at, index });
      }
    }
  }
  const changes = [...newest.values()].map(({ spot, status, at }) => ({ spot, status, at }));
  return { changes, ignored: ignored.toSorted((a, b) => a.index - b.index) };
}
