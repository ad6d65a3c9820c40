import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asId, type JobId, type StayId } from "@parkme/shared/domain/ids";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import type { Lists } from "../lists/list-file.ts";
import { newFolder, START_MS, turn, type Folder } from "./testing/gate-db.ts";
import { at, cameIn, cash, done, newKey, openMoneyDb, type MoneyDb } from "./testing/money-db.ts";

let folder: Folder;
let desk: MoneyDb;
beforeEach(() => {
  folder = newFolder();
  desk = openMoneyDb(folder.path("gate.db"));
});
afterEach(() => {
  desk.store.close();
  folder.remove();
});

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOBODY = asId<StayId>("019ab3c4-0000-7000-8000-00000000dead");

describe("a stay", () => {
  it("keeps the tariff that was in force when it began, and how full it was", () => {
    const { store } = desk;
    const take = (version: number, fromMs: number) =>
      done(store.takeTariff({ id: "day", version, fromMs, document: "{}", source: "file" }, START_MS));
    take(1, START_MS);
    take(2, START_MS + HOUR);
    const [before, first, second] = [cameIn(desk, "A1", -1), cameIn(desk, "B2", 1), cameIn(desk, "C3", HOUR)];
    const tariffOf = (id: StayId) => store.stayAccount(id)?.tariff;
    expect([tariffOf(before.stayId), tariffOf(first.stayId), tariffOf(second.stayId)]).toEqual([
      null,
      { id: "day", version: 1 },
      { id: "day", version: 2 },
    ]);
    // Of a hundred spaces.
    expect([before, first, second].map(({ stayId }) => store.stayAccount(stayId)?.occupancyPercent)).toEqual([
      0, 1, 2,
    ]);
    expect([store.stayAccount(NOBODY), store.stayDetail(NOBODY)]).toEqual([null, null]);
  });

  it("is told with all that was booked, and by whom", () => {
    const { store } = desk;
    const { stayId } = cameIn(desk);
    const quote = plainQuote(500);
    const { paymentId } = done(store.takePayment(cash(stayId, 500, { tenderedMinor: 600, quote }), at(1)));
    const back = { place: "desk", actor: "bo", reason: "sorry", idempotencyKey: newKey() };
    done(store.refund({ ...back, paymentId, amountMinor: 200 }, at(2)));
    const detail = store.stayDetail(stayId);
    expect(detail?.entries).toMatchObject([
      { kind: "charge", amountMinor: 500, wallMs: START_MS + 1, actor: "alex", method: null },
      { kind: "payment", amountMinor: -600, method: "cash" },
      { kind: "change", amountMinor: 100 },
      { kind: "refund", amountMinor: 200, actor: "bo", reason: "sorry", wallMs: START_MS + 2 },
    ]);
    expect(detail).toMatchObject({
      entryLane: "entry",
      review: null,
      debtMinor: 0,
      payments: [{ paymentId, amountMinor: 500, refundedMinor: 200, receipt: { number: 1 } }],
    });
  });
});

describe("looking for a stay", () => {
  const found = (query: string, limit = 20) => desk.store.findStays(query, limit).map(({ plate }) => plate);

  it("finds it by its ticket, its plate, or a part of that", () => {
    const { ticketNumber } = cameIn(desk, "BAB1234", 1);
    cameIn(desk, "HHAB12", 2);
    cameIn(desk, "MXY99", 3);
    cameIn(desk, null, 4);
    expect(found(ticketNumber.toLowerCase())).toEqual(["BAB1234"]);
    expect(found("b-ab 1234")).toEqual(["BAB1234"]);
    expect(found("ab12")).toEqual(["HHAB12", "BAB1234"]);
    expect([found("ZZ"), found("A"), found("%%")]).toEqual([[], [], []]);
  });

  it("without a word finds those inside, the latest first, and no more than asked for", () => {
    const gone = cameIn(desk, "GONE1", 0);
    for (let i = 1; i <= 4; i++) cameIn(desk, `BAB${i}`, i);
    desk.store.commit(
      turn([desk.make.moved("out", gone.stayId, { quote: plainQuote(5) })], { lane: "exit" }),
    );
    expect(found("", 3)).toEqual(["BAB4", "BAB3", "BAB2"]);
    // One that has left is found by how its plate begins, with what it owes.
    expect(desk.store.findStays("GONE", 5)).toMatchObject([{ status: "closed", balanceMinor: 5 }]);
    expect(found("ONE1")).toEqual([]);
  });
});

