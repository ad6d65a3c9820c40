import { randomUUID } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  receiptsSchema,
  reconciliationSchema,
  shiftNowSchema,
  shiftReportSchema,
  shiftsSchema,
} from "@parkme/shared/protocol/kiosk-desk";
import { type PayDesk, startPayDesk } from "./testing/pay-desk.ts";

let desk: PayDesk;
beforeEach(async () => {
  desk = await startPayDesk();
});
afterEach(() => desk.stop());

const open = (float_minor: number, as?: string) => desk.post("/api/shift/open", { float_minor }, as);
const close = (counted_minor: number, as?: string) => desk.post("/api/shift/close", { counted_minor }, as);
const move = (kind: string, amount_minor: number, idempotency_key: string = randomUUID()) =>
  desk.post("/api/shift/move", { kind, amount_minor, reason: "to the safe", idempotency_key });
const now = async (as?: string) => shiftNowSchema.parse(await (await desk.get("/api/shift", as)).json());

describe("a shift", () => {
  it("goes from float to a blind count, with what it took, and its Z report has the next number", async () => {
    expect(await now()).toEqual({ shift: null, float_minor: 0, change_low: false });
    expect(shiftNowSchema.parse(await (await open(5_000)).json())).toMatchObject({
      shift: { attendant: "alex", opened_by_payment: false },
      float_minor: 5_000,
    });
    expect(await desk.refusal(await open(5_000))).toEqual({ status: 409, code: "shift_open" });
    await desk.paid(await desk.cash(desk.parked("A1"), 400, { tendered_minor: 1_000 }));
    const key = randomUUID();
    for (let i = 0; i < 2; i++) expect((await move("drop", 2_000, key)).status).toBe(200);
    const { shift } = await now();
    const x = shiftReportSchema.parse(
      await (await desk.get(`/api/shifts/${shift?.shift_id ?? ""}/report`)).json(),
    );
    expect(x).toMatchObject({ kind: "x", expected_minor: null, drops_minor: 2_000, z_number: null });
    const z = shiftReportSchema.parse(await (await close(3_390)).json());
    expect(z).toMatchObject({
      kind: "z",
      z_number: 1,
      expected_minor: 3_400,
      counted_minor: 3_390,
      variance_minor: -10,
      by_method: [{ method: "cash", count: 1, amount_minor: 400, refunds_minor: 0 }],
      receipts: { first: 1, last: 1 },
    });
    expect(await desk.refusal(await close(0))).toEqual({ status: 409, code: "no_shift" });
    expect(await desk.refusal(await move("drop", 1))).toEqual({ status: 409, code: "no_shift" });
    const all = shiftsSchema.parse(await (await desk.get("/api/shifts")).json());
    expect(all.shifts).toEqual([z]);
  });

  it("is each attendant's own, and a payment belongs to the one that took it (edge case 45)", async () => {
    const kim = await desk.as("kim");
    await open(1_000);
    await open(2_000, kim);
    const id = desk.parked();
    await desk.act(id, "vehicle", { type: "car", ev: false, accessible: false });
    const body = { method: "cash", amount_minor: 400, tendered_minor: 400, idempotency_key: randomUUID() };
    await desk.paid(await desk.post(`/api/stays/${id}/payments`, body, kim));
    expect(await (await close(1_000)).json()).toMatchObject({ variance_minor: 0, tickets: 0 });
    expect(await (await close(2_400, kim)).json()).toMatchObject({
      variance_minor: 0,
      tickets: 1,
      z_number: 2,
    });
  });

  it("is asked for by its id, and by a number of them that can be meant", async () => {
    for (const id of ["1", randomUUID()])
      expect(await desk.refusal(await desk.get(`/api/shifts/${id}/report`))).toEqual({
        status: 404,
        code: "unknown_shift",
      });
    for (const path of ["/api/shifts?limit=0", "/api/receipts?limit=101", "/api/receipts?limit=x"])
      expect(await desk.refusal(await desk.get(path))).toMatchObject({ status: 400, field: "limit" });
  });
});

describe("the books", () => {
  const books = async (query = "") =>
    reconciliationSchema.parse(await (await desk.get(`/api/reconciliation${query}`)).json());

  it("list the receipts, the latest first, credit notes among them", async () => {
    const id = desk.parked();
    const { payment_id } = await desk.paid(await desk.cash(id, 400));
    await desk.paid(
      await desk.post(`/api/stays/${id}/refunds`, {
        payment_id,
        amount_minor: 400,
        reason: "out of order",
        idempotency_key: randomUUID(),
      }),
    );
    const { receipts } = receiptsSchema.parse(await (await desk.get("/api/receipts")).json());
    expect(receipts.map(({ number, kind, amount_minor }) => [number, kind, amount_minor])).toEqual([
      [2, "refund", 400],
      [1, "payment", 400],
    ]);
    const unprinted = await desk.post("/api/receipts/1/print", {});
    expect(await desk.refusal(unprinted)).toEqual({ status: 409, code: "no_printer" });
    for (const number of ["3", "0", "-1", "1.5", "x"])
      expect((await desk.refusal(await desk.post(`/api/receipts/${number}/print`, {}))).status).toBe(404);
  });

  it("show money that nobody needed", async () => {
    const id = desk.parked();
    await desk.paid(await desk.cash(id, 400));
    const body = { merchant: "cinema", offer: "all", idempotency_key: randomUUID() };
    await desk.act(id, "validations", body);
    expect(await books()).toMatchObject({
      paid_minor: 400,
      discrepancies: [expect.objectContaining({ kind: "overpaid", amount_minor: 400, stay_id: id })],
      more: false,
    });
  });

  it("are asked for of a time that can be meant", async () => {
    const at = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
    for (const [query, field] of [
      ["?from=yesterday", "from"],
      [`?from=${at(1)}`, "from"],
      [`?from=${at(-93)}&to=${at(0)}`, "from"],
      [`?to=x`, "to"],
    ] as const)
      expect(await desk.refusal(await desk.get(`/api/reconciliation${query}`))).toMatchObject({
        status: 400,
        field,
      });
    expect((await books(`?from=${at(-30)}&to=${at(0)}`)).movements_out).toBe(0);
  });
});
