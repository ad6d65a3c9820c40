import { createHmac, randomUUID } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { sql } from "drizzle-orm";
import { downlinkAnswerSchema } from "@parkme/shared/protocol/downlink";
import { GENESIS_HASH } from "@parkme/shared/protocol/log";
import { remotePaymentSchema } from "@parkme/shared/protocol/remote-payments";
import { hashAfterItem } from "../fleet/downlink.queries.ts";
import {
  EDGE_TOKEN,
  FACILITY_ID,
  OTHER_EDGE_TOKEN,
  startTestCloud,
  type TestCloud,
} from "../testing/cloud.ts";
import { tellPaymentsOfBefore } from "./queries.ts";
import { razorpayWebhooks } from "./razorpay.ts";

const SECRET = "a secret of the webhooks";
let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud({ webhooks: [razorpayWebhooks(SECRET)] });
});
afterAll(async () => {
  await cloud.stop();
});

type Told = {
  readonly id: string;
  readonly event: string;
  readonly amount?: number;
  readonly currency?: string;
};

async function tell(
  paymentId: string,
  stayId: string,
  { id, event, amount = 300, currency = "EUR" }: Told,
  facilityId = FACILITY_ID,
): Promise<Response> {
  const notes = { facility_id: facilityId, stay_id: stayId };
  const entity = { id: paymentId, amount, currency, method: "upi", notes };
  return await send(JSON.stringify({ event, payload: { payment: { entity } } }), id);
}

async function send(body: string, eventId: string, secret = SECRET): Promise<Response> {
  return await cloud.app.request("/api/payments/webhooks/razorpay", {
    method: "POST",
    headers: {
      "x-razorpay-signature": createHmac("sha256", secret).update(body).digest("hex"),
      "x-razorpay-event-id": eventId,
    },
    body,
  });
}

