import { type RandomBytes, type TicketNumber, mintTicketNumber } from "@parkme/shared/domain/ids";
import { type CodePayload, MAX_WINDOW_HOURS, serialOfTicket } from "@parkme/shared/domain/ticket-code";
import { validationSerial } from "./code-book.ts";
import { facilityTag, laneNumber, offerNumber } from "./code-numbers.ts";
import type { Keyring } from "./keyring.ts";

/** A merchant's code for one discount, to be shown once. */
export type ValidationCode = { readonly serial: string; readonly text: string };

type CodeMakerOptions = {
  readonly facilityId: string;
  readonly keyring: Pick<Keyring, "sign">;
  /** How long a ticket is good for where the store has lost it, days. */
  readonly validDays: number;
};

/** Makes the codes of one facility. */
export function createCodeMaker({ facilityId, keyring, validDays }: CodeMakerOptions) {
  const facility = facilityTag(facilityId);
  return {
    /** The same for the same ticket, as long as the key is the same: a signature of Ed25519 has no chance in it. */
    ticket: (ticket: {
      readonly ticketNumber: TicketNumber;
      readonly entryWallMs: number;
      readonly lane: string;
    }): string =>
      keyring.sign({
        kind: "ticket",
        facility,
        serial: serialOfTicket(ticket.ticketNumber),
        issuedSeconds: secondsOf(ticket.entryWallMs),
        windowHours: hoursOf(validDays),
        about: laneNumber(ticket.lane),
      }),
    /** So many different codes for an offer, good from now on. */
    validations: (
      run: {
        readonly merchant: string;
        readonly offer: string;
        readonly count: number;
        readonly validDays: number;
      },
      nowMs: number,
      random: RandomBytes,
    ): readonly ValidationCode[] => {
      const numbers = new Set<TicketNumber>();
      while (numbers.size < run.count) numbers.add(mintTicketNumber(random));
      const about = offerNumber(run.merchant, run.offer);
      return [...numbers].map((number) => {
        const fields: Omit<CodePayload, "keyId"> = {
          kind: "validation",
          facility,
          serial: serialOfTicket(number),
          issuedSeconds: secondsOf(nowMs),
          windowHours: hoursOf(run.validDays),
          about,
        };
        return { serial: validationSerial(fields), text: keyring.sign(fields) };
      });
    },
  };
}

/** A clock may be wrong by any amount; what does not fit into a code is cut. */
function secondsOf(wallMs: number): number {
  return Math.min(2 ** 32 - 1, Math.max(0, Math.floor(wallMs / 1_000)));
}

function hoursOf(days: number): number {
  return Math.min(MAX_WINDOW_HOURS, days * 24);
}
