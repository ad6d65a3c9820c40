/**
 * Takes the stream of an ESC/POS printer apart, command by command, as the printer reads it: by Epson's ESC/POS
 * command reference, GS e by Custom's. A printer knows the length of a command it cannot do only where the command
 * says so itself; of others it skips the name.
 */
export type EscposOp = SettingOp | MachineOp;

/** What goes on the paper, and how it looks. */
export type SettingOp =
  | { readonly kind: "text"; readonly bytes: Uint8Array }
  | { readonly kind: "newline" }
  /** ESC @ */
  | { readonly kind: "initialise" }
  | { readonly kind: "set"; readonly what: StyleSetting; readonly value: number }
  | { readonly kind: "feed"; readonly lines: number }
  | { readonly kind: "feed_dots"; readonly dots: number }
  /** GS ( k for a QR code: the function's number and what follows it. */
  | { readonly kind: "qr"; readonly fn: number; readonly data: Uint8Array }
  | { readonly kind: "raster"; readonly rowBytes: number; readonly data: Uint8Array };

/** What the printer does. */
type MachineOp =
  | { readonly kind: "cut" }
  | { readonly kind: "pulse"; readonly pin: 2 | 5; readonly onMs: number }
  /** GS e */
  | { readonly kind: "ejector"; readonly n: number; readonly steps: number }
  /** GS r */
  | { readonly kind: "status"; readonly n: number }
  /** GS ( H: repeats the mark when all before it is printed. */
  | { readonly kind: "mark"; readonly mark: string }
  /** GS a */
  | { readonly kind: "automatic_status"; readonly mask: number }
  /** Known, but without a consequence here. */
  | { readonly kind: "nothing" }
  | { readonly kind: "unknown"; readonly name: string };

/** What a line looks like; `mode` is ESC !, which sets several at once. */
export type StyleSetting =
  "bold" | "underline" | "size" | "align" | "table" | "line_dots" | "inverse" | "mode";

export type ParsedOp = { readonly op: EscposOp; readonly length: number };

const DLE = 0x10;
const ESC = 0x1b;
const FS = 0x1c;
const GS = 0x1d;
const LF = 0x0a;
/** Longest run of text in one piece. */
const MAX_TEXT = 64;

/** The first command of what was received; null when it is not whole yet. */
export function nextOp(received: Uint8Array): ParsedOp | null {
  const [first] = received;
  if (first === undefined) return null;
  if (first === LF) return { op: { kind: "newline" }, length: 1 };
  if (first >= 0x20) return textOp(received);
  if (first === ESC) return escOp(received);
  if (first === GS) return gsOp(received);
  if (first === FS) return received.length < 2 ? null : nothing(2);
  if (first === DLE) return realTimeOp(received);
  return nothing(1);
}

function textOp(received: Uint8Array): ParsedOp {
  let length = 0;
  while (length < MAX_TEXT && (received[length] ?? 0) >= 0x20) length += 1;
  return { op: { kind: "text", bytes: received.slice(0, length) }, length };
}

/** They were obeyed when they came in; here they only take up room. */
function realTimeOp(received: Uint8Array): ParsedOp | null {
  const lengths: Readonly<Record<number, number>> = { 0x04: 3, 0x05: 3, 0x14: received[2] === 8 ? 10 : 5 };
  const name = received[1];
  if (name === undefined) return null;
  const length = lengths[name] ?? 1;
  return received.length < length ? null : nothing(length);
}

type Reader = (parameters: Uint8Array) => EscposOp;
const ignore: Reader = () => ({ kind: "nothing" });
const set =
  (what: StyleSetting): Reader =>
  ([value = 0]) => ({ kind: "set", what, value });

/** Commands of a fixed length: how many bytes follow the name, and what they mean. */
const ESC_COMMANDS: Readonly<Record<string, readonly [number, Reader]>> = {
  "@": [0, () => ({ kind: "initialise" })],
  "!": [1, set("mode")],
  "-": [1, set("underline")],
  "2": [0, () => ({ kind: "set", what: "line_dots", value: 34 })],
  "3": [1, set("line_dots")],
  "=": [1, ignore],
  E: [1, set("bold")],
  G: [1, set("bold")],
  J: [1, ([dots = 0]) => ({ kind: "feed_dots", dots })],
  M: [1, ignore],
  R: [1, ignore],
  " ": [1, ignore],
  a: [1, set("align")],
  c: [2, ignore],
  d: [1, ([lines = 0]) => ({ kind: "feed", lines })],
  i: [0, () => ({ kind: "cut" })],
  m: [0, () => ({ kind: "cut" })],
  p: [3, ([m = 0, on = 0]) => ({ kind: "pulse", pin: (m & 1) === 0 ? 2 : 5, onMs: 2 * on })],
  t: [1, set("table")],
  "{": [1, ignore],
};

