import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { upiSchema } from "@parkme/shared/protocol/kiosk-desk";
import { applyRemotePayment } from "./remote.ts";
import { type PayDesk, startPayDesk } from "./testing/pay-desk.ts";

const MINUTE_MS = 60_000;

let desk: PayDesk;
afterEach(() => desk.stop());

describe("cash at the desk", () => {
  beforeEach(async () => {
    desk = await startPayDesk();
  });

  it("pays a stay once, with change, a receipt and one kick of the drawer, however often it is sent", async () => {
    const id = desk.parked();
    const drawer = vi.spyOn(desk.desk, "openDrawer");
    const before = await desk.stay(id);
    expect(before).toMatchObject({ due_minor: 400, leave_by: null, balance_minor: 0, payments: [] });
    expect(before.quote?.trace.reduce((sum, { amount_minor }) => sum + amount_minor, 0)).toBe(400);
    const idempotency_key = randomUUID();
    const body = { tendered_minor: 1_000, idempotency_key };
    const first = await desk.paid(await desk.cash(id, 400, body));
    expect(first).toMatchObject({ change_minor: 600, receipt: { number: 1 } });
    for (const response of await Promise.all([1, 2, 3].map(() => desk.cash(id, 400, body))))
      expect(await desk.paid(response)).toEqual(first);
    expect(drawer, "the cash drawer").toHaveBeenCalledTimes(1);
    const after = await desk.stay(id);
    expect(after).toMatchObject({ due_minor: 0, balance_minor: 0, leave_by: expect.any(String) });
    expect(after.entries.map(({ kind, amount_minor }) => [kind, amount_minor])).toEqual([
      ["charge", 400],
      ["payment", -1_000],
      ["change", 600],
    ]);
    expect(after.payments).toEqual([
      expect.objectContaining({ method: "cash", amount_minor: 400, actor: "alex", receipt: first.receipt }),
    ]);
    const page = await fetch(new URL(first.receipt?.url ?? "", desk.url));
    expect(page.status).toBe(200);
    expect(await desk.refusal(await desk.cash(desk.parked("OTHER1"), 400, body))).toEqual({
      status: 409,
      code: "key_reused",
    });
  });

  it("takes nothing when another amount is due by now, or nothing at all", async () => {
    const id = desk.parked();
    expect(await desk.refusal(await desk.cash(id, 200))).toEqual({ status: 409, code: "fee_changed" });
    desk.passMs(60 * MINUTE_MS);
    expect(await desk.refusal(await desk.cash(id, 400))).toEqual({ status: 409, code: "fee_changed" });
    await desk.paid(await desk.cash(id, 600));
    expect(await desk.refusal(await desk.cash(id, 600))).toEqual({ status: 409, code: "nothing_due" });
    expect(await desk.refusal(await desk.cash(randomUUID(), 600))).toEqual({
      status: 404,
      code: "unknown_stay",
    });
    expect(desk.store.totalsSince(0).cashMinor).toBe(600);
  });

  it("asks for the difference when the time to leave has run out, and for nothing before (edge case 23)", async () => {
    const id = desk.parked();
    await desk.paid(await desk.cash(id, 400));
    desk.passMs(14 * MINUTE_MS);
    expect(await desk.stay(id)).toMatchObject({ due_minor: 0 });
    desk.passMs(50 * MINUTE_MS);
    expect(await desk.stay(id)).toMatchObject({ due_minor: 200, leave_by: null });
    await desk.paid(await desk.cash(id, 200));
    expect(await desk.stay(id)).toMatchObject({ due_minor: 0, balance_minor: 0 });
  });

  it("tells pages and lanes, and belongs to the shift that it opens", async () => {
    const id = desk.parked();
    const told = vi.spyOn(desk.desk.gate, "stayChanged");
    await desk.paid(await desk.cash(id, 400));
    expect(told).toHaveBeenCalledWith(id);
    const now = (await (await desk.get("/api/shift")).json()) as { shift: { opened_by_payment: boolean } };
    expect(now.shift.opened_by_payment).toBe(true);
  });
});

