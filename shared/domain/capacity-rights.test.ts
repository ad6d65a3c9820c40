import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  MAX_RIGHT_SLOTS,
  SLOT_MS,
  slotOf,
  slotRangeProblem,
  slotsOf,
  stillToCome,
} from "./capacity-rights.ts";
import {
  freeOf,
  giveBack,
  isOversold,
  NO_RIGHTS,
  release,
  sell,
  settleMove,
  type CloudSlot,
  type RightsMoved,
} from "./capacity-rights-cloud.ts";
import { answerRequest, edgeRights, shortageOf, spareOf, takenBack } from "./capacity-rights-edge.ts";

const AT = Date.UTC(2026, 2, 1, 8);
const ONE = { fromMs: AT, untilMs: AT + SLOT_MS };
const PLAIN = { reservePercent: 0, insideHours: 1, bufferPercent: 0 };
const number = fc.nat(9);

describe("a range of slots", () => {
  it("is whole hours, a month at most", () => {
    expect(slotsOf({ fromMs: AT, untilMs: AT + 2 * SLOT_MS })).toEqual([AT, AT + SLOT_MS]);
    expect(slotRangeProblem({ fromMs: AT, untilMs: AT + MAX_RIGHT_SLOTS * SLOT_MS })).toBeNull();
    const wrong = [
      [AT, AT + (MAX_RIGHT_SLOTS + 1) * SLOT_MS],
      [AT, AT],
      [AT + SLOT_MS, AT],
      [AT + 1, AT + SLOT_MS],
      [AT, AT + SLOT_MS + 1],
      [Number.NaN, AT],
      [AT, Infinity],
    ] as const;
    for (const [fromMs, untilMs] of wrong) expect(slotRangeProblem({ fromMs, untilMs })).not.toBeNull();
  });

  it("has left what is not over", () => {
    const range = { fromMs: AT, untilMs: AT + 2 * SLOT_MS };
    expect(slotOf(AT + SLOT_MS - 1)).toBe(AT);
    expect(stillToCome(range, AT - 5)).toEqual(range);
    expect(stillToCome(range, AT + SLOT_MS)).toEqual({ fromMs: AT + SLOT_MS, untilMs: range.untilMs });
    expect(stillToCome(range, range.untilMs)).toBeNull();
  });
});

describe("the cloud's book of a slot", () => {
  const given = (id: string, amount: number): RightsMoved => ({
    id,
    class: "standard",
    ...ONE,
    amount,
    to: "cloud",
  });
  const taken = (id: string, amount: number): RightsMoved => ({ ...given(id, amount), to: "edge" });
  const settled = (slot: CloudSlot, known: RightsMoved | null, told: RightsMoved): CloudSlot =>
    settleMove(() => slot, known, told).get(AT) ?? slot;

  it("adds up, and never has more free than it has by right, whatever is told and sold", () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constantFrom("given", "taken"),
        id: fc.constantFrom("a", "b", "c", "d"),
        n: number,
      }),
      fc.record({ kind: fc.constantFrom("sell", "release", "give back"), id: fc.constant(""), n: number }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let slot = NO_RIGHTS;
        const moves = new Map<string, RightsMoved>();
        let returned = 0;
        for (const { kind, id, n } of steps) {
          const { held, sold } = slot;
          if (kind === "sell") slot = sell(slot, n) ?? slot;
          else if (kind === "release") slot = release(slot, n);
          else if (kind === "give back") {
            returned += Math.min(n, freeOf(slot));
            slot = giveBack(slot, n);
          } else {
            const told = kind === "given" ? given(id, n) : taken(id, n);
            slot = settled(slot, moves.get(id) ?? null, told);
            moves.set(id, told);
          }
          const sum = [...moves.values()].reduce(
            (all, { to, amount }) => all + (to === "cloud" ? amount : -amount),
            0,
          );
          expect(slot.held - slot.owed).toBe(sum - returned);
          expect(freeOf(slot)).toBe(Math.max(0, slot.held - slot.owed - slot.sold));
          expect(slot.sold).toBeGreaterThanOrEqual(0);
          if (kind === "sell") expect(slot.sold - sold).toBeOneOf([0, n]);
          if (kind === "give back") expect([slot.sold, slot.held <= held]).toEqual([sold, true]);
        }
      }),
    );
  });

  it("counts what is told twice once, and what is told otherwise as it is told last", () => {
    const once = settled(NO_RIGHTS, null, given("a", 5));
    expect(once).toEqual({ held: 5, sold: 0, owed: 0 });
    expect(settleMove(() => once, given("a", 5), given("a", 5)).size).toBe(0);
    expect(settled(once, given("a", 5), given("a", 2))).toEqual({ held: 2, sold: 0, owed: 0 });
  });

  it("says where more is sold than it has by right", () => {
    const full = sell(settled(NO_RIGHTS, null, given("a", 5)), 5) ?? NO_RIGHTS;
    const late = settled(full, null, taken("b", 2));
    expect([isOversold(full), isOversold(late), late]).toEqual([false, true, { held: 5, sold: 5, owed: 2 }]);
    expect(release(late, 1)).toEqual({ held: 4, sold: 4, owed: 1 });
    expect(release(late, 5)).toEqual({ held: 3, sold: 0, owed: 0 });
  });
});