/** What the edge is told of payments after a number, taken as an edge takes it. */
async function feed(after = 0, token = EDGE_TOKEN) {
  let [seq, hash] = [0, GENESIS_HASH];
  const told = [];
  for (;;) {
    const response = await cloud.app.request(`/api/edge/downlink?after=${seq}&head=${hash}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(response.status).toBe(200);
    const { items } = downlinkAnswerSchema.parse(await response.json());
    if (items.length === 0) return told;
    for (const item of items) {
      [seq, hash] = [item.seq, hashAfterItem(hash, item)];
      expect(item.kind).toBe("payment");
      if (seq > after) told.push({ seq, ...remotePaymentSchema.parse(JSON.parse(item.body)) });
    }
  }
}

const last = async (): Promise<number> => (await feed()).at(-1)?.seq ?? 0;

describe("an online payment", () => {
  it("reaches its facility's edge once it is captured, and nobody else's", async () => {
    const before = await last();
    const [payment, stay] = [`pay_${randomUUID()}`, randomUUID()];
    await tell(payment, stay, { id: randomUUID(), event: "payment.authorized" });
    expect(await feed(before)).toEqual([]);
    const answer = await tell(payment, stay, { id: randomUUID(), event: "payment.captured" });
    expect(await answer.json()).toEqual({ outcome: "applied" });
    expect(await feed(before)).toMatchObject([
      {
        seq: before + 1,
        stay_id: stay,
        method: "upi",
        amount_minor: 300,
        currency: "EUR",
        reference: payment,
      },
    ]);
    expect(await feed(before + 1)).toEqual([]);
    expect(await feed(0, OTHER_EDGE_TOKEN)).toEqual([]);
  });

  it("told of twice, or failed before and after it was captured, is one payment", async () => {
    const before = await last();
    const [payment, stay, event] = [`pay_${randomUUID()}`, randomUUID(), randomUUID()];
    await tell(payment, stay, { id: randomUUID(), event: "payment.failed" });
    await tell(payment, stay, { id: event, event: "payment.captured" });
    const again = await tell(payment, stay, { id: event, event: "payment.captured" });
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual({ outcome: "duplicate" });
    await tell(payment, stay, { id: randomUUID(), event: "payment.captured" });
    await tell(payment, stay, { id: randomUUID(), event: "payment.failed" });
    expect(await feed(before)).toHaveLength(1);
  });

  it("is told of once, whatever the order of its events and however often they come, also at the same moment", async () => {
    const events = fc.array(
      fc.record({
        payment: fc.integer({ min: 0, max: 3 }),
        event: fc.constantFrom("payment.authorized", "payment.failed", "payment.captured"),
        copy: fc.integer({ min: 0, max: 1 }),
      }),
      { maxLength: 12 },
    );
    await fc.assert(
      fc.asyncProperty(events, async (told) => {
        const before = await last();
        const run = randomUUID();
        await Promise.all(
          told.map(({ payment, event, copy }) =>
            tell(`pay_${run}_${payment}`, randomUUID(), { id: `${run}.${payment}.${event}.${copy}`, event }),
          ),
        );
        const captured = new Set(
          told
            .filter(({ event }) => event === "payment.captured")
            .map(({ payment }) => `pay_${run}_${payment}`),
        );
        const rows = await feed(before);
        expect(rows.map(({ reference }) => reference).toSorted()).toEqual([...captured].toSorted());
        expect(rows.map(({ seq }) => seq)).toEqual(rows.map((_, i) => before + 1 + i));
      }),
      { numRuns: 25 },
    );
  });

  it("that was captured before there was a downlink gets into it once, after the others, in its order", async () => {
    const before = await last();
    const references = [1, 2, 3].map((n) => `pay_old_${n}_${randomUUID()}`);
    for (const [i, reference] of references.toReversed().entries())
      await cloud.db.execute(sql`
        insert into remote_payments (facility_id, payment_id, provider, reference, stay_id, method, amount_minor,
          currency, status, updated_at, captured_at, feed_seq)
        values (${FACILITY_ID}, ${randomUUID()}, 'razorpay', ${reference}, ${randomUUID()}, 'upi', 500, 'EUR',
          'captured', now(), '2026-07-01T08:00:00Z', ${100 - i})`);
    const now = cloud.clock.now;
    const told = await Promise.all([
      tellPaymentsOfBefore(cloud.db, now),
      tellPaymentsOfBefore(cloud.db, now),
    ]);
    expect(Math.max(...told) + Math.min(...told)).toBe(3);
    expect(told).toContain(0);
    expect(await tellPaymentsOfBefore(cloud.db, now)).toBe(0);
    const rows = await feed(before);
    expect(rows.map(({ reference }) => reference)).toEqual(references);
    expect(rows[0]).toMatchObject({ captured_at: "2026-07-01T08:00:00.000Z", amount_minor: 500 });
    // Told by the provider once more, it is not told again.
    await tell(references[0] ?? "", randomUUID(), {
      id: randomUUID(),
      event: "payment.captured",
      amount: 500,
    });
    expect(await feed(before)).toHaveLength(3);
  });

  it("for a facility that is not ours, or in another currency, is kept for a person to look at", async () => {
    const before = await last();
    const foreign = await tell(
      "pay_x",
      randomUUID(),
      { id: randomUUID(), event: "payment.captured" },
      randomUUID(),
    );
    expect(await foreign.json()).toEqual({ outcome: "unmatched" });
    const rupees = await tell("pay_y", randomUUID(), {
      id: randomUUID(),
      event: "payment.captured",
      currency: "INR",
    });
    expect(await rupees.json()).toEqual({ outcome: "unmatched" });
    expect(await feed(before)).toEqual([]);
  });

  it("is refused when it is forged, not understood, too long, or of a provider that is not set up", async () => {
    expect((await send("{}", "evt_f", "another secret")).status).toBe(401);
    expect((await send("[]", "evt_m")).status).toBe(400);
    expect((await send("x".repeat(300_000), "evt_l")).status).toBe(413);
    const unknown = await cloud.app.request("/api/payments/webhooks/other", { method: "POST", body: "{}" });
    expect(unknown.status).toBe(404);
  });
});
