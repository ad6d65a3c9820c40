import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FACILITY_ID } from "../testing/cloud.ts";
import { read, readPages, startPaymentDesk, type Json, type PaymentDesk } from "./testing/payment-desk.ts";

let desk: PaymentDesk;
beforeAll(async () => {
  desk = await startPaymentDesk();
});
afterAll(() => desk.stop());

const HOUR = 3_600;
const DAY = 24 * HOUR;

async function begun(provider: string, amountMinor: number) {
  const subject_id = desk.owe(amountMinor);
  const body = { facility_id: FACILITY_ID, purpose: "booking", subject_id, provider };
  const answer = await read(await desk.people.driver.ask("POST", "/api/payments/", body));
  return { id: String(answer["id"]), reference: String(answer["reference"]) };
}

async function paid(provider: "stripe" | "razorpay", amountMinor: number) {
  const payment = await begun(provider, amountMinor);
  desk[provider].pay(payment.reference);
  await desk.people.driver.ask("POST", `/api/payments/${payment.id}/confirm/`, {});
  return payment;
}

async function list(query = ""): Promise<readonly Json[]> {
  const answer = await read(await desk.people.admin.ask("GET", `/api/payments/reconciliations/${query}`));
  return answer["items"] as readonly Json[];
}

const refund = async (id: string, amount: string) =>
  await desk.people.staff.ask("POST", `/api/payments/${id}/refunds/`, { reason: "rain", amount });

describe("a day", () => {
  it("that providers and we have the same of has no difference, by the provider's clock", async () => {
    // Captured just before midnight there, and known here after it.
    await desk.later(12 * HOUR - 20);
    const late = await begun("stripe", 700);
    desk.stripe.pay(late.reference);
    const events = desk.stripe.events.filter(({ body }) => body.includes(late.reference));
    const [one, two] = [await paid("stripe", 1_000), await paid("razorpay", 2_000)];
    await refund(one.id, "3.00");
    await refund(two.id, "20.00");
    desk.stripe.behaviour.nowS += 60;
    desk.cloud.clock.now = new Date(desk.cloud.clock.now.getTime() + 60_000);
    for (const event of events) await desk.tellStripe(event);
    await desk.later(HOUR, "payments.reconcile");
    expect(await list("?provider=stripe&limit=1")).toMatchObject([
      {
        day: "2026-07-15",
        currency: "EUR",
        their_count: 3,
        their_total: "14.00",
        our_count: 3,
        our_total: "14.00",
        differences: [],
      },
    ]);
    expect(await list("?provider=razorpay&limit=1")).toMatchObject([
      { day: "2026-07-15", their_count: 2, their_total: "0.00", differences: [] },
    ]);
    expect(await list("?differing=true")).toEqual([]);
  });

  it("shows what they have and we do not, and what we have and they do not", async () => {
    const known = await begun("stripe", 900);
    const good = await paid("stripe", 100);
    desk.stripe.pay(known.reference);
    const lost = await paid("razorpay", 500);
    const forgotten = desk.razorpay.payments.findIndex(({ of }) => of === lost.reference);
    (desk.razorpay.payments as object[]).splice(forgotten, 1);
    // Ours by its metadata, and never heard of here.
    const [stranger] = desk.stripe.intents.filter(({ id }) => id === good.reference);
    if (stranger === undefined) throw new Error("it is not there");
    (desk.stripe.intents as object[]).push({ ...stranger, id: "pi_x", charge: "ch_x", received: 123 });
    await desk.later(DAY, "payments.reconcile");
    const [stripe] = await list("?provider=stripe&differing=true");
    const charge = desk.stripe.intents.find(({ id }) => id === known.reference)?.charge;
    const expected = [
      { reference: charge, kind: "capture", facility_id: FACILITY_ID, theirs: "9.00", ours: null },
      { reference: "ch_x", kind: "capture", facility_id: null, theirs: "1.23", ours: null },
    ];
    expect(stripe).toMatchObject({ day: "2026-07-16" });
    const differences = stripe?.["differences"] as readonly { readonly reference: string }[];
    expect(differences.toSorted((a, b) => a.reference.localeCompare(b.reference))).toEqual(
      expected.toSorted((a, b) => (a.reference ?? "").localeCompare(b.reference ?? "")),
    );
    const [razorpay] = await list("?provider=razorpay&differing=true");
    expect(razorpay?.["differences"]).toMatchObject([
      { kind: "capture", facility_id: FACILITY_ID, theirs: null, ours: "5.00" },
    ]);
    expect(desk.errors.map((entry) => entry["day"])).toContain("2026-07-16");
  });

  it("is looked at once more a day later, and then no more, but when somebody asks", async () => {
    // The poll has found what the webhooks did not tell.
    await desk.later(HOUR);
    expect(await desk.later(HOUR, "payments.reconcile")).toBe(0);
    expect(await desk.later(DAY, "payments.reconcile")).toBeGreaterThan(0);
    const [stripe] = await list("?provider=stripe&differing=true");
    expect(stripe?.["differences"]).toMatchObject([{ reference: "ch_x" }]);
    const looks = desk.stripe.requests.length;
    expect(await desk.later(60, "payments.reconcile")).toBe(0);
    expect(desk.stripe.requests.length).toBe(looks);
    const ask = async (body: Json, who = desk.people.admin) =>
      await read(await who.ask("POST", "/api/payments/reconciliations/", body));
    const again = await desk.people.admin.ask("POST", "/api/payments/reconciliations/", {
      provider: "stripe",
      day: "2026-07-16",
    });
    expect(await again.json()).toMatchObject([{ day: "2026-07-16", currency: "EUR" }]);
    expect(await ask({ provider: "cash", day: "2026-07-15" })).toMatchObject({
      status: 409,
      code: "no_list",
    });
    expect(await ask({ provider: "gold", day: "2026-07-15" })).toMatchObject({
      status: 400,
      field: "provider",
    });
    expect(await ask({ provider: "stripe", day: "2030-01-01" })).toMatchObject({ status: 400, field: "day" });
    desk.stripe.trouble.push("error_500");
    expect(await ask({ provider: "stripe", day: "2026-07-16" })).toMatchObject({ status: 503 });
    for (const who of [desk.people.staff, desk.people.driver, desk.people.foreigner])
      expect(await ask({ provider: "stripe", day: "2026-07-16" }, who)).toMatchObject({ status: 403 });
  });

  it("without money is looked at as well; the list pages", async () => {
    const all = await readPages(desk.people.admin, "/api/payments/reconciliations/", 2);
    expect(all).toEqual(await list());
    expect(all.some(({ currency, their_count }) => currency === "XXX" && their_count === 0)).toBe(true);
  });
});
