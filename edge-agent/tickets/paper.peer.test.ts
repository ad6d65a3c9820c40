import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asId, type JobId, mintTicketNumber } from "@parkme/shared/domain/ids";
import { afterEach, describe, expect, it } from "vitest";
import type { PrintDocument, PrinterEvent } from "../devices/ports.ts";
import { escposPrinterConfigSchema } from "../devices/printers/escpos-config.ts";
import { createEscposPrinter } from "../devices/printers/escpos.ts";
import { createFakeBus, createTestContext } from "../devices/testing/context.ts";
import { runProgram } from "../devices/testing/programs.ts";
import { createSerialCable } from "../devices/testing/serial-cable.ts";
import { startSimDevice } from "../devices/testing/sim-device.ts";
import { until } from "../devices/testing/until.ts";
import { createCodeBook } from "./code-book.ts";
import { createCodeMaker } from "./code-maker.ts";
import { codeSheets } from "./code-sheet.ts";
import { keyFolder, keyringIn } from "./testing/key-folder.ts";
import { entryTicket, ticketCopy } from "./ticket-document.ts";

const NOW_MS = Date.UTC(2026, 4, 1, 12);
const FACILITY_ID = "0195f000-0000-7000-8000-000000000001";

const cleanup: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "parkme-paper-"));
  cleanup.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** A simulated printer at the end of a serial cable, and its driver at the other. */
async function startPrinter(columns: number, dots: number, qr: string) {
  const cable = await createSerialCable();
  cleanup.push(() => cable.remove());
  await cable.plugIn();
  const folder = newFolder();
  const settings = [`folder=${folder}`, "line_ms=5", `width=${dots}`].flatMap((each) => ["--set", each]);
  const wire = ["--serial", cable.far, "--baud", "38400", "--name", "printer"];
  const paper = await startSimDevice("escpos", [...wire, ...settings]);
  cleanup.push(() => paper.stop());
  const section = {
    name: "printer",
    driver: "escpos",
    serial: cable.near,
    baud: 38_400,
    poll_ms: 200,
    columns,
    qr,
  };
  const { context } = createTestContext(createFakeBus().bus);
  const printer = createEscposPrinter(escposPrinterConfigSchema.parse(section), context);
  cleanup.push(() => printer.stop());
  const events: PrinterEvent[] = [];
  await printer.start((event) => events.push(event));
  const isOnline = (): boolean => events.some((event) => event.kind === "health" && event.health.online);
  await until(isOnline, "the printer to be ready", 60_000);
  let printed = 0;
  return {
    /** The picture of the paper. */
    async print(document: PrintDocument): Promise<string> {
      printed += 1;
      const id = asId<JobId>(`00000000-0000-7000-8000-${printed.toString().padStart(12, "0")}`);
      printer.print({ id, document, deadlineMs: performance.now() + 60_000 });
      await until(() => paper.named("ticket").length >= printed, "the ticket", 60_000);
      await until(() => events.filter(({ kind }) => kind === "printed").length >= printed, "its end", 60_000);
      return join(folder, `printer-${printed}.png`);
    },
  };
}

/** What a scanner reads off a picture. Without `--nodbus` it complains, at any moment, of a desktop that is not there. */
async function readQr(file: string): Promise<string> {
  const options = ["-q", "--nodbus", "--raw", "-Sdisable", "-Sqrcode.enable"];
  const output = await runProgram("zbarimg", [...options, file]);
  // A code may begin with a blank.
  return output.replace(/\n$/, "");
}

function startFacility() {
  const keyring = keyringIn(keyFolder(), NOW_MS);
  const book = createCodeBook({
    facilityId: FACILITY_ID,
    keyring,
    merchants: [{ name: "cafe", offers: [{ name: "one-hour" }] }],
    store: { ticketState: () => "unknown", isSpent: () => false },
  });
  const maker = createCodeMaker({ facilityId: FACILITY_ID, keyring, validDays: 30 });
  return { book, maker };
}

describe("a signed ticket on paper", () => {
  it.each([
    [48, 576, "command"],
    [32, 384, "raster"],
  ])("of %i columns is read by a scanner and proven, as is its copy", async (columns, dots, qr) => {
    const { book, maker } = startFacility();
    const printer = await startPrinter(columns, dots, qr);
    const ticketNumber = mintTicketNumber((length) => randomBytes(length));
    const code = maker.ticket({ ticketNumber, entryWallMs: NOW_MS, lane: "entry" });
    const ticket = {
      facilityName: "Harbour Car Park",
      laneTitle: "Entry 1",
      ticketNumber,
      plate: null,
      entryWallMs: NOW_MS,
      timeZone: "Europe/Berlin",
      locale: "en-GB",
      qr: code,
    };
    const copy = ticketCopy(ticket, 1, "live");
    if (!copy.ok) throw new Error(copy.error.code);
    for (const document of [entryTicket(ticket), copy.value]) {
      const read = await readQr(await printer.print(document));
      expect(read).toBe(code);
      expect(book.read(read, NOW_MS)).toEqual({
        kind: "ticket",
        number: ticketNumber,
        issuedWallMs: NOW_MS,
        known: false,
      });
    }
  });
});

/** Draws the dark runs of an SVG's first code: what any program that shows SVG does with such a path. */
function pictureOf(svg: string, folder: string): string {
  const path = / d="([^"]+)"/.exec(svg)?.[1] ?? "";
  const [side, quiet, dots] = [41, 4, 6];
  const size = (side + 2 * quiet) * dots;
  const image = Buffer.alloc(size * size, 255);
  for (const [, x, y, width] of path.matchAll(/M(\d+) (\d+)h(\d+)v1h-\d+z/g)) {
    for (let row = 0; row < dots; row++) {
      const from = ((Number(y) + quiet) * dots + row) * size + (Number(x) + quiet) * dots;
      image.fill(0, from, from + Number(width) * dots);
    }
  }
  const file = join(folder, "code.pgm");
  writeFileSync(file, Buffer.concat([Buffer.from(`P5\n${size} ${size}\n255\n`), image]));
  return file;
}

describe("a sheet of merchants' codes", () => {
  it("is read by a scanner and proven", async () => {
    const { book, maker } = startFacility();
    const run = { merchant: "cafe", offer: "one-hour", count: 1, validDays: 30 };
    const codes = maker.validations(run, NOW_MS, (length) => randomBytes(length));
    const [sheet = ""] = codeSheets(["Café: One hour", "until 2026-05-31"], codes);
    const read = await readQr(pictureOf(sheet, newFolder()));
    expect(book.read(read, NOW_MS)).toMatchObject({ kind: "validation", serial: codes[0]?.serial });
  });
});
