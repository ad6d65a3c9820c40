import type { TicketNumber } from "@parkme/shared/domain/ids";
import { describe, expect, it } from "vitest";
import type { PrintDocument } from "../devices/ports.ts";
import { type EntryTicket, entryTicket, testPage, ticketCopy } from "./ticket-document.ts";

const TICKET: EntryTicket = {
  facilityName: "Harbour Car Park",
  laneTitle: "Entry 1",
  ticketNumber: "PKM-A3F7B2C1" as TicketNumber,
  plate: "B-PM 1234",
  entryWallMs: Date.UTC(2026, 2, 28, 23, 30),
  timeZone: "Europe/Berlin",
  locale: "en-GB",
  qr: "PKM-A3F7B2C1",
};

function textOf(document: PrintDocument): string {
  return document
    .map((line) =>
      line.kind === "text" ? line.text : line.kind === "pair" ? `${line.left}: ${line.right}` : line.kind,
    )
    .join("\n");
}

describe("an entry ticket", () => {
  it("shows place, number and the local moment, and carries the code for the exit", () => {
    const document = entryTicket(TICKET);
    const text = textOf(document);
    expect(text).toContain("Harbour Car Park");
    expect(text).toContain("PKM-A3F7B2C1");
    expect(text).toContain("Plate: B-PM 1234");
    expect(text).toContain("Lane: Entry 1");
    expect(text).toMatch(/^Sun.* 29 Mar 2026$/m);
    expect(text).toContain("00:30");
    expect(document).toContainEqual({ kind: "qr", data: "PKM-A3F7B2C1" });
  });

  it("follows the zone's change of clocks and the place's way to write a time", () => {
    const afterChange = Date.UTC(2026, 2, 29, 1, 30);
    expect(textOf(entryTicket({ ...TICKET, entryWallMs: afterChange }))).toContain("03:30");
    const american = textOf(entryTicket({ ...TICKET, locale: "en-US", timeZone: "America/New_York" }));
    expect(american).toMatch(/07:30\sPM/);
    expect(american).toContain("Mar 28, 2026");
  });

  it("does without a plate", () => {
    expect(textOf(entryTicket({ ...TICKET, plate: null }))).not.toContain("Plate");
  });

  it("refuses a zone that does not exist", () => {
    expect(() => entryTicket({ ...TICKET, timeZone: "Mars/Olympus" })).toThrow("Mars/Olympus");
  });
});

describe("a copy of a ticket", () => {
  it("is the same ticket with the same number and code, and says which copy it is", () => {
    const copy = ticketCopy(TICKET, 2, "live");
    if (!copy.ok) throw new Error(copy.error.code);
    expect(textOf(copy.value)).toContain("COPY 2");
    const original = entryTicket(TICKET);
    expect(textOf(original)).not.toContain("COPY");
    expect(copy.value.filter((line) => line.kind !== "text" || line.text !== "COPY 2")).toEqual(original);
  });

  it.each(["void", "spent", "unknown"] as const)("is not made of a ticket that is %s", (state) => {
    expect(ticketCopy(TICKET, 1, state)).toMatchObject({ ok: false, error: { code: `ticket_${state}` } });
  });
});

describe("a test page", () => {
  it("cannot be taken for a ticket, and shows what may be set wrong", () => {
    const page = testPage({ ...TICKET, printerName: "entry-printer", wallMs: TICKET.entryWallMs });
    const text = textOf(page);
    expect(text).toContain("NOT A TICKET");
    expect(text).not.toContain("PKM-");
    expect(text).toContain("€");
    expect(text).toContain("₹");
    expect(page).toContainEqual({ kind: "qr", data: "PARKME TEST entry-printer" });
  });
});
