import { describe, expect, it } from "vitest";
import type { Told } from "../../journal.ts";
import { goodDay, stayOf, type Day } from "../testing/day.ts";
import { idOf, SCHEDULE } from "../testing/places.ts";

const judged = (day: Day) => day.judged(SCHEDULE, ["cards"]);
const ATTEMPT = idOf(802);
const charged = (attemptId: string, amountMinor = 200, kind: "charged" | "reversed" = "charged"): Told => ({
  kind,
  place: "exit-1",
  attemptId,
  amountMinor,
});

describe("cards", () => {
  it("of a good day are charged what is booked", () => {
    expect(judged(goodDay())).toEqual([]);
  });

  it("break where one is charged twice for an attempt", () => {
    expect(judged(goodDay().tell(charged(ATTEMPT)))).toContain(
      `cards: attempt ${ATTEMPT} at exit-1 is charged 200 on top of 200`,
    );
  });

  it("break where a charge stands that nobody booked, and keep where it was undone", () => {
    expect(judged(goodDay().tell(charged(idOf(899))))).toEqual([
      `cards: the terminal at exit-1 has charged 200 for attempt ${idOf(899)}, and 0 are booked (not known)`,
    ]);
    expect(judged(goodDay().tell(charged(idOf(899)), charged(idOf(899), 200, "reversed")))).toEqual([]);
  });

  it("break where a payment is booked and no card was charged, or the charge was undone", () => {
    expect(judged(goodDay().without(({ kind }) => kind === "charged"))).toEqual([
      "cards: a card payment of 200 at exit-1 is booked, and no card was charged",
    ]);
    expect(judged(goodDay().tell(charged(ATTEMPT, 200, "reversed")))).toHaveLength(1);
    expect(
      judged(goodDay().tell(charged(ATTEMPT, 200, "reversed"), charged(ATTEMPT, 200, "reversed"))),
    ).toHaveLength(2);
  });

  it("break where an attempt is in doubt when all has come to rest", () => {
    const day = goodDay();
    const attempt = { stayId: stayOf(1, 0).stayId, lane: "exit-1", amountMinor: 200, receipt: null };
    day.gate.rows.attempts.push({ ...attempt, id: idOf(899), status: "unknown" });
    expect(judged(day)).toEqual([
      `cards: attempt ${idOf(899)} at exit-1 is still unknown when all has come to rest`,
    ]);
  });

  it("break where two charges stand for one stay", () => {
    const day = goodDay().tell(charged(idOf(899)));
    const [paid] = day.gate.rows.payments.filter(({ method }) => method === "card");
    if (paid !== undefined) day.gate.rows.payments.push({ ...paid, id: "again", key: idOf(899) });
    const attempt = { stayId: stayOf(2, 0).stayId, lane: "exit-1", amountMinor: 200, receipt: null };
    day.gate.rows.attempts.push({ ...attempt, id: idOf(899), status: "approved" });
    expect(judged(day)).toEqual([
      `cards: stay ${stayOf(2, 0).stayId} was charged to cards 2 times, 400 in all, and costs 200`,
    ]);
  });
});