describe("the edge", () => {
  it("gives what every place of the class can spare in every slot, and never more", () => {
    const place = fc.record({ capacity: fc.nat(50), given: fc.nat(60), driveIns: fc.nat(60) });
    const policy = fc.record({
      reservePercent: fc.nat(100),
      insideHours: fc.nat(3),
      bufferPercent: fc.nat(100),
    });
    const slots = fc.array(fc.array(place, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(slots, policy, fc.integer({ min: 1, max: 60 }), (places, its, amount) => {
        const range = { fromMs: AT, untilMs: AT + places.length * SLOT_MS };
        const at = (slot: number) => places[(slot - AT) / SLOT_MS] ?? [];
        const move = answerRequest({ id: "r", class: "deck", ...range, amount }, AT, at, its);
        const spare = places.map((slot, i) =>
          Math.min(...slot.map((one) => spareOf(one, AT + i * SLOT_MS, AT, its))),
        );
        expect(move?.amount ?? 0).toBe(Math.min(amount, ...spare));
        for (const one of places.flat())
          if (move !== null)
            expect(edgeRights({ ...one, given: one.given + move.amount }, its)).toBeGreaterThanOrEqual(0);
        for (const one of places[0] ?? [])
          if (move !== null)
            expect(edgeRights({ ...one, given: one.given + move.amount }, its)).toBeGreaterThanOrEqual(
              one.driveIns,
            );
      }),
    );
  });

  it("gives nothing of a time that is over, nor of a class that it has not", () => {
    const request = { id: "r", class: "deck", ...ONE, amount: 1 };
    const place = { capacity: 9, given: 0, driveIns: 0 };
    expect(answerRequest(request, AT, () => [place], PLAIN)).toEqual(request);
    expect(answerRequest(request, AT + SLOT_MS, () => [place], PLAIN)).toBeNull();
    expect(answerRequest(request, AT, () => [], PLAIN)).toBeNull();
  });

  it("takes back no more than it gave, and asks for no more", () => {
    const two = { id: "t", class: "deck", fromMs: AT, untilMs: AT + 2 * SLOT_MS, amount: 5 };
    expect(takenBack(two, (slot) => (slot === AT ? 9 : 3))).toBe(3);
    expect(shortageOf({ capacity: 10, given: 0, driveIns: 30 }, PLAIN)).toBe(0);
    expect(shortageOf({ capacity: 10, given: 4, driveIns: 30 }, PLAIN)).toBe(4);
    expect(shortageOf({ capacity: 10, given: 4, driveIns: 2 }, PLAIN)).toBe(0);
  });
});