describe("change", () => {
  beforeEach(async () => {
    desk = await startPayDesk({ more: "desk: { change_low_minor: 500 }\n" });
  });
  const open = (float_minor: number) => desk.post("/api/shift/open", { float_minor });
  const alarm = () => desk.store.openAlarms("desk").map(({ kind, detail }) => [kind, detail]);

  it("that a counted drawer does not hold is warned of before the money is taken (edge case 22)", async () => {
    const id = desk.parked();
    expect((await open(500)).status).toBe(200);
    const body = { tendered_minor: 1_000 };
    expect(await desk.refusal(await desk.cash(id, 400, body))).toEqual({ status: 409, code: "change_short" });
    expect((await desk.stay(id)).payments).toEqual([]);
    await desk.paid(await desk.cash(id, 400, { ...body, accept_short: true }));
    // 500 and 400 are in the drawer by now.
    await desk.paid(await desk.cash(desk.parked("B2"), 400, { tendered_minor: 1_300 }));
  });

  it("that runs low is an alarm until it is topped up", async () => {
    expect((await open(400)).status).toBe(200);
    expect(alarm()).toEqual([["change_low", "too little change in the drawer of alex"]]);
    const move = (kind: string, amount_minor: number) =>
      desk.post("/api/shift/move", {
        kind,
        amount_minor,
        reason: "for change",
        idempotency_key: randomUUID(),
      });
    expect(await (await move("top_up", 100)).json()).toMatchObject({ change_low: false });
    expect(alarm()).toEqual([]);
    expect(await (await move("drop", 1)).json()).toMatchObject({ change_low: true });
    expect(alarm()).toHaveLength(1);
    expect((await desk.post("/api/shift/close", { counted_minor: 499 })).status).toBe(200);
    expect(alarm()).toEqual([]);
  });

  it("is warned of at a lane, too", async () => {
    expect((await open(0)).status).toBe(200);
    const refused = await desk.post("/api/lanes/exit/cash", {
      stay_id: desk.parked(),
      amount_minor: 400,
      tendered_minor: 500,
      idempotency_key: randomUUID(),
    });
    expect(await desk.refusal(refused)).toEqual({ status: 409, code: "change_short" });
  });
});

describe("UPI", () => {
  const upi = "upi: { payee: harbour@okbank, name: Harbour }\n";
  const pay = (id: string, reference: string | null, more: object = {}) =>
    desk.post(`/api/stays/${id}/payments`, {
      method: "upi",
      amount_minor: 400,
      tendered_minor: 400,
      reference,
      idempotency_key: randomUUID(),
      ...more,
    });

  it("shows a link of what is due, and is paid with the bank's number, once for each number", async () => {
    desk = await startPayDesk({ more: upi, currency: "INR" });
    const id = desk.parked();
    const shown = upiSchema.parse(await (await desk.post(`/api/stays/${id}/upi`, {})).json());
    expect(shown.amount_minor).toBe(400);
    expect(shown.link).toMatch(/^upi:\/\/pay\?pa=harbour@okbank&pn=Harbour&tr=PKM.*&am=4\.00&cu=INR&/);
    expect(shown.svg).toContain("<svg");
    for (const reference of [null, "12345", "12345678901x"])
      expect(await desk.refusal(await pay(id, reference))).toEqual({
        status: 400,
        code: "invalid_body",
        field: "reference",
      });
    await desk.paid(await pay(id, "123456789012"));
    expect(await desk.refusal(await pay(desk.parked("B2"), "123456789012"))).toEqual({
      status: 409,
      code: "reference_used",
    });
    expect(await desk.refusal(await desk.post(`/api/stays/${id}/upi`, {}))).toEqual({
      status: 409,
      code: "nothing_due",
    });
  });

  it("is refused where it is not set up", async () => {
    desk = await startPayDesk();
    const id = desk.parked();
    const refused = { status: 409, code: "upi_not_set_up" };
    expect(await desk.refusal(await desk.post(`/api/stays/${id}/upi`, {}))).toEqual(refused);
    expect(await desk.refusal(await pay(id, "123456789012"))).toEqual(refused);
  });
});

