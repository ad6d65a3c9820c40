import { createHmac, randomBytes } from "node:crypto";
import { join } from "node:path";
import { freePort } from "../site/ports.ts";
import type { Program } from "../site/program.ts";
import { secretFile, type Hardware } from "./hardware.ts";
import type { SitePlan } from "../site/plan.ts";

/** A cloud of a payment provider's customer, and the provider that tells it of payments by webhook. */
export type PaidCloud = {
  readonly port: number;
  /** As the provider sends it. */
  readonly tell: (event: PaymentEvent) => Promise<Told>;
  /** As somebody sends it who does not know the secret. */
  readonly forge: (event: PaymentEvent) => Promise<Told>;
  /** The one that runs first. */
  readonly program: Program;
  /** Starts it again, after it was stopped or killed. */
  readonly start: () => Promise<Program>;
};

export type PaymentEvent = {
  /** The provider's id of the event: sent again, it is the same. */
  readonly eventId: string;
  readonly kind: "payment.authorized" | "payment.failed" | "payment.captured";
  readonly paymentId: string;
  readonly stayId: string;
  readonly amountMinor: number;
};

type Told = { readonly status: number; readonly outcome: string | null };

const TIMEOUT_MS = 30_000;

/** The cloud program with Razorpay set up, and the provider's end of it. */
export async function startPaidCloud(hardware: Hardware, plan: SitePlan): Promise<PaidCloud> {
  const secret = randomBytes(24).toString("hex");
  const port = await freePort();
  const start = (): Promise<Program> =>
    hardware.program("cloud", "cloud-api/main.mjs", {
      PARKME_CLOUD_PORT: String(port),
      PARKME_DATA_DIR: join(plan.folder, "cloud"),
      PARKME_PROVISION: plan.provisionFile,
      PARKME_RAZORPAY_WEBHOOK_SECRET_FILE: secretFile(plan.folder, "razorpay", secret),
    });
  const program = await start();
  const send = async (event: PaymentEvent, key: string): Promise<Told> => {
    const body = bodyOf(event, plan.facility.id);
    const answer = await fetch(`http://127.0.0.1:${port}/api/payments/webhooks/razorpay`, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        "x-razorpay-signature": createHmac("sha256", key).update(body).digest("hex"),
        "x-razorpay-event-id": event.eventId,
      },
      body,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const said = (await answer.json()) as { readonly outcome?: string };
    return { status: answer.status, outcome: said.outcome ?? null };
  };
  return {
    port,
    program,
    start,
    tell: (event) => send(event, secret),
    forge: (event) => send(event, "not the secret of the webhooks"),
  };
}

/** An event as razorpay.com/docs/webhooks/payloads/payments shows it, with the notes that we gave the payment. */
function bodyOf({ kind, paymentId, stayId, amountMinor }: PaymentEvent, facilityId: string): string {
  const entity = {
    id: paymentId,
    entity: "payment",
    amount: amountMinor,
    currency: "EUR",
    status: kind.slice("payment.".length),
    method: "upi",
    notes: { facility_id: facilityId, stay_id: stayId },
  };
  return JSON.stringify({
    entity: "event",
    event: kind,
    contains: ["payment"],
    payload: { payment: { entity } },
  });
}
