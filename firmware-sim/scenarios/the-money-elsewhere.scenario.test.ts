import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { describe, expect, it } from "vitest";
import { paidSchema, reconciliationSchema, stayViewSchema } from "@parkme/shared/protocol/kiosk-desk";
import { layOutGround, openLot, type Ground, type Lot } from "./lot.ts";
import { cloudLedger, cloudRecords, cloudRemotePayments, edgeLedger, edgeRecords } from "./records.ts";
import { eventually } from "./stage.ts";
import { startPaidCloud, type PaidCloud, type PaymentEvent } from "./webhooks.ts";
import { openWire, type Wire } from "./wire.ts";

/** Drivers pay in an app: the provider tells the cloud by webhook, the cloud tells the edge, and the exit opens. */

const TARIFF = { id: "flat", version: 1, document: { flat: { price: 5 } } };
const FEE = 500;
const LONG_MS = 90_000;

describe("money that is paid elsewhere", () => {
  it(
    "edge case 21: told twice, out of order and with forgeries among it, opens the exit once and is booked once",
    { timeout: 300_000 },
    async () => {
      const { lot, cloud } = await setUp();
      await lot.comeIn("BMK2101");
      const { stayId, amountMinor } = await lot.askedAtExit("BMK2101");
      expect(amountMinor).toBe(FEE);
      const first = payment("pay_first", stayId);

      // A forgery, then a failure that is told of twice at once: nobody has paid.
      expect(await cloud.forge(first("payment.captured", "evt_forged"))).toMatchObject({ status: 401 });
      const failed = first("payment.failed", "evt_failed");
      const twice = await Promise.all([cloud.tell(failed), cloud.tell(failed)]);
      expect(twice.map(({ outcome }) => String(outcome)).toSorted()).toEqual(["applied", "duplicate"]);
      expect(await cloudRemotePayments(lot.plan)).toEqual([
        { reference: "pay_first", status: "failed", told: false },
      ]);
      expect(await dueOf(lot, stayId)).toBe(FEE);
      expect(lot.exit.barrier.openings()).toBe(0);

      // Captured: the event twice at once, another event of the same capture, what should have come before, forgeries.
      const captured = first("payment.captured", "evt_captured");
      const told = await Promise.all([
        cloud.tell(captured),
        cloud.forge(captured),
        cloud.tell(captured),
        cloud.tell(first("payment.captured", "evt_captured_again")),
        cloud.tell(first("payment.authorized", "evt_authorized")),
        cloud.forge(first("payment.failed", "evt_forged_too")),
      ]);
      expect(told.map(({ status }) => status)).toEqual([200, 401, 200, 200, 200, 401]);
      expect([told[0], told[2]].map((each) => String(each?.outcome)).toSorted()).toEqual([
        "applied",
        "duplicate",
      ]);
      await lot.exit.pass();
      // A failure of long ago that comes last takes nothing back.
      expect(await cloud.tell(first("payment.failed", "evt_late"))).toMatchObject({ outcome: "applied" });

      expect(lot.exit.barrier.openings()).toBe(1);
      expect(moneyOf(lot, stayId)).toEqual({
        payments: [{ amount: FEE, method: "upi", actor: "cloud" }],
        ledger: [
          { kind: "charge", amount: FEE },
          { kind: "payment", amount: -FEE },
        ],
      });
      expect(lot.rows("select status, fee_minor from stays")).toEqual([{ status: "closed", fee_minor: FEE }]);
      expect(await cloudRemotePayments(lot.plan)).toEqual([
        { reference: "pay_first", status: "captured", told: true },
      ]);
      await untilBothAgree(lot);
      expect(await discrepancies(lot)).toEqual([]);

      // The driver's app paid a second time, for a stay that has left: kept, shown, and given back.
      const second = payment("pay_second", stayId);
      await cloud.tell(second("payment.captured", "evt_second"));
      await eventually(
        "the money without need",
        () => discrepancies(lot),
        (found) => found.length > 0,
        LONG_MS,
      );
      expect(await discrepancies(lot)).toMatchObject([
        { kind: "overpaid", amount_minor: FEE, stay_id: stayId, plate: "BMK2101" },
      ]);
      const view = await lot.get(`/api/stays/${stayId}`, stayViewSchema);
      expect(view).toMatchObject({ status: "closed", balance_minor: -FEE });
      const spare = view.payments.at(-1)?.payment_id;
      const refund = { payment_id: spare, amount_minor: FEE, reason: "paid twice in the app" };
      await lot.post(
        `/api/stays/${stayId}/refunds`,
        { ...refund, idempotency_key: randomUUID() },
        paidSchema,
      );
      expect(await discrepancies(lot)).toEqual([]);
      expect(lot.exit.barrier.openings()).toBe(1);
      await untilBothAgree(lot);
    },
  );

  it(
    "edge case 21: comes while the gate is cut off from the cloud, and is applied when it is back",
    { timeout: 300_000 },
    async () => {
      const { lot, cloud, wire } = await setUp();
      await lot.comeIn("HHAB700");
      await lot.comeIn("KIXY33");
      const waiting = await lot.askedAtExit("HHAB700");

      // The line to the cloud is down while the driver pays in front of the arm.
      wire.become("cut");
      const paid = payment("pay_cut_off", waiting.stayId);
      expect(await cloud.tell(paid("payment.captured", "evt_cut_off"))).toEqual({
        status: 200,
        outcome: "applied",
      });
      expect(await dueOf(lot, waiting.stayId)).toBe(FEE);
      expect(lot.exit.barrier.openings()).toBe(0);
      wire.become("whole");
      await lot.exit.pass();

      // The agent itself is down while somebody pays who is still inside.
      const [inside] = lot.rows<{ id: string }>("select id from stays where plate = 'KIXY33'");
      const stayId = inside?.id ?? "";
      await lot.agent().kill();
      await cloud.tell(payment("pay_agent_off", stayId)("payment.captured", "evt_agent_off"));
      await lot.start();
      await eventually(
        "the stay to be paid",
        () => dueOf(lot, stayId),
        (due) => due === 0,
        LONG_MS,
      );
      await lot.exit.approach();
      await lot.exit.read("KIXY33");
      await lot.exit.pass();

      expect(lot.exit.barrier.openings()).toBe(2);
      for (const id of [waiting.stayId, stayId]) {
        expect(moneyOf(lot, id)).toEqual({
          payments: [{ amount: FEE, method: "upi", actor: "cloud" }],
          ledger: [
            { kind: "charge", amount: FEE },
            { kind: "payment", amount: -FEE },
          ],
        });
      }
      await untilBothAgree(lot);
      expect(await discrepancies(lot)).toEqual([]);
    },
  );
});

