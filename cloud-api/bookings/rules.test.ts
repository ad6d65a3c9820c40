import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { credentialOf } from "@parkme/shared/domain/credential";
import { BOOKING_STATUSES } from "../db/bookings-schema.ts";
import { bookingPolicySchema, policyOf, USUAL_POLICY } from "./policy.ts";
import {
  afterAct,
  cancelFee,
  dueAtMs,
  holdsSpace,
  noShowFee,
  overstay,
  percentOf,
  timesProblem,
  TRANSITIONS,
  type BookingAct,
  type Held,
} from "./rules.ts";
import { classProblem, sizeRankOf, spotProblem } from "./suiting.ts";
import { mintBookingNumber } from "./ticket-number.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOON_MS = Date.UTC(2026, 6, 15, 12);

const CONFIRMED: Held = {
  status: "CONFIRMED",
  madeMs: NOON_MS,
  entryMs: NOON_MS + HOUR_MS,
  expectedExitMs: NOON_MS + 3 * HOUR_MS,
  heldUntilMs: NOON_MS + 3 * HOUR_MS,
  hasSpot: true,
  isDriveIn: false,
  isOverstaying: false,
};
const ACTIVE: Held = { ...CONFIRMED, status: "ACTIVE" };

describe("statuses", () => {
  it("change as the table says, all of it", () => {
    const written = BOOKING_STATUSES.map(
      (from) =>
        `${from}: ${Object.entries(TRANSITIONS[from])
          .map(([act, to]) => `${act}=${to}`)
          .join(" ")}`,
    );
    expect(written).toEqual([
      "PENDING: pay=CONFIRMED cancel=CANCELLED expire=CANCELLED gate_in=ACTIVE gate_out=COMPLETED",
      "CONFIRMED: activate=ACTIVE cancel=CANCELLED no_show=NO_SHOW extend=CONFIRMED gate_in=ACTIVE gate_out=COMPLETED",
      "ACTIVE: complete=COMPLETED extend=ACTIVE gate_in=ACTIVE gate_out=COMPLETED gate_void=CONFIRMED",
      "COMPLETED: gate_out=COMPLETED",
      "CANCELLED: gate_in=ACTIVE gate_out=COMPLETED",
      "NO_SHOW: gate_in=ACTIVE gate_out=COMPLETED",
    ]);
  });

  it("that are over are left by what a gate reports, and by nothing else", () => {
    const byPeople: BookingAct[] = ["pay", "activate", "complete", "cancel", "no_show", "expire", "extend"];
    for (const status of BOOKING_STATUSES.filter((one) => !holdsSpace(one)))
      for (const act of byPeople) expect(afterAct(status, act)).toBeNull();
  });
});

describe("the times of a booking", () => {
  const problem = (fromMs: number, untilMs: number) =>
    timesProblem({ fromMs, untilMs }, USUAL_POLICY, NOON_MS);

  it("lie ahead, in order, and not too far", () => {
    expect(problem(NOON_MS, NOON_MS + HOUR_MS)).toBeNull();
    // A request takes a while.
    expect(problem(NOON_MS - 5 * MINUTE_MS, NOON_MS + HOUR_MS)).toBeNull();
    expect(problem(NOON_MS - 5 * MINUTE_MS - 1, NOON_MS + HOUR_MS)).toMatchObject({ field: "entry_time" });
    expect(problem(NOON_MS, NOON_MS)).toMatchObject({ code: "invalid", field: "expected_exit" });
    expect(problem(NOON_MS, NOON_MS + 336 * HOUR_MS)).toBeNull();
    expect(problem(NOON_MS, NOON_MS + 336 * HOUR_MS + 1)).toMatchObject({ code: "too_long" });
    const days90 = NOON_MS + 90 * 24 * HOUR_MS;
    expect(problem(days90, days90 + HOUR_MS)).toBeNull();
    expect(problem(days90 + 1, days90 + HOUR_MS)).toMatchObject({
      code: "too_far_ahead",
      field: "entry_time",
    });
  });
});

describe("fees", () => {
  const policy = bookingPolicySchema.parse({
    cancel_fee_percent: 30,
    no_show_fee_percent: 80,
    cancel_free_until_minutes: 120,
  });
  const priced = { status: "CONFIRMED", entryMs: NOON_MS, estimatedMinor: 1_601 } as const;

  it("are due for what is cancelled late", () => {
    const lateMs = NOON_MS - 120 * MINUTE_MS;
    expect(cancelFee(priced, policy, lateMs)).toBe(0);
    expect(cancelFee(priced, policy, lateMs + 1)).toBe(480);
    expect(cancelFee({ ...priced, status: "PENDING" }, policy, lateMs + 1)).toBe(0);
    expect(noShowFee(priced, policy)).toBe(1_281);
  });

  it("are whole units, never more than the price", () => {
    const amounts = fc.integer({ min: 0, max: 2 ** 52 });
    fc.assert(
      fc.property(amounts, fc.integer({ min: 0, max: 100 }), (amount, percent) => {
        const part = percentOf(amount, percent);
        expect(Number.isSafeInteger(part) && part >= 0 && part <= amount).toBe(true);
        expect(part + percentOf(amount, 100 - percent) - amount).toBeLessThanOrEqual(1);
      }),
    );
  });
});

