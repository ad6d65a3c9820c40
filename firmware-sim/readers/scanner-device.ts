import { plugIn } from "../boards/serial-relays/plug.ts";
import { onOff, wholeNumber, type Deed, type DeviceKind, type SimDevice } from "../devices/device.ts";

const ENDS: Readonly<Record<string, string>> = { cr: "\r", lf: "\n", crlf: "\r\n" };
const GARBAGE = Uint8Array.of(0x00, 0xff, 0x1b, 0x5b, 0x41, 0x80, 0x07);

/** A QR and barcode scanner: it sends what it reads, and says nothing else. */
export const scannerKind: DeviceKind = {
  summary: "QR and barcode scanner",
  wires: ["serial", "listen"],
  settings: {
    end: "cr, lf or crlf: what ends a code (cr)",
    prefix: "what goes before each code; \\x02 and the like for control characters",
    suffix: "what goes after each code",
  },
  async start({ wire, settings, say }) {
    const { end = "cr", prefix = "", suffix = "" } = settings;
    const terminator = ENDS[end];
    if (terminator === undefined) throw new Error(`end is cr, lf or crlf, not ${end}`);
    const scanner = createScanner({ head: unescaped(prefix), tail: unescaped(suffix) + terminator }, say);
    const port = await plugIn({ receive: () => undefined, connect: (send) => scanner.connect(send) }, wire);
    return { deeds: scanner.deeds, state: scanner.state, port: port.port, stop: port.stop };
  },
};

function createScanner(
  affixes: { readonly head: string; readonly tail: string },
  say: (event: { readonly event: string; readonly text: string }) => void,
) {
  let send: ((bytes: Uint8Array) => void) | null = null;
  let silent = false;
  let cuts = 0;
  let scans = 0;

  function transmit(bytes: Uint8Array): void {
    if (!silent) send?.(bytes);
  }

  function scan(text: string): void {
    if (text === "") throw new Error("say what it reads");
    scans += 1;
    say({ event: "scan", text });
    const bytes = Buffer.from(affixes.head + text + affixes.tail, "latin1");
    const cut = cuts > 0;
    if (cut) cuts -= 1;
    transmit(cut ? bytes.subarray(0, Math.floor(bytes.length / 2)) : bytes);
  }

  const deeds: Readonly<Record<string, Deed>> = {
    scan: { help: "<text>  a code is held before it", run: (words) => scan(words.join(" ")) },
    repeat: {
      help: "<count> <text>  a code stays before it and is read again and again",
      run([count, ...words]) {
        const times = wholeNumber(count, 1, 1_000);
        for (let i = 0; i < times; i++) scan(words.join(" "));
      },
    },
    bytes: {
      help: "<hex>  bytes as they are",
      run: ([digits = ""]) => transmit(Buffer.from(digits, "hex")),
    },
    silence: {
      help: "on|off  says nothing, though the line is up",
      run: ([word]) => void (silent = onOff(word)),
    },
    cut: {
      help: "<count>  the next codes break off in the middle, without their end",
      run: ([word]) => void (cuts = wholeNumber(word, 0, 1_000)),
    },
    garbage: { help: "  bytes that are no code", run: () => transmit(GARBAGE) },
  };
  const state: SimDevice["state"] = () => ({ connected: send !== null, scans });
  return { deeds, state, connect: (peer: typeof send) => void (send = peer) };
}

/** `\x02` and the like become the character; anything else stays as it is. */
function unescaped(text: string): string {
  return text.replaceAll(/\\x([0-9a-fA-F]{2})/g, (_all, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 16)),
  );
}
