import { readClock, type Clock } from "@parkme/shared/domain/clock";
import type { Refusal } from "@parkme/shared/domain/errors";
import type { Facility } from "@parkme/shared/domain/facility";
import type { IdMint, JobId, StayId } from "@parkme/shared/domain/ids";
import type { Result } from "@parkme/shared/domain/result";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import type { ReceiptPrinting } from "../receipts/print.ts";
import type { Store } from "../store/store.ts";
import { ticketCopy } from "../tickets/ticket-document.ts";
import { accountOf } from "./parts.ts";
import { DESK } from "./place.ts";

/** What the desk's printer prints. A refusal is for the attendant: it never holds up anything else. */
export type DeskPaper = {
  readonly printReceipt: (number: number) => Promise<Result<void, Refusal>>;
  /** The ticket that the stay has now, once more, marked as a copy. */
  readonly printTicket: (stayId: StayId, by: PrintedBy) => Promise<Result<void, Refusal>>;
};

type PrintedBy = { readonly actor: string; readonly reason: string };

export type DeskPaperOptions = {
  readonly printing: Pick<ReceiptPrinting, "printReceipt" | "printDocument">;
  /** Of the gate's printers. */
  readonly printer: string;
  readonly store: Pick<Store, "stayAccount" | "stayDetail" | "ticketState" | "ticketPrints" | "record">;
  /** The text of the QR code on a ticket. */
  readonly code: (
    ticket: Pick<StayAccount, "ticketNumber" | "entryWallMs"> & { readonly lane: string },
  ) => string;
  /** What people call a lane. */
  readonly titleOf: (lane: string) => string;
  readonly facility: Facility;
  readonly mint: IdMint;
  readonly clock: Clock;
};

/** Of dates and times on paper: days before months, hours to 24. */
const LOCALE = "en-GB";

export function createDeskPaper(options: DeskPaperOptions): DeskPaper {
  const { printing, printer, store, code, titleOf, facility, mint, clock } = options;
  function ticketOf(account: StayAccount) {
    const { stayId, ticketNumber, plate, entryWallMs } = account;
    const lane = store.stayDetail(stayId)?.entryLane ?? DESK;
    return {
      facilityName: facility.name,
      laneTitle: titleOf(lane),
      ticketNumber,
      plate,
      entryWallMs,
      timeZone: facility.timeZone,
      locale: LOCALE,
      qr: code({ ticketNumber, entryWallMs, lane }),
    };
  }
  return {
    printReceipt: (number) => printing.printReceipt(number, printer),
    printTicket: async (id, { actor, reason }) => {
      const account = accountOf({ store }, id);
      if (!account.ok) return account;
      const { stayId, ticketNumber } = account.value;
      const copy = store.ticketPrints(stayId) + 1;
      const document = ticketCopy(ticketOf(account.value), copy, store.ticketState(ticketNumber));
      if (!document.ok) return document;
      const printed = await printing.printDocument(document.value, printer);
      if (!printed.ok) return printed;
      const now = readClock(clock);
      const jobId = mint.next<JobId>(now.wallMs);
      const detail = `copy ${copy} by ${actor}: ${reason}`;
      store.record(
        { place: DESK, records: [{ type: "ticket", jobId, stayId, step: "printed", detail }] },
        now,
      );
      return printed;
    },
  };
}
