/**
 * What providers tell is kept for people to look at, without what it says about the payer. Card numbers do not come in it;
 * should one, in whatever member, it does not stay.
 */
const ABOUT_THE_PAYER = new Set([
  "card",
  "card_id",
  "billing_details",
  "payment_method_details",
  "payment_method",
  "last_payment_error",
  "shipping",
  "customer",
  "customer_id",
  "customer_details",
  "receipt_email",
  "receipt_url",
  "email",
  "contact",
  "phone",
  "name",
  "vpa",
  "upi",
  "bank",
  "bank_account",
  "wallet",
  "token_id",
  "client_secret",
  "acquirer_data",
]);
const MAX_DEPTH = 16;
const MAX_MEMBERS = 200;

export function withoutPayer(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return withoutCardNumbers(value).replaceAll("\0", "");
  if (typeof value === "number") return looksLikeCard(String(value)) ? "[removed]" : value;
  if (typeof value !== "object" || value === null) return value;
  if (depth === MAX_DEPTH) return "[removed]";
  if (Array.isArray(value))
    return value.slice(0, MAX_MEMBERS).map((member) => withoutPayer(member, depth + 1));
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !ABOUT_THE_PAYER.has(key))
      .slice(0, MAX_MEMBERS)
      .map(([key, member]) => [
        withoutCardNumbers(key).replaceAll("\0", ""),
        withoutPayer(member, depth + 1),
      ]),
  );
}

/** Runs of 13 to 19 digits, also in groups, whose check digit is that of a card. */
export function withoutCardNumbers(text: string): string {
  return text.replaceAll(/(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)/g, (run) =>
    looksLikeCard(run.replaceAll(/[ -]/g, "")) ? "[removed]" : run,
  );
}

function looksLikeCard(digits: string): boolean {
  if (!/^[2-6]\d{12,18}$/.test(digits)) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
