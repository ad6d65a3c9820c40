import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { VIOLATION_STATUSES } from "../db/enforcement-schema.ts";
import {
  afterAct,
  dueAfter,
  dueAfterDispute,
  isClosed,
  minutesBetween,
  penaltyOf,
  pictureTypeOf,
  plateOfAlarm,
  type PenaltyRule,
  type ViolationAct,
} from "./rules.ts";

const RULE: PenaltyRule = { amountMinor: 2_000, perHourMinor: 500, maxMinor: 4_000, graceMinutes: 10 };

const anyRule: fc.Arbitrary<PenaltyRule> = fc.record({
  amountMinor: fc.nat(1_000_000_000_000),
  perHourMinor: fc.nat(1_000_000_000_000),
  maxMinor: fc.option(fc.nat(1_000_000_000_000)),
  graceMinutes: fc.nat(1_440),
});

describe("a penalty", () => {
  it.each([
    [0, null],
    [10, null],
    [11, 2_500],
    [70, 2_500],
    [71, 3_000],
    [10_000, 4_000],
    [null, 2_000],
  ])("of %s minutes is %s", (minutes, amount) => {
    expect(penaltyOf(RULE, minutes)).toBe(amount);
  });

  it("has no most where the rule has none, and no hours where it has no rate", () => {
    expect(penaltyOf({ ...RULE, maxMinor: null }, 10 + 100 * 60)).toBe(2_000 + 100 * 500);
    expect(penaltyOf({ ...RULE, perHourMinor: 0, maxMinor: null }, 100_000)).toBe(2_000);
  });

  it("is whole minor units, never more than the most, and never less for longer", () => {
    const minutes = fc.nat(10_000_000);
    fc.assert(
      fc.property(anyRule, minutes, minutes, (rule, one, other) => {
        const [shorter, longer] = one <= other ? [one, other] : [other, one];
        const [less, more] = [penaltyOf(rule, shorter), penaltyOf(rule, longer)];
        for (const amount of [less, more]) {
          if (amount === null) continue;
          expect(Number.isSafeInteger(amount)).toBe(true);
          expect(amount).toBeGreaterThanOrEqual(Math.min(rule.amountMinor, rule.maxMinor ?? Infinity));
          expect(amount).toBeLessThanOrEqual(rule.maxMinor ?? Number.MAX_SAFE_INTEGER);
        }
        expect(more ?? 0).toBeGreaterThanOrEqual(less ?? 0);
        expect(less === null).toBe(shorter <= rule.graceMinutes);
      }),
    );
  });

  it("grows by the rate of an hour with each hour that is begun", () => {
    fc.assert(
      fc.property(anyRule, fc.integer({ min: 1, max: 100_000 }), (rule, minutes) => {
        const free = { ...rule, maxMinor: null };
        const at = (length: number) => penaltyOf(free, rule.graceMinutes + length);
        const hours = Math.ceil(minutes / 60);
        const expected = rule.amountMinor + hours * rule.perHourMinor;
        expect(at(minutes)).toBe(Math.min(expected, Number.MAX_SAFE_INTEGER));
      }),
    );
  });

  it("counts whole minutes, and none backwards", () => {
    const at = (text: string) => new Date(`2026-07-15T${text}Z`);
    expect(minutesBetween(at("10:00:00"), at("10:00:59"))).toBe(0);
    expect(minutesBetween(at("10:00:00"), at("10:01:00"))).toBe(1);
    expect(minutesBetween(at("10:01:00"), at("10:00:00"))).toBe(0);
  });
});

describe("what may become of a violation", () => {
  const ACTS: readonly ViolationAct[] = ["dispute", "uphold", "dismiss", "void", "pay", "refund"];

  it.each([
    ["open", "dispute", "disputed"],
    ["open", "uphold", null],
    ["open", "dismiss", null],
    ["open", "void", "void"],
    ["open", "pay", "paid"],
    ["disputed", "dispute", null],
    ["disputed", "uphold", "upheld"],
    ["disputed", "dismiss", "dismissed"],
    ["disputed", "void", "void"],
    ["disputed", "pay", "paid"],
    ["upheld", "dispute", null],
    ["upheld", "uphold", null],
    ["upheld", "dismiss", null],
    ["upheld", "void", "void"],
    ["upheld", "pay", "paid"],
    ["upheld", "refund", null],
    ["open", "refund", null],
    ["disputed", "refund", null],
    ["paid", "refund", "open"],
    ["paid", "pay", null],
    ["paid", "void", null],
    ["paid", "dispute", null],
    ["paid", "uphold", null],
    ["paid", "dismiss", null],
  ] as const)("%s: %s makes it %s", (status, act, next) => {
    expect(afterAct(status, act)).toBe(next);
  });

  it.each(["dismissed", "void"] as const)("nothing, once it is %s", (status) => {
    expect(ACTS.map((act) => afterAct(status, act))).toEqual([null, null, null, null, null, null]);
  });

  it("is never closed while something is to be paid", () => {
    expect(VIOLATION_STATUSES.filter((status) => !isClosed(status))).toEqual(["open", "disputed", "upheld"]);
  });

  it("is due some days after it happened, and as many after a dispute was lost", () => {
    const at = new Date("2026-07-01T10:00:00Z");
    const dueAt = dueAfter(at, 14);
    expect(dueAt.toISOString()).toBe("2026-07-15T10:00:00.000Z");
    const due = (decided: string) => dueAfterDispute({ at, dueAt }, new Date(decided)).toISOString();
    expect(due("2026-08-01T00:00:00Z")).toBe("2026-08-15T00:00:00.000Z");
    expect(due("2026-06-01T00:00:00Z")).toBe("2026-07-15T10:00:00.000Z");
  });
});

describe("words and bytes of others", () => {
  it("finds the plate in a gate's words", () => {
    expect(plateOfAlarm("B XY 99 is on a list")).toBe("B XY 99");
    expect(plateOfAlarm("something else")).toBeNull();
    expect(plateOfAlarm(" is on a list")).toBeNull();
    expect(plateOfAlarm(`${"A".repeat(100)} is on a list`)).toBeNull();
  });

  it("knows pictures by their bytes", () => {
    expect(pictureTypeOf(Buffer.from("ffd8ffe000104a46", "hex"))).toBe("image/jpeg");
    expect(pictureTypeOf(Buffer.from("89504e470d0a1a0a0000", "hex"))).toBe("image/png");
    expect(pictureTypeOf(Buffer.from("RIFF\u0000\u0000\u0000\u0000WEBPVP8 "))).toBe("image/webp");
    expect(pictureTypeOf(Buffer.from("RIFF\u0000\u0000\u0000\u0000WAVEfmt "))).toBeNull();
    expect(pictureTypeOf(Buffer.from("<svg xmlns='http://www.w3.org/2000/svg'/>"))).toBeNull();
    expect(pictureTypeOf(Buffer.from("GIF89a"))).toBeNull();
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 11 }), (bytes) => {
        // So short, only the JPEG's and the PNG's beginning can be there.
        expect(["image/jpeg", "image/png", null]).toContain(pictureTypeOf(bytes));
      }),
    );
  });
});