describe("money from the cloud", () => {
  beforeEach(async () => {
    desk = await startPayDesk();
  });
  const tell = (stay_id: string, more: object = {}) =>
    applyRemotePayment(desk.desk, {
      payment_id: PAYMENT,
      stay_id,
      method: "online",
      amount_minor: 400,
      currency: "EUR",
      reference: "pay_1",
      captured_at: new Date().toISOString(),
      ...more,
    });
  const PAYMENT = randomUUID();

  it("pays a stay once, however often it is told", async () => {
    const id = desk.parked();
    // It has begun its second hour, however quickly it is told.
    desk.passMs(1_000);
    for (let i = 0; i < 3; i++) tell(id);
    expect(await desk.stay(id)).toMatchObject({
      due_minor: 0,
      balance_minor: 0,
      payments: [{ method: "online", actor: "cloud", receipt: { number: 1 } }],
    });
    tell(id, { payment_id: randomUUID() });
    expect((await desk.stay(id)).payments).toHaveLength(1);
    expect(desk.store.openAlarms()).toEqual([]);
  });

  it("that comes when the stay is paid already is kept, and shows as too much until it is refunded", async () => {
    const id = desk.parked();
    await desk.paid(await desk.cash(id, 400));
    tell(id);
    const late = await desk.stay(id);
    expect(late).toMatchObject({ due_minor: 0, balance_minor: -400 });
    const payment = late.payments.find(({ method }) => method === "online");
    const back = {
      payment_id: payment?.payment_id,
      amount_minor: 400,
      reason: "paid twice",
      idempotency_key: randomUUID(),
    };
    const note = await desk.paid(await desk.post(`/api/stays/${id}/refunds`, back));
    expect(note.receipt?.number).toBe(3);
    expect(await desk.paid(await desk.post(`/api/stays/${id}/refunds`, back))).toEqual(note);
    expect((await desk.stay(id)).balance_minor).toBe(0);
  });

  it("that cannot be booked is an alarm, and nothing else", () => {
    const id = desk.parked();
    tell(id, { currency: "CHF" });
    tell(randomUUID());
    expect(desk.store.openAlarms("demo").map(({ kind, detail }) => [kind, detail])).toEqual([
      ["payment_in_doubt", "payment pay_1 of 400 CHF cannot be booked: it is in CHF"],
    ]);
    expect(desk.said("a payment in an app cannot be booked")).toHaveLength(2);
    expect(desk.store.totalsSince(0)).toMatchObject({ cashMinor: 0, cardMinor: 0 });
  });
});

describe("what is not paid", () => {
  beforeEach(async () => {
    desk = await startPayDesk();
  });
  const why = (more: object = {}) => ({
    amount_minor: 400,
    reason: "machine was broken",
    idempotency_key: randomUUID(),
    ...more,
  });

  it("is written off with a reason, for the amount that is due", async () => {
    const id = desk.parked();
    const wrong = await desk.post(`/api/stays/${id}/write-off`, why({ amount_minor: 300 }));
    expect(await desk.refusal(wrong)).toEqual({ status: 409, code: "fee_changed" });
    const body = why();
    for (let i = 0; i < 2; i++)
      expect(await desk.act(id, "write-off", body)).toMatchObject({ due_minor: 0, balance_minor: 0 });
    const { entries } = await desk.stay(id);
    expect(entries.filter(({ kind }) => kind === "write_off")).toEqual([
      expect.objectContaining({ amount_minor: -400, actor: "alex", reason: "machine was broken" }),
    ]);
    for (const reason of ["", "ok", undefined])
      expect(
        await desk.refusal(await desk.post(`/api/stays/${id}/write-off`, why({ reason }))),
      ).toMatchObject({
        field: "reason",
      });
  });

  it("is owed by somebody, and collected later with a receipt", async () => {
    const id = desk.parked();
    expect(await desk.act(id, "debt", why({ debtor: "Kim Li" }))).toMatchObject({
      due_minor: 0,
      debt_minor: 400,
    });
    const collect = (amount_minor: number, idempotency_key: string = randomUUID()) =>
      desk.post(`/api/stays/${id}/debt/collect`, {
        method: "cash",
        amount_minor,
        tendered_minor: 500,
        idempotency_key,
      });
    expect(await desk.refusal(await collect(300))).toEqual({ status: 409, code: "fee_changed" });
    const key = randomUUID();
    const paid = await desk.paid(await collect(400, key));
    expect(paid).toMatchObject({ change_minor: 100, receipt: { number: 1 } });
    expect(await desk.paid(await collect(400, key))).toEqual(paid);
    expect(await desk.stay(id)).toMatchObject({ debt_minor: 0, balance_minor: 0 });
    expect(await desk.refusal(await collect(400))).toEqual({ status: 409, code: "nothing_due" });
  });

  it("is given back no further than it was paid", async () => {
    const id = desk.parked();
    const { payment_id } = await desk.paid(await desk.cash(id, 400));
    const refund = (stay: string, body: object) =>
      desk.post(`/api/stays/${stay}/refunds`, { ...why({ amount_minor: 500 }), payment_id, ...body });
    expect(await desk.refusal(await refund(id, {}))).toEqual({ status: 409, code: "amount_exceeds_payment" });
    expect(await desk.refusal(await refund(desk.parked("B2"), {}))).toEqual({
      status: 404,
      code: "unknown_payment",
    });
    await desk.paid(await refund(id, { amount_minor: 100 }));
    expect((await desk.stay(id)).payments[0]).toMatchObject({ amount_minor: 400, refunded_minor: 100 });
  });
});
