import type { TicketNumber } from "@parkme/shared/domain/ids";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { PrintDocument } from "../devices/ports.ts";
import type { TicketState } from "./code-book.ts";

/** What is printed on paper, without knowing on which printer. */

/** How people at one facility read a moment. */
export type Place = {
  readonly facilityName: string;
  /** IANA name. */
  readonly timeZone: string;
  /** BCP 47, such as `en-GB`: for dates and times; the words are English. */
  readonly locale: string;
};

export type EntryTicket = Place & {
  readonly laneTitle: string;
  readonly ticketNumber: TicketNumber;
  /** Null = no plate was read. */
  readonly plate: string | null;
  /** Unix ms. */
  readonly entryWallMs: number;
  /** What the exit's reader will read. */
  readonly qr: string;
};

/** The ticket that a driver takes at the entry. */
export function entryTicket(ticket: EntryTicket): PrintDocument {
  return ticketDocument(ticket, []);
}

/**
 * The same ticket once more, with its number and its code, and a line that says which copy it is. One that is void is
 * never printed again: its paper would let nobody out.
 *
 * @param copy which print it is: the original is the first, so the first copy is 2.
 */
export function ticketCopy(
  ticket: EntryTicket,
  copy: number,
  state: TicketState,
): Result<PrintDocument, Refusal<"ticket_void" | "ticket_spent" | "ticket_unknown">> {
  const { ticketNumber: number } = ticket;
  switch (state) {
    case "live":
      return ok(
        ticketDocument(ticket, [{ kind: "text", text: `COPY ${copy}`, align: "centre", bold: true }]),
      );
    case "void":
      return err(
        refusal("ticket_void", "operator", `${number} is void: print the number that took its place.`),
      );
    case "spent":
      return err(refusal("ticket_spent", "operator", `${number} has been used: its vehicle has left.`));
    case "unknown":
      return err(refusal("ticket_unknown", "operator", `${number} is not known here.`));
    default:
      return state satisfies never;
  }
}

function ticketDocument(ticket: EntryTicket, marks: PrintDocument): PrintDocument {
  const { date, time } = momentText(ticket.entryWallMs, ticket);
  return [
    { kind: "text", text: ticket.facilityName, align: "centre", size: 2, bold: true },
    { kind: "text", text: "PARKING TICKET", align: "centre" },
    ...marks,
    { kind: "rule" },
    { kind: "text", text: time, align: "centre", size: 2, bold: true },
    { kind: "text", text: date, align: "centre" },
    { kind: "rule" },
    { kind: "pair", left: "Lane", right: ticket.laneTitle },
    ...(ticket.plate === null ? [] : [{ kind: "pair", left: "Plate", right: ticket.plate } as const]),
    { kind: "rule" },
    { kind: "qr", data: ticket.qr },
    { kind: "text", text: ticket.ticketNumber, align: "centre", size: 2, bold: true },
    { kind: "feed", lines: 1 },
    { kind: "text", text: "Keep this ticket with you.", align: "centre" },
    { kind: "text", text: "It lets you out at the exit.", align: "centre" },
  ];
}

export type TestPage = Place & {
  readonly printerName: string;
  /** Unix ms. */
  readonly wallMs: number;
};

/** Shows at commissioning whether width, characters, sizes, QR code and cut are set right. */
export function testPage(page: TestPage): PrintDocument {
  const { date, time } = momentText(page.wallMs, page);
  return [
    { kind: "text", text: page.facilityName, align: "centre", size: 2, bold: true },
    { kind: "text", text: "TEST PAGE - NOT A TICKET", align: "centre", bold: true },
    { kind: "rule" },
    { kind: "pair", left: "Printer", right: page.printerName },
    { kind: "pair", left: date, right: time },
    { kind: "rule" },
    { kind: "text", text: "This is one line:" },
    { kind: "pair", left: "<", right: ">" },
    { kind: "text", text: "Money: € 1.00  £ 1.00  ₹ 1.00  ¥ 100" },
    { kind: "text", text: "Letters: ÄÖÜäöüß ÀÉÈàéèêç Ññ Øø Åå Łódź" },
    { kind: "text", text: "Signs: # $ @ [ ] { } \\ | ~ ^ ` °" },
    { kind: "text", text: "Large", size: 2 },
    { kind: "text", text: "Bold", bold: true },
    { kind: "qr", data: `PARKME TEST ${page.printerName}` },
    { kind: "text", text: "The QR code reads PARKME TEST and the printer's name.", align: "centre" },
  ];
}

/** Throws a RangeError when the time zone or the locale is none; the configuration has refused it before. */
function momentText(
  wallMs: number,
  { timeZone, locale }: Place,
): { readonly date: string; readonly time: string } {
  const date = new Intl.DateTimeFormat(locale, {
    timeZone,
    weekday: "short",
    day: "numeric",
    month: "short",
    year: "numeric",
  });
  const time = new Intl.DateTimeFormat(locale, { timeZone, hour: "2-digit", minute: "2-digit" });
  return { date: date.format(wallMs), time: time.format(wallMs) };
}
