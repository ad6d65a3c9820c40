import { z } from "zod";
import { asCurrency, formatDecimal, money } from "@parkme/shared/domain/money";
import {
  ProviderError,
  PROVIDER_CONTRACT,
  type KnownOrder,
  type Order,
  type PaymentState,
  type Provider,
  type ProviderConfig,
} from "./contract.ts";
import { readOptions, readSecrets } from "./options.ts";

const optionsSchema = z.strictObject({
  /** The virtual payment address that is paid. */
  payee: z
    .string()
    .regex(/^[\w.-]{2,256}@[a-zA-Z][a-zA-Z0-9.-]{1,63}$/, "must be an address such as parking@bank"),
  payee_name: z.string().trim().min(1).max(50),
  merchant_code: z
    .string()
    .regex(/^\d{4}$/)
    .optional(),
});

/** A bank's own number of a UPI transfer. */
const UTR = /^[A-Z0-9]{12,22}$/;

/**
 * UPI from the payer's app straight to the operator's account: a link or QR code (NPCI's linking specification), and no
 * gateway that could tell what became of it. A person who sees the money in the bank's list confirms it by its UTR. With
 * a gateway: `upi` of builtin:razorpay.
 */
export function createProvider({ name, options, secrets }: ProviderConfig): Provider {
  const account = readOptions(optionsSchema, options);
  readSecrets(z.strictObject({}), secrets);

  const waiting = (order: Order): PaymentState => ({
    reference: referenceOf(order),
    charge: null,
    status: "pending",
    method: "upi",
    capturedMinor: null,
    currency: order.currency,
    capturedAt: null,
    failure: null,
    client: { upi_uri: upiLink(account, order) },
  });
  const unknown = async (): Promise<never> => {
    throw new ProviderError("refused", "money that came by UPI without a gateway goes back by the bank");
  };

  return {
    name,
    methods: ["upi"],
    currencies: ["INR"],
    canAuthorize: false,
    begin: async (order) => waiting(order),
    status: async (order) => (order.charge === null ? waiting(order) : paid(order, order.charge)),
    async confirm(order, proof, byStaff) {
      if (!byStaff) return waiting(order);
      const utr = proof["utr"]?.trim().toUpperCase() ?? "";
      if (!UTR.test(utr)) throw new ProviderError("refused", "the bank's UTR of the transfer is missing");
      return paid(order, utr);
    },
    capture: async (order) => waiting(order),
    // The link stays with whoever has it: money that comes in spite of this is confirmed and given back by hand.
    cancel: async (order) => ({ ...waiting(order), status: "cancelled" }),
    refund: unknown,
    refundStatus: unknown,
    entries: null,
    readWebhook: null,
  };
}

function paid(order: KnownOrder, utr: string): PaymentState {
  return {
    reference: order.reference,
    charge: utr,
    status: "captured",
    method: "upi",
    capturedMinor: order.amountMinor,
    currency: order.currency,
    capturedAt: null,
    failure: null,
    client: {},
  };
}

/** At most 35 letters and digits. */
function referenceOf({ paymentId }: Order): string {
  return paymentId.replaceAll("-", "");
}

type Account = z.output<typeof optionsSchema>;

/** Blanks are %20: some apps show a plus as it is. */
function upiLink({ payee, payee_name, merchant_code }: Account, order: Order): string {
  const fields = [
    ["pa", payee],
    ["pn", payee_name],
    ...(merchant_code === undefined ? [] : [["mc", merchant_code]]),
    ["tr", referenceOf(order)],
    ["tn", order.description],
    ["am", formatDecimal(money(order.amountMinor, asCurrency(order.currency)))],
    ["cu", order.currency],
  ];
  return `upi://pay?${fields.map(([key, value = ""]) => `${key}=${encodeURIComponent(value)}`).join("&")}`;
}

export { PROVIDER_CONTRACT };
