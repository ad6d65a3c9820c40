import { parseTicketNumber } from "./ids.ts";

/** What a driver shows instead of a plate. */
export type Credential = { readonly kind: "ticket" | "card" | "code"; readonly text: string };

/** Longer texts are nobody's credential. */
export const MAX_CREDENTIAL_CHARACTERS = 256;

/**
 * Makes out what a reader has read: a card, one of our ticket numbers, or another code such as a reservation's.
 * Null for what cannot be a credential: empty, too long, or with unprintable characters.
 */
export function credentialOf(medium: "card" | "code", text: string): Credential | null {
  const trimmed = text.trim();
  if (trimmed === "" || trimmed.length > MAX_CREDENTIAL_CHARACTERS || !/^[\x20-\x7e]+$/.test(trimmed))
    return null;
  if (medium === "card") return { kind: "card", text: trimmed.toUpperCase() };
  const number = parseTicketNumber(trimmed);
  return number === null ? { kind: "code", text: trimmed } : { kind: "ticket", text: number };
}
