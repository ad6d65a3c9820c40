import type { RemoteMethod } from "@parkme/shared/protocol/remote-payments";
import type { Result } from "@parkme/shared/domain/result";

/** What a payment provider tells us, in our words. */
export type ProviderEvent = {
  /** The provider's own id of the event: the same event sent again has the same. */
  readonly eventId: string;
  /** The provider's name of its kind, kept for people. */
  readonly kind: string;
  /** Null where the event is of no consequence for a stay. */
  readonly payment: ProviderPayment | null;
  readonly payload: unknown;
};

export type ProviderPayment = {
  /** The provider's own id of the payment. */
  readonly reference: string;
  readonly status: "pending" | "failed" | "captured";
  readonly method: RemoteMethod;
  readonly amountMinor: number;
  readonly currency: string;
  /** What the payment was begun for, as we told the provider then. */
  readonly facilityId: string;
  readonly stayId: string;
};

/** A webhook's headers and its body, byte for byte: signatures are over the bytes. */
export type Webhook = {
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
};

/** `forged` = the signature is not the provider's; `malformed` = signed rightly, and still not understood. */
export type WebhookRefusal = "forged" | "malformed";

/** A payment provider that reports by webhook. */
export type WebhookReader = {
  /** As in the address: `/api/payments/webhooks/<name>`. */
  readonly name: string;
  readonly read: (webhook: Webhook) => Result<ProviderEvent, WebhookRefusal>;
};
