import {
  ProviderError,
  PROVIDER_CONTRACT,
  type Order,
  type PaymentState,
  type Provider,
} from "./contract.ts";

/** Money that a person of ours takes by hand. It is there when the payment is begun. */
export function createProvider({ name }: { readonly name: string }): Provider {
  const taken = (order: Order): PaymentState => ({
    reference: order.paymentId,
    charge: null,
    status: "captured",
    method: "cash",
    capturedMinor: order.amountMinor,
    currency: order.currency,
    capturedAt: order.madeAt,
    failure: null,
    client: {},
  });
  return {
    name,
    methods: ["cash"],
    currencies: null,
    canAuthorize: false,
    begin: async (order) => taken(order),
    status: async (order) => taken(order),
    confirm: async (order) => taken(order),
    capture: async (order) => taken(order),
    cancel: async (order) => taken(order),
    // Handed back by the same person: it is done when it is written down.
    refund: async (order, { refundId, amountMinor }) => ({
      reference: refundId,
      status: "done",
      amountMinor,
      currency: order.currency,
      at: null,
    }),
    refundStatus: async () => {
      throw new ProviderError("refused", "cash has no refunds that wait");
    },
    entries: null,
    readWebhook: null,
  };
}

export { PROVIDER_CONTRACT };