async function setUp(): Promise<{ lot: Lot; cloud: PaidCloud; wire: Wire }> {
  const ground = await layOutGround();
  const cloud = await startPaidCloud(ground.hardware, ground.plan);
  const wire = await openWire(cloud.port);
  return { cloud, wire, lot: await openLot(ground, { tariff: TARIFF, cloudUrl: wire.url }) };
}

/** Events of one payment. */
function payment(paymentId: string, stayId: string) {
  return (kind: PaymentEvent["kind"], eventId: string): PaymentEvent => ({
    eventId,
    kind,
    paymentId,
    stayId,
    amountMinor: FEE,
  });
}

async function dueOf(lot: Lot, stayId: string): Promise<number | null> {
  return (await lot.get(`/api/stays/${stayId}`, stayViewSchema)).due_minor;
}

/** What the gate's own database has of a stay's money. */
function moneyOf(lot: Lot, stayId: string) {
  return {
    payments: lot.rows(
      `select amount_minor as amount, method, actor from payments where stay_id = '${stayId}'`,
    ),
    ledger: lot.rows(
      `select kind, amount_minor as amount from ledger where stay_id = '${stayId}' order by kind`,
    ),
  };
}

async function discrepancies(lot: Lot) {
  return (await lot.get("/api/reconciliation", reconciliationSchema)).discrepancies;
}

/** The cloud has exactly the stays, movements, payments and ledger of the edge. */
async function untilBothAgree({ plan }: Ground): Promise<void> {
  const edge = { ...edgeRecords(plan), ledger: edgeLedger(plan) };
  const cloud = await eventually(
    "the cloud to have the ledger and the movements",
    async () => ({ ...(await cloudRecords(plan)), ledger: await cloudLedger(plan) }),
    (seen) => isDeepStrictEqual(seen, edge),
    LONG_MS,
  );
  expect(cloud).toEqual(edge);
}