describe("what pays in place of money", () => {
  const none = { asOfMs: null, permits: [], reservations: [], blocked: [], watched: [] };
  const permit = (id: string, pass: string | null) => ({
    id,
    plates: [],
    cards: [],
    account: "Acme",
    fromMs: START_MS,
    untilMs: START_MS + 30 * DAY,
    spaces: null,
    zone: null,
    pass,
  });
  const lists: Lists = {
    ...none,
    version: "1",
    permits: [permit("P-1", null), permit("P-2", "workdays")],
    reservations: [
      {
        id: "R-1",
        plates: [],
        codes: [],
        fromMs: START_MS - HOUR,
        reservedFromMs: START_MS,
        untilMs: START_MS + HOUR,
        zone: null,
      },
    ],
  };
  const under = (id: string, kind: "permit" | "reservation" = "permit", stayId = NOBODY) => ({
    right: { kind, id },
    stayId,
  });
  const quota =
    (quotaMinutes: number | null, sinceMs = START_MS) =>
    () => ({ quotaMinutes, sinceMs });

  it("is a permit to its end, a reservation for its time without what comes before, and nothing where there is none", async () => {
    const { store } = desk;
    await store.replaceLists(lists, START_MS);
    expect(store.pricedRight({ right: null, stayId: NOBODY }, quota(null))).toBeNull();
    expect(store.pricedRight(under("P-1"), quota(null))).toEqual({
      kind: "covered",
      untilMs: START_MS + 30 * DAY,
    });
    expect(store.pricedRight(under("R-1", "reservation"), quota(null))).toEqual({
      kind: "reservation",
      fromMs: START_MS,
      untilMs: START_MS + HOUR,
    });
    expect(store.pricedRight(under("P-gone"), quota(null)), "of a stay that has not kept it").toEqual({
      kind: "covered",
      untilMs: null,
    });
  });

  it("is what it was at the entry when the lists drop it while its vehicle is inside, and no more", async () => {
    const { store, make } = desk;
    await store.replaceLists(lists, START_MS);
    const begin = (id: string, kind: "permit" | "reservation" = "permit") => {
      const stay = { ...make.stay(null), right: { kind, id } as const };
      store.commit(turn([make.started(stay), make.moved("in", stay.stayId)]));
      return () => store.pricedRight(under(id, kind, stay.stayId), quota(600));
    };
    const priced = [begin("R-1", "reservation"), begin("P-1"), begin("P-2")];
    const before = priced.map((ask) => ask());
    await store.replaceLists({ ...none, version: "2" }, START_MS + DAY);
    expect(priced.map((ask) => ask())).toEqual(before);
    expect(before.map((right) => right?.kind)).toEqual(["reservation", "covered", "pass"]);
  });

  it("is a pass with the minutes that its stays of the period have left", async () => {
    const { store, make } = desk;
    await store.replaceLists(lists, START_MS);
    const stayed = (minutes: number, untilMs: number, id = "P-2"): void => {
      const stay = { ...make.stay(null), right: { kind: "permit", id } as const };
      const quote = plainQuote(0, { passMinutes: minutes });
      const out = make.moved("out", stay.stayId, { quote });
      store.commit(turn([make.started(stay), make.moved("in", stay.stayId)]));
      store.commit(turn([out], { lane: "exit", now: at(untilMs) }));
    };
    stayed(300, HOUR);
    stayed(100, 2 * DAY);
    stayed(999, 2 * DAY, "P-1");
    const left = (minutes: number | null, sinceMs?: number) =>
      store.pricedRight(under("P-2"), quota(minutes, sinceMs));
    const pass = { kind: "pass", pass: "workdays", untilMs: START_MS + 30 * DAY };
    expect(left(600)).toEqual({ ...pass, remainingMinutes: 200 });
    expect(left(600, START_MS + DAY)).toEqual({ ...pass, remainingMinutes: 500 });
    expect(left(50)).toEqual({ ...pass, remainingMinutes: 0 });
    expect(left(null)).toEqual({ ...pass, remainingMinutes: null });
    expect(store.pricedRight(under("P-2"), () => null)).toEqual({ ...pass, remainingMinutes: null });
  });
});

it("a place that is no lane writes records, and is no lane afterwards", () => {
  const { store, make, db } = desk;
  const { stayId } = cameIn(desk);
  const before = db.$client.prepare("select count(*) from lanes").pluck().get();
  const ticket = {
    type: "ticket",
    jobId: desk.mint.next<JobId>(START_MS),
    stayId,
    step: "printed",
    detail: "",
  } as const;
  const paid = make.paid(stayId, 500, "p", { method: "card", actor: "terminal", quote: plainQuote(500) });
  store.record(
    { place: "pay-station", records: [ticket, paid, { type: "alarm", kind: "change_low", detail: "" }] },
    at(1),
  );
  expect(store.stayAccount(stayId)).toMatchObject({ balanceMinor: 0, settledWallMs: START_MS + 1 });
  expect(store.receiptByNumber(1)?.receipt.place).toBe("pay-station");
  expect([store.ticketPrints(stayId), store.openAlarms("pay-station").length]).toEqual([1, 1]);
  expect(db.$client.prepare("select count(*) from lanes").pluck().get()).toBe(before);
});
