import { randomBytes } from "node:crypto";
import type { Facility } from "@parkme/shared/domain/facility";
import type { EdgeConfig } from "../config/load.ts";
import type { ReceiptOptions } from "../store/receipts.ts";
import type { Keyring } from "../tickets/keyring.ts";

/** Of the secret in a receipt's link. */
const TOKEN_BYTES = 24;

/** What receipts are issued with: who issues them, the key that signs them, links that nobody guesses. */
export function receiptsOf(
  { receipts }: Pick<EdgeConfig, "receipts">,
  { id, name, timeZone }: Facility,
  keyring: Pick<Keyring, "signText">,
): ReceiptOptions {
  const issuer = receipts?.issuer;
  return {
    facility: { id, name, timeZone },
    issuer: {
      name: issuer?.name ?? name,
      address: issuer?.address ?? [],
      taxNumber: issuer?.tax_number ?? null,
    },
    sign: keyring.signText,
    token: () => randomBytes(TOKEN_BYTES).toString("base64url"),
  };
}
