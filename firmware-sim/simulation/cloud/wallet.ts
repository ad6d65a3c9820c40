import {
  ProviderError,
  type Order,
  type PaymentState,
  type Provider,
} from "../../../cloud-api/payments/providers/contract.ts";

/** A provider whose customers have paid in advance: the money is there when a payment is begun. */
export const WALLET: Provider = {
  name: "wallet",
  methods: ["online"],
  currencies: null,
  canAuthorize: false,
  begin: async (order) => taken(order),
  status: async (order) => taken(order),
  confirm: async (order) => taken(order),
  capture: async (order) => taken(order),
  cancel: async (order) => taken(order),
  refund: async ({ currency }, { refundId, amountMinor }) => ({
    reference: refundId,
    status: "done",
    amountMinor,
    currency,
    at: null,
  }),
  refundStatus: async () => {
    throw new ProviderError("refused", "a wallet has no refunds that wait");
  },
  entries: null,
  readWebhook: null,
};

function taken({ paymentId, amountMinor, currency, method, madeAt }: Order): PaymentState {
  return {
    reference: paymentId,
    charge: null,
    status: "captured",
    method,
    capturedMinor: amountMinor,
    currency,
    capturedAt: madeAt,
    failure: null,
    client: {},
  };
}
