import { type Currency, formatDecimal, minorDigits, money } from "@parkme/shared/domain/money";
import { traceRow } from "@parkme/shared/pricing/trace-text";
import type { Receipt, SignedReceipt } from "@parkme/shared/domain/receipt";
import type { PaymentMethod } from "@parkme/shared/domain/stay";

/**
 * What a receipt says, in words, in the order it is read: the same on paper, in the PDF and on the page. Dates and
 * times are the facility's.
 */
export type ReceiptText = {
  readonly title: "RECEIPT" | "CREDIT NOTE";
  readonly issuer: { readonly name: string; readonly lines: readonly string[] };
  readonly facility: string;
  /** What was paid or given back. */
  readonly amount: string;
  readonly facts: readonly Labelled[];
  /** How the price came about, line by line. */
  readonly trace: readonly Labelled[];
  readonly sums: readonly Sum[];
  readonly payment: readonly Labelled[];
  readonly proof: readonly Labelled[];
  /** For a QR code. */
  readonly code: string;
};
export type Labelled = { readonly label: string; readonly value: string };
export type Sum = Labelled & { readonly strong: boolean };

const LOCALE = "en-GB";
const SHORT_CHARACTERS = 16;

const SYMBOLS: Readonly<Record<string, string>> = { EUR: "€", GBP: "£", INR: "₹", JPY: "¥", USD: "$" };

const METHODS: Readonly<Record<PaymentMethod, string>> = {
  cash: "Cash",
  card: "Card",
  upi: "UPI",
  online: "Online",
  account: "On account",
};

/** @param link where the receipt can be seen; null = nowhere, and the code holds number, hash and signature instead. */
export function receiptText(signed: SignedReceipt, link: string | null): ReceiptText {
  const { receipt } = signed;
  const { issuer, facility } = receipt;
  const taxNumber = issuer.taxNumber === null ? [] : [`Tax number ${issuer.taxNumber}`];
  return {
    title: receipt.kind === "refund" ? "CREDIT NOTE" : "RECEIPT",
    issuer: { name: issuer.name, lines: [...issuer.address, ...taxNumber] },
    facility: facility.name,
    amount: amountText(receipt.amountMinor, receipt.currency),
    facts: factsOf(receipt),
    trace: receipt.trace.map((line) => {
      const { label, amountMinor } = traceRow(line, receipt.currency);
      const value = amountMinor === null ? "" : formatDecimal(money(amountMinor, receipt.currency));
      return { label, value };
    }),
    sums: sumsOf(receipt),
    payment: paymentOf(receipt),
    proof: proofOf(signed),
    code: link ?? proofCode(signed),
  };
}

function factsOf(receipt: Receipt): Labelled[] {
  const { number, kind, creditsNumber, entryWallMs, issuedWallMs } = receipt;
  const { durationMinutes, plate, ticketNumber, place } = receipt;
  const moment = momentsOf(receipt);
  return [
    { label: kind === "refund" ? "Credit note no." : "Receipt no.", value: String(number) },
    ...(creditsNumber === null ? [] : [{ label: "For receipt no.", value: String(creditsNumber) }]),
    { label: "Ticket", value: ticketNumber },
    ...(plate === null ? [] : [{ label: "Plate", value: plate }]),
    { label: "Entry", value: moment(entryWallMs) },
    { label: kind === "refund" ? "Given back" : "Paid", value: moment(issuedWallMs) },
    ...(durationMinutes === null ? [] : [{ label: "Parked", value: lengthText(durationMinutes) }]),
    { label: "At", value: place },
  ];
}

