import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { razorpayWebhooks } from "./razorpay.ts";

const SECRET = "a secret of the webhooks";
const reader = razorpayWebhooks(SECRET);
const FACILITY = "0192a000-0000-7000-8000-000000000001";
const STAY = "0192b000-0001-7000-8000-000000000001";

function webhook(body: Uint8Array, headers: Readonly<Record<string, string>> = {}) {
  const signature = createHmac("sha256", SECRET).update(body).digest("hex");
  const all: Record<string, string> = {
    "x-razorpay-signature": signature,
    "x-razorpay-event-id": "evt_1",
    ...headers,
  };
  return reader.read({ header: (name) => all[name], body });
}

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

function captured(entity: object = {}): Uint8Array {
  const payment = {
    id: "pay_1",
    amount: 4_200,
    currency: "INR",
    method: "upi",
    notes: { facility_id: FACILITY, stay_id: STAY },
    ...entity,
  };
  return bytes({ entity: "event", event: "payment.captured", payload: { payment: { entity: payment } } });
}

describe("a webhook of Razorpay", () => {
  it("is read when it is signed with the secret", () => {
    expect(webhook(captured())).toMatchObject({
      ok: true,
      value: {
        eventId: "evt_1",
        kind: "payment.captured",
        payment: {
          reference: "pay_1",
          status: "captured",
          method: "upi",
          amountMinor: 4_200,
          currency: "INR",
          facilityId: FACILITY,
          stayId: STAY,
        },
      },
    });
    expect(webhook(captured({ method: "netbanking" }))).toMatchObject({
      value: { payment: { method: "online" } },
    });
  });

  it("is forged when one bit of it was changed, or its signature is missing", () => {
    const body = captured();
    const signature = createHmac("sha256", SECRET).update(body).digest("hex");
    fc.assert(
      fc.property(fc.nat(body.length - 1), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const changed = body.slice();
        changed[at] = (changed[at] ?? 0) ^ (1 << bit);
        expect(webhook(changed, { "x-razorpay-signature": signature })).toEqual({
          ok: false,
          error: "forged",
        });
      }),
    );
    for (const wrong of ["", "00", "z".repeat(64), signature.slice(1)])
      expect(webhook(body, { "x-razorpay-signature": wrong })).toEqual({ ok: false, error: "forged" });
  });

  it("of another kind, or for a payment that is none of ours, is kept and means nothing", () => {
    expect(webhook(bytes({ event: "order.paid", payload: {} }))).toMatchObject({ value: { payment: null } });
    for (const entity of [
      { notes: [] },
      { notes: { stay_id: STAY } },
      { amount: 1.5 },
      { amount: -1 },
      { currency: "rupees" },
      { id: "" },
    ])
      expect(webhook(captured(entity))).toMatchObject({ ok: true, value: { payment: null } });
  });

  it("is malformed when it is no event, whatever it is", () => {
    expect(webhook(captured(), { "x-razorpay-event-id": "" })).toEqual({ ok: false, error: "malformed" });
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          fc.json().map((t) => new TextEncoder().encode(t)),
        ),
        (body) => {
          const read = webhook(body);
          expect(read.ok ? read.value.payment : read.error).toSatisfy(
            (result) => result === null || result === "malformed",
          );
        },
      ),
    );
  });
});
