import type { TicketNumber } from "@parkme/shared/domain/ids";
import type { PrintDocument } from "../devices/ports.ts";

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
  const { date, time } = momentText(ticket.entryWallMs, ticket);
  return [
    { kind: "text", text: ticket.facilityName, align: "centre", size: 2, bold: true },
    { kind: "text", text: "PARKING TICKET", align: "centre" },
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
