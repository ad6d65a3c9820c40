import { toString } from "qrcode";
import { asCurrency, formatDecimal } from "@parkme/shared/domain/money";

/** UPI, India's instant payments: what a driver's bank app reads from a screen. */

export type UpiPayee = {
  /** Virtual payment address, name@handle. */
  readonly address: string;
  readonly name: string;
};

export type UpiRequest = {
  readonly amountMinor: number;
  readonly ticketNumber: string;
  /** Makes the reference another one each time: banks refuse one that they have seen. */
  readonly wallMs: number;
};

const RUPEES = asCurrency("INR");

/**
 * The link of a payment of so much, and no other amount: NPCI, UPI Linking Specifications 1.6, section 1.2 (`pa`, `pn`
 * and for an amount that is set by the payee `tr` are mandatory; `am` has two decimals; `cu` is INR). Blanks are `%20`:
 * apps show a `+` as it is.
 */
export function upiLink(payee: UpiPayee, { amountMinor, ticketNumber, wallMs }: UpiRequest): string {
  const reference =
    ticketNumber.replaceAll(/[^A-Z0-9]/gi, "") + Math.floor(wallMs).toString(36).toUpperCase();
  const fields = [
    ["pa", payee.address],
    ["pn", payee.name],
    ["tr", reference],
    ["am", formatDecimal({ amountMinor, currency: RUPEES })],
    ["cu", RUPEES],
    ["tn", `Parking ${ticketNumber}`],
  ] as const;
  // The address is the one field whose @ apps want to see as it is.
  const said = fields.map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll("%40", "@")}`);
  return `upi://pay?${said.join("&")}`;
}

/** The link as a QR code to show on a screen. */
export async function qrSvg(text: string): Promise<string> {
  return await toString(text, { type: "svg", errorCorrectionLevel: "M", margin: 4 });
}