const GS_COMMANDS: Readonly<Record<string, readonly [number, Reader]>> = {
  "!": [1, set("size")],
  B: [1, set("inverse")],
  I: [1, ignore],
  L: [2, ignore],
  W: [2, ignore],
  P: [2, ignore],
  H: [1, ignore],
  f: [1, ignore],
  h: [1, ignore],
  w: [1, ignore],
  a: [1, ([mask = 0]) => ({ kind: "automatic_status", mask })],
  r: [1, ([n = 0]) => ({ kind: "status", n })],
};

function escOp(received: Uint8Array): ParsedOp | null {
  return fixedOp(received, ESC_COMMANDS, "ESC");
}

function gsOp(received: Uint8Array): ParsedOp | null {
  const name = received[1] ?? null;
  switch (name) {
    case null:
      return null;
    case 0x28:
      return functionOp(received);
    case 0x56:
      return cutOp(received);
    case 0x65:
      return ejectorOp(received);
    case 0x76:
      return rasterOp(received);
    default:
      return fixedOp(received, GS_COMMANDS, "GS");
  }
}

function fixedOp(
  received: Uint8Array,
  commands: Readonly<Record<string, readonly [number, Reader]>>,
  family: string,
): ParsedOp | null {
  const name = received[1];
  if (name === undefined) return null;
  const letter = String.fromCharCode(name);
  const command = Object.hasOwn(commands, letter) ? commands[letter] : undefined;
  if (command === undefined) return { op: { kind: "unknown", name: `${family} ${letter}` }, length: 2 };
  const [parameters, read] = command;
  if (received.length < 2 + parameters) return null;
  return { op: read(received.slice(2, 2 + parameters)), length: 2 + parameters };
}

/** GS ( x pL pH fn ...: says its own length. */
function functionOp(received: Uint8Array): ParsedOp | null {
  const [, , letter, low, high] = received;
  if (letter === undefined || low === undefined || high === undefined) return null;
  const length = 5 + low + 256 * high;
  if (received.length < length) return null;
  const data = received.slice(5, length);
  const [first = 0, second = 0] = data;
  if (letter === 0x6b && first === 49) {
    return { op: { kind: "qr", fn: second, data: data.slice(2) }, length };
  }
  if (letter === 0x48 && first === 48 && second === 48 && data.length === 6) {
    return { op: { kind: "mark", mark: String.fromCharCode(...data.slice(2)) }, length };
  }
  return { op: { kind: "unknown", name: `GS ( ${String.fromCharCode(letter)} ${first}` }, length };
}

/** GS V: 0, 1, 48 and 49 cut where the paper is, 65 and 66 have one byte more and feed first. */
function cutOp(received: Uint8Array): ParsedOp | null {
  const mode = received[2];
  if (mode === undefined) return null;
  const length = mode === 65 || mode === 66 ? 4 : 3;
  return received.length < length ? null : { op: { kind: "cut" }, length };
}

/** GS e n: one byte more for 3, two for 32. */
function ejectorOp(received: Uint8Array): ParsedOp | null {
  const n = received[2];
  if (n === undefined) return null;
  const length = n === 3 ? 4 : n === 32 ? 5 : 3;
  if (received.length < length) return null;
  return { op: { kind: "ejector", n, steps: length > 3 ? (received[3] ?? 0) : 0 }, length };
}

/** GS v 0 m xL xH yL yH */
function rasterOp(received: Uint8Array): ParsedOp | null {
  if (received.length < 8) return null;
  const [, , , , xL = 0, xH = 0, yL = 0, yH = 0] = received;
  const rowBytes = xL + 256 * xH;
  const length = 8 + rowBytes * (yL + 256 * yH);
  if (received.length < length) return null;
  return { op: { kind: "raster", rowBytes, data: received.slice(8, length) }, length };
}

function nothing(length: number): ParsedOp {
  return { op: { kind: "nothing" }, length };
}
