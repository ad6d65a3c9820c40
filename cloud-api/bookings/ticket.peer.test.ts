import { randomUUID } from "node:crypto";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { toBuffer } from "qrcode";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ticketPdf } from "./ticket-pdf.ts";
import type { Ticket } from "./ticket.ts";

/** Tickets as others read them: pdftotext and pdftoppm of poppler, zbarimg. */

const run = promisify(execFile);

const TICKET: Ticket = {
  booking_id: randomUUID(),
  ticket_number: "PKM-A3F7B2C1",
  qr_text: "PKM-A3F7B2C1",
  facility: {
    id: randomUUID(),
    name: "Harbour Square",
    address: "Am Hafen 1, 20457 Hamburg",
    time_zone: "Europe/Berlin",
  },
  plate: "HHAB123",
  spot_number: "B2-117",
  class: null,
  zone: null,
  opens_at: "2026-07-15T12:45:00.000Z",
  entry_time: "2026-07-15T13:00:00.000Z",
  expected_exit: "2026-07-15T16:30:00.000Z",
  entry_local: "Wed, 15 Jul 2026, 15:00",
  exit_local: "Wed, 15 Jul 2026, 18:30",
  price: "16.00",
  currency: "EUR",
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parkme-ticket-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function printed(ticket: Ticket): Promise<string> {
  const path = join(folder, `${randomUUID()}.pdf`);
  await writeFile(path, await ticketPdf(ticket));
  return path;
}

async function words(path: string): Promise<string> {
  return (await run("pdftotext", ["-layout", path, "-"])).stdout;
}

describe("a ticket to print", () => {
  it("is one page of the size of a card, with all that somebody has to read", async () => {
    const path = await printed(TICKET);
    const { stdout: info } = await run("pdfinfo", [path]);
    expect(info).toMatch(/Pages:\s+1\n/);
    expect(info).toMatch(/Page size:\s+153\.07\d* x 242\.6\d* pts/);
    const text = await words(path);
    for (const word of [
      "Harbour Square",
      "Am Hafen 1, 20457 Hamburg",
      "PKM-A3F7B2C1",
      "HHAB123",
      "B2-117",
      "Wed, 15 Jul 2026, 15:00",
      "18:30",
      "16.00 EUR",
    ])
      expect(text).toContain(word);
  });

  it("is read by a scanner from the paper", async () => {
    const path = await printed(TICKET);
    const picture = path.replace(".pdf", "");
    await run("pdftoppm", ["-r", "200", "-png", "-singlefile", path, picture]);
    const { stdout } = await run("zbarimg", ["--quiet", "--raw", `${picture}.png`]);
    expect(stdout.trim()).toBe("PKM-A3F7B2C1");
  });

  it("is written in the letters of the place, however long its names are", async () => {
    const name = "Паркинг на Площади Революции, Нижний уровень номер семнадцать";
    const facility = { ...TICKET.facility, name, address: "Улица Ленина 5" };
    const path = await printed({ ...TICKET, facility, spot_number: null, class: "standard" });
    const { stdout: info } = await run("pdfinfo", [path]);
    expect(info).toMatch(/Pages:\s+1\n/);
    const text = await words(path);
    for (const word of ["Паркинг на", "Улица Ленина 5", "standard", "16.00 EUR"])
      expect(text).toContain(word);
  });
});

describe("a QR code", () => {
  it.each([100, 300, 1_000])("of %i pixels is read by a scanner", async (width) => {
    const path = join(folder, `${width}.png`);
    await writeFile(path, await toBuffer(TICKET.qr_text, { type: "png", errorCorrectionLevel: "M", width }));
    expect((await readFile(path)).readUInt32BE(16)).toBe(width);
    expect((await run("zbarimg", ["--quiet", "--raw", path])).stdout.trim()).toBe(TICKET.qr_text);
  });
});