function sumsOf(receipt: Receipt): Sum[] {
  const { totalMinor, tax, paidBeforeMinor, amountMinor, currency, kind } = receipt;
  const sum = (label: string, minor: number, strong = false): Sum => ({
    label,
    value: amountText(minor, currency),
    strong,
  });
  const owedMinor = (totalMinor ?? 0) - paidBeforeMinor - amountMinor;
  return [
    ...(totalMinor === null ? [] : [sum("Total", totalMinor, true)]),
    ...(tax === null || tax.minor === 0
      ? []
      : [sum(`${tax.included ? "Includes" : "Of which"} ${tax.name}`, tax.minor)]),
    ...(paidBeforeMinor === 0 ? [] : [sum("Paid before", paidBeforeMinor)]),
    sum(kind === "refund" ? "Given back" : "Paid now", amountMinor, true),
    ...(kind === "payment" && owedMinor > 0 ? [sum("Still to pay", owedMinor)] : []),
  ];
}

function paymentOf({
  method,
  tenderedMinor,
  changeMinor,
  currency,
  reference,
  actor,
  kind,
}: Receipt): Labelled[] {
  const handedOver = method === "cash" && kind === "payment";
  return [
    { label: "Method", value: METHODS[method] },
    ...(handedOver ? [{ label: "Received", value: amountText(tenderedMinor, currency) }] : []),
    ...(handedOver ? [{ label: "Change", value: amountText(changeMinor, currency) }] : []),
    ...(reference === null ? [] : [{ label: "Reference", value: reference }]),
    { label: "By", value: actor },
  ];
}

function proofOf({ receipt: { tariff }, keyId, hash, signature }: SignedReceipt): Labelled[] {
  return [
    ...(tariff === null
      ? []
      : [{ label: "Tariff", value: `${tariff.rule} (${tariff.id} v${tariff.version})` }]),
    { label: "Hash", value: hash.slice(0, SHORT_CHARACTERS) },
    { label: `Signature, key ${keyId}`, value: signature.slice(0, SHORT_CHARACTERS) },
  ];
}

/** The whole text is longer than a printed code can hold; with its hash and signature it can be checked against it. */
function proofCode({ receipt: { number, facility }, hash, keyId, signature }: SignedReceipt): string {
  return `PARKME RECEIPT ${facility.id} ${number} ${keyId} ${hash} ${signature}`;
}

/** Such as `€ 12.50`, or `CHF 12.50` where a currency has no sign that everybody knows. */
function amountText(amountMinor: number, currency: Currency): string {
  const text = formatDecimal(money(Math.abs(amountMinor), currency));
  const [whole = "", fraction] = text.split(".");
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ",");
  const digits = minorDigits(currency) === 0 ? grouped : `${grouped}.${fraction ?? ""}`;
  return `${SYMBOLS[currency] ?? currency} ${amountMinor < 0 ? "-" : ""}${digits}`;
}

function lengthText(minutes: number): string {
  const days = Math.floor(minutes / 1_440);
  const hours = Math.floor((minutes % 1_440) / 60);
  const parts = [days > 0 ? `${days} d` : "", days + hours > 0 ? `${hours} h` : "", `${minutes % 60} min`];
  return parts.filter((part) => part !== "").join(" ");
}

/** Days and times; when the clocks changed between entry and payment, with what they showed: CET, CEST. */
function momentsOf({
  facility: { timeZone },
  entryWallMs,
  issuedWallMs,
}: Receipt): (wallMs: number) => string {
  const zoneAt = (wallMs: number): string =>
    new Intl.DateTimeFormat(LOCALE, { timeZone, timeZoneName: "short" })
      .formatToParts(wallMs)
      .find(({ type }) => type === "timeZoneName")?.value ?? "";
  const date = new Intl.DateTimeFormat(LOCALE, {
    timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
  });
  const time = new Intl.DateTimeFormat(LOCALE, { timeZone, hour: "2-digit", minute: "2-digit" });
  const changed = zoneAt(entryWallMs) !== zoneAt(issuedWallMs);
  return (wallMs) =>
    `${date.format(wallMs).replaceAll(",", "")}, ${time.format(wallMs)}${changed ? ` ${zoneAt(wallMs)}` : ""}`;
}
