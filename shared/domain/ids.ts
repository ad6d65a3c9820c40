import { compactTyped, CROCKFORD, readLookAlikes } from "./crockford.ts";

/**
 * Identifiers. Every id is minted where the thing happens, so that a gate never waits for a server to name
 * what it did: UUIDv7 (RFC 9562, section 5.7), whose first 48 bits are the Unix time in milliseconds.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type StayId = Branded<"StayId">;
export type MovementId = Branded<"MovementId">;
export type CommandId = Branded<"CommandId">;
export type PaymentId = Branded<"PaymentId">;
export type EventId = Branded<"EventId">;
export type ImageId = Branded<"ImageId">;
/** One attempt to take a payment by a terminal. */
export type AttemptId = Branded<"AttemptId">;
/** One document for a printer. */
export type JobId = Branded<"JobId">;
export type AlarmId = Branded<"AlarmId">;
export type LedgerId = Branded<"LedgerId">;
export type ShiftId = Branded<"ShiftId">;
/** One merchant's discount given to one stay. */
export type ValidationId = Branded<"ValidationId">;
/** A request for rights to spaces, and the movement that answers it. */
export type RightsId = Branded<"RightsId">;
export type FacilityId = Branded<"FacilityId">;
export type EdgeId = Branded<"EdgeId">;
export type TicketNumber = Branded<"TicketNumber">;

type Uuid =
  | StayId
  | MovementId
  | CommandId
  | PaymentId
  | EventId
  | ImageId
  | AttemptId
  | JobId
  | AlarmId
  | LedgerId
  | ShiftId
  | ValidationId
  | RightsId
  | FacilityId
  | EdgeId;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

export function isUuid(text: string): boolean {
  return UUID.test(text);
}

/** Brands a lower-case UUID; throws on anything else, because unvalidated text must not reach this point. */
export function asId<Id extends Uuid>(text: string): Id {
  if (!isUuid(text)) throw new TypeError(`not a UUID: ${text.slice(0, 40)}`);
  return text as Id;
}

/** Fills a buffer with random bytes, as `crypto.getRandomValues` does. */
export type RandomBytes = (length: number) => Uint8Array;

/** Mints ids for one process: strictly increasing even within a millisecond or when the clock steps back. */
export type IdMint = {
  readonly next: <Id extends Uuid>(wallMs: number) => Id;
  readonly ticketNumber: () => TicketNumber;
};

export function createIdMint(random: RandomBytes): IdMint {
  let lastMs = 0;
  let counter = 0;
  return {
    next<Id extends Uuid>(wallMs: number): Id {
      // RFC 9562 section 6.2, method 1: a 12-bit counter in rand_a, carried into the time when it overflows.
      const nowMs = Math.floor(wallMs);
      if (nowMs > lastMs) {
        lastMs = nowMs;
        counter = 0;
      } else if (++counter > 0xfff) {
        lastMs += 1;
        counter = 0;
      }
      return formatUuidV7(lastMs, counter, random(8)) as Id;
    },
    ticketNumber: () => mintTicketNumber(random),
  };
}

function formatUuidV7(ms: number, counter: number, random: Uint8Array): string {
  const time = ms.toString(16).padStart(12, "0");
  const randA = counter.toString(16).padStart(3, "0");
  const variant = (((random[0] ?? 0) & 0x3f) | 0x80).toString(16).padStart(2, "0");
  let tail = "";
  for (let i = 1; i < 8; i++) tail += (random[i] ?? 0).toString(16).padStart(2, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randA}-${variant}${tail.slice(0, 2)}-${tail.slice(2)}`;
}

/**
 * A ticket number is `PKM-` and eight characters: seven random ones (35 bits) and a Luhn mod 32 check
 * character, which catches every single mistyped character and every swap of neighbours but that of 0 and Z.
 * Uniqueness is the store's to enforce.
 */
export function mintTicketNumber(random: RandomBytes): TicketNumber {
  const bytes = random(7);
  let body = "";
  for (let i = 0; i < 7; i++) body += CROCKFORD[(bytes[i] ?? 0) & 31];
  return `PKM-${body}${checkCharacter(body)}` as TicketNumber;
}

/** Reads a ticket number as a person types it: any case, O for 0, I or L for 1, spaces and dashes anywhere. */
export function parseTicketNumber(text: string): TicketNumber | null {
  if (text.length > 32) return null;
  const compact = compactTyped(text);
  // By length: the eight characters of a number keyed in without its prefix may begin with PKM themselves.
  const prefixed = compact.length === 11 && compact.startsWith("PKM");
  const body = readLookAlikes(prefixed ? compact.slice(3) : compact);
  if (body?.length !== 8) return null;
  return checkCharacter(body.slice(0, 7)) === body[7] ? (`PKM-${body}` as TicketNumber) : null;
}

function checkCharacter(body: string): string {
  let sum = 0;
  let factor = 2;
  for (let i = body.length - 1; i >= 0; i--) {
    const addend = factor * CROCKFORD.indexOf(body[i] ?? "0");
    sum += Math.floor(addend / 32) + (addend % 32);
    factor = factor === 2 ? 1 : 2;
  }
  return CROCKFORD[(32 - (sum % 32)) % 32] ?? "0";
}
