import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { forceFrom, withdrawalOf } from "./tariff-rules.ts";
import { cutTimeline, inForceAt, nameOf, timelineOf, type TimedVersion } from "./timeline.ts";

const NOW = Date.parse("2026-07-15T12:00:00Z");
const DAY = 86_400_000;
const at = (version: number, fromMs: number, id = "standard"): TimedVersion => ({ id, version, fromMs });

describe("the timeline of a facility's tariffs", () => {
  it("has the first from ever, and the others from when they came, but never before", () => {
    const heads = [
      { id: "standard", version: 2, validFrom: "2026-01-01 00:00", madeMs: NOW },
      { id: "standard", version: 1, validFrom: null, madeMs: NOW - DAY },
      { id: "event", version: 1, validFrom: "2026-07-20 10:00", madeMs: NOW },
    ];
    expect(timelineOf([], heads, "Europe/Berlin")).toEqual([
      at(1, 0),
      at(2, NOW),
      at(1, Date.parse("2026-07-20T08:00:00Z"), "event"),
    ]);
  });

  it("takes what was published here by its own time, once", () => {
    const published = [{ id: "standard", version: 1, fromMs: 0, publishedMs: NOW - DAY }];
    const heads = [
      { id: "standard", version: 1, validFrom: "2027-01-01 00:00", madeMs: NOW - DAY },
      { id: "standard", version: 2, validFrom: null, madeMs: NOW },
    ];
    expect(timelineOf(published, heads, "Europe/Berlin")).toEqual([at(1, 0), at(2, NOW)]);
  });

  it("loses nothing that was in force when something priced now began", () => {
    const versions = fc.array(fc.integer({ min: -900, max: 900 }), { maxLength: 8 });
    fc.assert(
      fc.property(versions, fc.integer({ min: -400, max: 400 }), (days, ask) => {
        const timeline = days.toSorted((a, b) => a - b).map((day, i) => at(i + 1, NOW + day * DAY));
        const cut = cutTimeline(timeline, NOW);
        expect(inForceAt(cut, NOW + ask * DAY)).toEqual(inForceAt(timeline, NOW + ask * DAY));
      }),
    );
  });
});

describe("a version that is published", () => {
  it("is in force from ever when it is the first, and else never in the past", () => {
    const some = [at(1, 0)];
    expect(forceFrom(null, [], NOW)).toEqual({ ok: true, value: 0 });
    expect(forceFrom(NOW - DAY, [], NOW)).toEqual({ ok: true, value: NOW - DAY });
    expect(forceFrom(null, some, NOW)).toEqual({ ok: true, value: NOW });
    expect(forceFrom(NOW + DAY, some, NOW)).toEqual({ ok: true, value: NOW + DAY });
    expect(forceFrom(NOW - 60_000, some, NOW)).toEqual({ ok: true, value: NOW });
    expect(forceFrom(NOW - DAY, some, NOW)).toEqual({ ok: false, error: "valid_from_past" });
    expect(forceFrom(NOW + 1_000 * DAY, some, NOW)).toEqual({ ok: false, error: "valid_from_far" });
  });
});

describe("a withdrawal", () => {
  it("puts the version before in its place", () => {
    const timeline = [at(1, 0), at(2, NOW + DAY)];
    expect(withdrawalOf(at(2, 0), timeline, NOW)).toEqual({
      ok: true,
      value: { instead: at(1, 0), fromMs: NOW + DAY },
    });
    const inForce = [at(1, 0), at(2, NOW - DAY)];
    expect(withdrawalOf(at(2, 0), inForce, NOW)).toMatchObject({ value: { fromMs: NOW } });
  });

  it("is refused for the only one, and for what is over", () => {
    expect(withdrawalOf(at(1, 0), [at(1, 0)], NOW)).toEqual({ ok: false, error: "no_other_tariff" });
    expect(withdrawalOf(at(1, 0), [at(1, 0), at(2, NOW - DAY)], NOW)).toEqual({
      ok: false,
      error: "tariff_over",
    });
    expect(withdrawalOf(at(9, 0), [at(1, 0)], NOW)).toEqual({ ok: false, error: "tariff_over" });
  });

  it("changes nothing before its time, and leaves the version before in force after it", () => {
    const gaps = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(gaps, fc.nat(), fc.integer({ min: -60, max: 400 }), (days, pick, ask) => {
        let fromMs = NOW - 100 * DAY;
        const timeline = days.map((day, i) => at(i + 1, (fromMs += day * DAY)));
        const which = timeline[pick % timeline.length];
        if (which === undefined) return;
        const done = withdrawalOf(which, timeline, NOW);
        if (!done.ok) return;
        const copy = at(100, done.value.fromMs);
        const index = timeline.findIndex((version) => nameOf(version) === nameOf(which));
        const after = timeline.toSpliced(index + 1, 0, copy);
        const moment = NOW + ask * DAY;
        const now = inForceAt(after, moment);
        const before = inForceAt(timeline, moment);
        if (moment < done.value.fromMs) expect(now).toEqual(before);
        else if (before !== null && nameOf(before) === nameOf(which)) expect(now).toEqual(copy);
        else expect(now).toEqual(before);
      }),
    );
  });
});
