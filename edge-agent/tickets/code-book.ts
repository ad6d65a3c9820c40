import { MAX_CREDENTIAL_CHARACTERS } from "@parkme/shared/domain/credential";
import { parseTicketNumber, type TicketNumber } from "@parkme/shared/domain/ids";
import {
  type CodePayload,
  readCode,
  type SignedCode,
  ticketOfSerial,
} from "@parkme/shared/domain/ticket-code";
import { facilityTag, offerNumber } from "./code-numbers.ts";
import { CLOCK_TOLERANCE_MS, type Keyring } from "./keyring.ts";

/** What a code that a driver shows is worth. It is hostile until its signature, its place and its time are right. */
export type CodeBook = {
  /** Never throws for what is read; only for a store that does not answer. */
  readonly read: (text: string, nowMs: number) => CodeValue;
};

export type CodeValue = TicketReading | ValidationReading | RefusedCode | { readonly kind: "other" };

export type TicketReading = {
  readonly kind: "ticket";
  readonly number: TicketNumber;
  readonly issuedWallMs: number;
  /** False: it is genuine, but the store has lost it. */
  readonly known: boolean;
};

export type ValidationReading = {
  readonly kind: "validation";
  /** Names in the configuration. */
  readonly merchant: string;
  readonly offer: string;
  /** Of this one code: it is spent once. */
  readonly serial: string;
};

export type RefusedCode = {
  readonly kind: "refused";
  readonly code: CodeRefusal;
  /** For the driver; fits two lines of a display. */
  readonly reason: string;
};

/** Short enough for a display of two lines of 20 characters. */
const REASONS = {
  not_ours: "This is not a code of ours.",
  over_long: "This is no code: it is too long.",
  damaged: "Code damaged: key in the number.",
  signature_wrong: "This code is not genuine.",
  key_unknown: "Code not known here: key in the number.",
  key_out_of_time: "The key of this code is not valid.",
  other_facility: "This code is for another car park.",
  wrong_kind: "This code is for something else.",
  not_yet_valid: "This code is not valid yet.",
  expired: "This code is too old.",
  void: "This ticket is void.",
  spent: "This ticket has been used.",
  validation_spent: "This discount has been used.",
  offer_unknown: "This discount is not given here.",
} as const;
export type CodeRefusal = keyof typeof REASONS;

/** What the store knows of a ticket; `spent` = its vehicle has left. */
export type TicketState = "unknown" | "live" | "void" | "spent";

export type CodeBookOptions = {
  readonly facilityId: string;
  readonly keyring: Pick<Keyring, "verify">;
  readonly store: {
    readonly ticketState: (number: TicketNumber) => TicketState;
    readonly isSpent: (serial: string) => boolean;
  };
  readonly merchants: readonly MerchantNames[];
};

type MerchantNames = { readonly name: string; readonly offers: readonly { readonly name: string }[] };

export function createCodeBook({ facilityId, keyring, store, merchants }: CodeBookOptions): CodeBook {
  const facility = facilityTag(facilityId);
  const offers = new Map(
    merchants.flatMap((merchant) =>
      merchant.offers.map((offer) => [
        offerNumber(merchant.name, offer.name),
        { merchant: merchant.name, offer: offer.name },
      ]),
    ),
  );

  function plain(number: TicketNumber): CodeValue {
    const state = store.ticketState(number);
    return state === "void" || state === "spent" ? refused(state) : { kind: "other" };
  }

  function signed(code: SignedCode, nowMs: number): CodeValue {
    // First, so that a driver who came to the wrong car park is told so, whether its keys are known here or not.
    if (code.payload.facility !== facility) return refused("other_facility");
    const verdict = keyring.verify(code);
    if (verdict === "wrong") return refused("signature_wrong");
    if (verdict === "key_unknown") return refused("key_unknown");
    const late = verdict === "key_out_of_time" ? verdict : outOfWindow(code.payload, nowMs);
    switch (code.payload.kind) {
      case "ticket":
        return ticket(code.payload, late);
      case "validation":
        return validation(code.payload, late);
      case "reservation":
        return refused("wrong_kind");
      default:
        return code.payload.kind satisfies never;
    }
  }

  /**
   * The times in a code count for nothing where the store knows the stay: it has its own time of entry, may last longer
   * than anybody thought, and nobody is kept in because a clock was wrong when it began.
   */
  function ticket({ serial, issuedSeconds }: CodePayload, late: CodeRefusal | null): CodeValue {
    const number = ticketOfSerial(serial);
    const state = store.ticketState(number);
    if (state === "void" || state === "spent") return refused(state);
    if (state === "unknown" && late !== null) return refused(late);
    return { kind: "ticket", number, issuedWallMs: issuedSeconds * 1_000, known: state === "live" };
  }

  function validation(payload: CodePayload, late: CodeRefusal | null): CodeValue {
    if (late !== null) return refused(late);
    const offer = offers.get(payload.about);
    if (offer === undefined) return refused("offer_unknown");
    const serial = validationSerial(payload);
    return store.isSpent(serial) ? refused("validation_spent") : { kind: "validation", ...offer, serial };
  }

  return {
    read: (text, nowMs) => {
      if (text.length > MAX_CREDENTIAL_CHARACTERS) return refused("over_long");
      const trimmed = text.trim();
      if (trimmed === "" || /[^\x20-\x7e\t\r\n]/.test(text)) return refused("not_ours");
      const number = parseTicketNumber(trimmed);
      if (number !== null) return plain(number);
      const code = readCode(trimmed);
      switch (code.kind) {
        case "code":
          return signed(code, nowMs);
        case "foreign":
          return refused("not_ours");
        case "damaged":
          return code.facility === null || code.facility === facility
            ? refused("damaged")
            : { kind: "other" };
        case "other":
          return { kind: "other" };
        default:
          return code satisfies never;
      }
    },
  };
}

/** Numbers are drawn at random for each print run, so the time of the run is a part of what is unique. */
export function validationSerial({
  serial,
  issuedSeconds,
}: Pick<CodePayload, "serial" | "issuedSeconds">): string {
  return `VAL-${ticketOfSerial(serial).slice(4)}-${issuedSeconds}`;
}

function outOfWindow({ issuedSeconds, windowHours }: CodePayload, nowMs: number): CodeRefusal | null {
  const issuedMs = issuedSeconds * 1_000;
  if (issuedMs > nowMs + CLOCK_TOLERANCE_MS) return "not_yet_valid";
  return issuedMs + windowHours * 3_600_000 < nowMs ? "expired" : null;
}

function refused(code: CodeRefusal): RefusedCode {
  return { kind: "refused", code, reason: REASONS[code] };
}
