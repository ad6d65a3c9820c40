import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { plugIn } from "../boards/serial-relays/plug.ts";
import { type Deed, type DeviceKind, type DeviceOptions, onOff, wholeNumber } from "../devices/device.ts";
import { type EscposPrinterOptions, type PrinterSight, SimEscposPrinter } from "./escpos-printer.ts";
import { drawTicket } from "./ticket-drawing.ts";
import { contentsOf, type PaperRow } from "./typesetter.ts";

/** Status-like bytes, a block that breaks off, a block that nobody asked for. */
const GARBAGE = Uint8Array.from([
  0xff, 0x16, 0x80, 0x37, 0x22, 0x41, 0x9a, 0x37, 0x22, 0x58, 0x58, 0x58, 0x58, 0x00, 0x05,
]);

/** The simulated printer of tickets and receipts. */
export const escposKind: DeviceKind = {
  summary: "ESC/POS printer of tickets and receipts",
  wires: ["serial", "listen"],
  settings: {
    folder: "where pictures of the tickets go, NAME-1.png and so on (none are made)",
    width: "dots across the paper: 576, 512 or 384 (576)",
    line_ms: "how long a line takes (25)",
    buffer: "bytes it can hold (4096)",
    flow: "xonxoff or none (none)",
    presenter: "custom: holds tickets as Custom's printers do; or none (none)",
    qr: "on or off: knows the QR command (on)",
    marks: "on or off: says when a ticket is printed, GS ( H (on)",
  },
  async start(options) {
    const { wire, settings, say, name } = options;
    const pictures = createPictures(options);
    const printer = new SimEscposPrinter({
      paperDots: wholeNumber(settings["width"] ?? "576", 100, 1_000),
      lineMs: wholeNumber(settings["line_ms"] ?? "25", 0, 10_000),
      bufferBytes: wholeNumber(settings["buffer"] ?? "4096", 64, 1_000_000),
      saysXoff: oneOf(settings["flow"] ?? "none", "xonxoff", "none"),
      hasPresenter: oneOf(settings["presenter"] ?? "none", "custom", "none"),
      knowsQr: onOff(settings["qr"] ?? "on"),
      knowsMarks: onOff(settings["marks"] ?? "on"),
      onSight(sight) {
        if (sight.kind === "ticket" || sight.kind === "torn") return pictures.add(sight);
        const { kind, ...rest } = sight;
        say({ event: kind, device: name, ...rest });
      },
    } satisfies EscposPrinterOptions);
    const plugged = await plugIn(printer.plug, wire);
    return {
      deeds: deedsOf(printer),
      state: () => printer.state(),
      port: plugged.port,
      async stop() {
        printer.stop();
        await plugged.stop();
        await pictures.done();
      },
    };
  },
};

function oneOf(word: string, yes: string, no: string): boolean {
  if (word !== yes && word !== no) throw new Error(`say ${yes} or ${no}, not ${word}`);
  return word === yes;
}

/** Draws the tickets one after the other, and tells of each when its picture is there. */
function createPictures({ name, settings, say }: DeviceOptions) {
  const paperDots = Number(settings["width"] ?? "576");
  const folder = settings["folder"];
  let count = 0;
  let work = Promise.resolve();

  async function show(sight: Extract<PrinterSight, { rows: readonly PaperRow[] }>): Promise<void> {
    count += 1;
    let file: string | null = null;
    if (folder !== undefined) {
      file = join(folder, `${name}-${count}.png`);
      await mkdir(folder, { recursive: true });
      await writeFile(file, await drawTicket(sight.rows, paperDots));
    }
    const held = sight.kind === "ticket" && sight.isHeld;
    say({ event: sight.kind, device: name, ...contentsOf(sight.rows), held, file });
  }

  return {
    add(sight: Extract<PrinterSight, { rows: readonly PaperRow[] }>): void {
      work = work
        .then(() => show(sight))
        .catch((error: unknown) => say({ event: "no_picture", device: name, reason: String(error) }));
    },
    done: () => work,
  };
}

function deedsOf(printer: SimEscposPrinter): Record<string, Deed> {
  const { condition } = printer;
  const change = (set: () => void): void => {
    set();
    printer.changed();
  };
  return {
    paper: {
      help: "ok|low|out|last <lines>  the roll; with `last` it ends after so many lines",
      run([word, lines]) {
        if (word === "ok" || word === "low" || word === "out") return printer.setPaper(word);
        if (word !== "last") throw new Error("say ok, low, out, or last and a number");
        condition.linesLeft = wholeNumber(lines, 1, 10_000);
      },
    },
    cover: {
      help: "open|closed",
      run: ([word = ""]) => change(() => (condition.isCoverOpen = oneOf(word, "open", "closed"))),
    },
    offline: {
      help: "on|off  does not print, and does not say why",
      run: ([word]) => change(() => (condition.isOffline = onOff(word))),
    },
    jam: { help: "on|off  paper jam", run: ([word]) => change(() => (condition.isJammed = onOff(word))) },
    cutter: {
      help: "stuck|ok",
      run: ([word = ""]) => change(() => (condition.isCutterStuck = oneOf(word, "stuck", "ok"))),
    },
    drawer: {
      help: "open|shut  the cash drawer by hand",
      run: ([word = ""]) => change(() => (condition.isDrawerOpen = oneOf(word, "open", "shut"))),
    },
    half: {
      help: "  stops dead after the third line of a ticket and says that all is well, until it is rebooted",
      run: () => void (condition.stopsHalfway = true),
    },
    take: {
      help: "  somebody takes the ticket out of the presenter",
      run() {
        if (!printer.take()) throw new Error("there is no ticket in the presenter");
      },
    },
    silence: { help: "on|off  gives no answers", run: ([word]) => printer.silence(onOff(word)) },
    echo: { help: "on|off  what is sent to it comes back", run: ([word]) => printer.echo(onOff(word)) },
    cut: {
      help: "<count>  its next answers break off in the middle",
      run: ([word]) => printer.cutAnswers(wholeNumber(word, 0, 1_000)),
    },
    garbage: { help: "  bytes that mean nothing", run: () => printer.garbage(GARBAGE) },
    reboot: { help: "  power off and on, in whatever it was doing", run: () => printer.reboot() },
  };
}