describe("what time does", () => {
  it("comes at the moment that the policy says", () => {
    expect(dueAtMs({ ...CONFIRMED, status: "PENDING" }, USUAL_POLICY)).toBe(NOON_MS + 15 * MINUTE_MS);
    expect(dueAtMs(CONFIRMED, USUAL_POLICY)).toBe(NOON_MS + 2 * HOUR_MS);
    const short = { ...CONFIRMED, expectedExitMs: CONFIRMED.entryMs + MINUTE_MS };
    expect(dueAtMs(short, USUAL_POLICY)).toBe(short.expectedExitMs);
    expect(dueAtMs(ACTIVE, USUAL_POLICY)).toBe(ACTIVE.heldUntilMs);
    expect(dueAtMs({ ...ACTIVE, hasSpot: false }, USUAL_POLICY)).toBe(ACTIVE.expectedExitMs + 15 * MINUTE_MS);
    for (const status of ["COMPLETED", "CANCELLED", "NO_SHOW"] as const)
      expect(dueAtMs({ ...ACTIVE, status }, USUAL_POLICY)).toBeNull();
  });

  it("keeps the spot of who stays over, and calls it so after the grace", () => {
    const endMs = ACTIVE.expectedExitMs;
    expect(overstay(ACTIVE, null, USUAL_POLICY, endMs)).toEqual({
      heldUntilMs: endMs + 15 * MINUTE_MS,
      isOverstaying: false,
      dueMs: endMs + 15 * MINUTE_MS,
    });
    const later = { ...ACTIVE, heldUntilMs: endMs + 15 * MINUTE_MS };
    expect(overstay(later, null, USUAL_POLICY, endMs + 15 * MINUTE_MS)).toMatchObject({
      isOverstaying: true,
    });
    const driveIn = { ...later, isDriveIn: true };
    expect(overstay(driveIn, null, USUAL_POLICY, endMs + 99 * HOUR_MS)).toMatchObject({
      isOverstaying: false,
    });
  });

  it("never takes a spot from the next booking, never shortens, and always comes again", () => {
    const minutes = (min: number, max: number) => fc.integer({ min, max }).map((n) => n * MINUTE_MS);
    const cases = fc.record({
      late: minutes(0, 600),
      held: minutes(0, 600),
      next: fc.option(minutes(0, 900), { nil: null }),
      hasSpot: fc.boolean(),
      isDriveIn: fc.boolean(),
      isOverstaying: fc.boolean(),
    });
    fc.assert(
      fc.property(cases, ({ late, held, next, ...rest }) => {
        const endMs = ACTIVE.expectedExitMs;
        const nextMs = next === null ? null : endMs + Math.max(next, held);
        const booking = { ...ACTIVE, ...rest, heldUntilMs: endMs + held };
        const nowMs = endMs + late;
        const after = overstay(booking, nextMs, USUAL_POLICY, nowMs);
        expect(after.heldUntilMs).toBeGreaterThanOrEqual(booking.heldUntilMs);
        expect(after.heldUntilMs).toBeLessThanOrEqual(nextMs ?? Infinity);
        expect(after.dueMs).toBeGreaterThan(nowMs);
        if (booking.isOverstaying) expect(after.isOverstaying).toBe(true);
      }),
    );
  });
});

describe("a vehicle", () => {
  const car = { type: "car", ev: false, accessible: false } as const;
  const spot = { sizeRank: 2, ev: false, accessible: false, vehicleTypes: [], isReservable: true };

  it("has a spot that it fits, and may stand on", () => {
    expect(spotProblem(spot, car)).toBeNull();
    expect(spotProblem({ ...spot, isReservable: false }, car)).toContain("not for bookings");
    expect(spotProblem(spot, { ...car, type: "truck" })).toContain("too small");
    expect(spotProblem({ ...spot, vehicleTypes: ["van"] }, car)).toContain("not for a car");
    expect(spotProblem({ ...spot, accessible: true }, car)).toContain("permit");
    expect(spotProblem({ ...spot, ev: true }, car)).toContain("electric");
    expect(
      spotProblem({ ...spot, ev: true, accessible: true }, { ...car, ev: true, accessible: true }),
    ).toBeNull();
    expect(["motorcycle", "car", "van", "truck", "bus"].map((type) => sizeRankOf(type as "car"))).toEqual([
      0, 1, 2, 3, 4,
    ]);
  });

  it("has a class that there is", () => {
    expect(classProblem("standard", car)).toEqual({ ok: true, value: "standard" });
    expect(classProblem("ev", car)).toMatchObject({ ok: false, error: { status: 409 } });
    expect(classProblem("accessible", { ...car, accessible: true })).toMatchObject({ ok: true });
    expect(classProblem("gold", car)).toMatchObject({ ok: false, error: { status: 404 } });
  });
});

describe("a policy", () => {
  it("is the usual one where nothing is said", () => {
    expect(policyOf(null)).toEqual(USUAL_POLICY);
    expect(policyOf({ early_minutes: 30 })).toEqual({ ...USUAL_POLICY, early_minutes: 30 });
    expect(() => policyOf({ early_minutes: -1 })).toThrow("early_minutes");
  });

  it.each([
    { early_minutes: 1.5 },
    { no_show_after_minutes: 0 },
    { cancel_fee_percent: 101 },
    { max_hours: 721 },
    { x: 1 },
  ])("is refused: %j", (wrong) => {
    expect(bookingPolicySchema.safeParse(wrong).success).toBe(false);
  });
});

describe("the number of a booking", () => {
  it("is a code for a gate, never one of its tickets", () => {
    for (let i = 0; i < 2_000; i++) {
      const number = mintBookingNumber(randomBytes);
      expect(number).toMatch(/^PKM-[0-9A-HJKMNP-TV-Z]{8}$/);
      expect(credentialOf("code", number)).toEqual({ kind: "code", text: number });
    }
  });

  it("is minted again where it would be a ticket's", () => {
    const given = [new Uint8Array(8), new Uint8Array(8).fill(1)];
    // Eight zeros are a ticket's number: the check of zeros is zero.
    expect(mintBookingNumber(() => given.shift() ?? new Uint8Array(8))).toBe("PKM-11111111");
  });
});
