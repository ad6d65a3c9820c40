import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  cutoffsOf,
  lookFrom,
  RESTORE_WINDOW_DAYS,
  retentionOf,
  retentionSchema,
  USUAL_RETENTION,
} from "./rules.ts";

const DAY_MS = 86_400_000;
const now = new Date("2026-07-15T12:00:00Z");
const daysAgo = (at: Date | null) => (at === null ? null : (now.getTime() - at.getTime()) / DAY_MS);

describe("retention", () => {
  it("keeps plates and pictures for 30 days unless told otherwise", () => {
    const { plates, pictures, logs } = cutoffsOf(retentionOf(null), now);
    expect([daysAgo(plates), daysAgo(pictures), daysAgo(logs)]).toEqual([30, 30, null]);
    expect(daysAgo(cutoffsOf(retentionOf({ plate_days: 7 }), now).plates)).toBe(7);
  });

  it("never forgets what a restored edge may need", () => {
    const some = fc.record({
      plate_days: fc.integer({ min: 1, max: 3_650 }),
      log_days: fc.option(fc.integer({ min: RESTORE_WINDOW_DAYS + 1, max: 3_650 })),
    });
    fc.assert(
      fc.property(some, (stored) => {
        const { events, logs, plates } = cutoffsOf(retentionOf(stored), now);
        expect(daysAgo(events)).toBeGreaterThanOrEqual(RESTORE_WINDOW_DAYS);
        expect(events.getTime()).toBeLessThanOrEqual(plates.getTime());
        expect(logs === null || (daysAgo(logs) ?? 0) > RESTORE_WINDOW_DAYS).toBe(true);
      }),
    );
  });

  it.each([
    [{ plate_days: 0 }],
    [{ plate_days: 1.5 }],
    [{ plate_days: null }],
    [{ log_days: RESTORE_WINDOW_DAYS }],
    [{ picture_days: 3_651 }],
    [{ plates: 30 }],
    ["30"],
  ])("takes nothing else: %j", (stored) => {
    expect(retentionSchema.safeParse(stored).success).toBe(false);
    expect(() => retentionOf(stored)).toThrow('"code"');
  });

  it("looks through everything once a week, and else no further back than it must", () => {
    const { plates } = cutoffsOf(USUAL_RETENTION, now);
    const looks = Array.from({ length: 7 }, (_, day) =>
      lookFrom(plates, new Date(now.getTime() + day * DAY_MS)).getTime(),
    );
    expect(looks.filter((from) => from === 0)).toHaveLength(1);
    expect(Math.max(...looks)).toBeLessThan(plates.getTime());
  });
});
