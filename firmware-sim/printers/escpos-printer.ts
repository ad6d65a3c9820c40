import type { ByteDevice } from "../transports/byte-wires.ts";
import { type EscposOp, nextOp } from "./escpos-ops.ts";
import { automaticStatus, type Condition, isOnline, realTimeStatus, SOUND } from "./status-bytes.ts";
import { createTypesetter, type PaperRow, type Typesetter } from "./typesetter.ts";

/** What a bystander sees of a printer. */
export type PrinterSight =
  | { readonly kind: "ticket"; readonly rows: readonly PaperRow[]; readonly isHeld: boolean }
  /** Somebody tore off a piece that was not cut. */
  | { readonly kind: "torn"; readonly rows: readonly PaperRow[] }
  | { readonly kind: "retracted" | "dropped" | "taken" }
  | { readonly kind: "drawer"; readonly pin: 2 | 5; readonly onMs: number }
  | { readonly kind: "unknown_command"; readonly name: string };

export type EscposPrinterOptions = {
  readonly paperDots: number;
  /** How long a line takes. */
  readonly lineMs: number;
  readonly bufferBytes: number;
  /** Says XOFF when its buffer is nearly full; without, what does not fit is lost. */
  readonly saysXoff: boolean;
  readonly hasPresenter: boolean;
  readonly knowsQr: boolean;
  /** Knows GS ( H. */
  readonly knowsMarks: boolean;
  readonly onSight: (sight: PrinterSight) => void;
};

const DLE = 0x10;
const XON = 0x11;
const XOFF = 0x13;
const BOOT_MS = 500;
const HALFWAY_LINES = 3;
/** Free room at which the printer says XOFF, and at which XON: the sender has bytes under way. */
const XOFF_BYTES = 512;
const XON_BYTES = 1_024;
/** A strip nobody cuts ends here: the oldest rows are forgotten. */
const MAX_ROWS = 2_000;
const CLEAR = [DLE, 0x14, 8, 1, 3, 20, 1, 6, 2, 8];

/**
 * An ESC/POS printer of tickets: what it is told waits in its buffer and is done in order, one line after the
 * other, and not at all while there is no paper, the cover is open and so on; real-time commands (DLE) are obeyed
 * as they come in. What is printed and not cut stays on the strip.
 */
export class SimEscposPrinter {
  readonly condition: Condition = { ...SOUND };
  readonly #options: EscposPrinterOptions;
  readonly #typesetter: Typesetter;
  #peer: ((bytes: Uint8Array) => void) | null = null;
  #buffer = new Uint8Array();
  #lastBytes: number[] = [];
  #strip: PaperRow[] = [];
  #inPath: PaperRow[] | null = null;
  #isPresented = false;
  #work: NodeJS.Timeout | undefined;
  #boot: NodeJS.Timeout | undefined;
  #isXoff = false;
  #automaticMask = 0;
  #toldAutomatically = "";
  #isSilent = false;
  #echoes = false;
  #answersToCut = 0;
  #lost = 0;
  #ticketLines = 0;

  constructor(options: EscposPrinterOptions) {
    this.#options = options;
    this.#typesetter = createTypesetter(options.paperDots, options.knowsQr);
  }

  /** Where the printer's cable goes in. */
  readonly plug: ByteDevice = {
    connect: (send) => (this.#peer = send),
    receive: (chunk) => this.#receive(chunk),
  };

  #receive(chunk: Uint8Array): void {
    if (this.#boot !== undefined) return;
    if (this.#echoes) this.#peer?.(chunk);
    const kept: number[] = [];
    for (const byte of chunk) {
      if (this.#buffer.length + kept.length < this.#options.bufferBytes) kept.push(byte);
      else this.#lost += 1;
      this.#lastBytes = [...this.#lastBytes.slice(1 - CLEAR.length), byte];
      if (this.#obeyAtOnce()) kept.length = 0;
    }
    this.#buffer = Uint8Array.from([...this.#buffer, ...kept]);
    this.#flow();
    this.#continue();
  }

  /** The roll is replaced or runs out. With a new roll the piece that hangs out is torn off. */
  setPaper(paper: Condition["paper"]): void {
    if (this.condition.paper === "out" && paper !== "out" && this.#strip.length > 0) {
      this.#options.onSight({ kind: "torn", rows: this.#strip });
      this.#strip = [];
    }
    this.condition.paper = paper;
    this.condition.linesLeft = null;
    this.changed();
  }

  /** To be called after {@link condition} was changed. */
  changed(): void {
    this.#tellAutomatically();
    this.#continue();
  }

  /** Somebody takes the ticket out of the presenter; false when there is none. */
  take(): boolean {
    if (!this.#isPresented) return false;
    this.#leavePresenter("taken");
    return true;
  }

  garbage(bytes: Uint8Array): void {
    this.#peer?.(bytes);
  }

  silence(isSilent: boolean): void {
    this.#isSilent = isSilent;
  }

  echo(echoes: boolean): void {
    this.#echoes = echoes;
  }

  cutAnswers(count: number): void {
    this.#answersToCut = count;
  }

  /** Power off and on: what was not printed is lost, what is on the strip stays. */
  reboot(): void {
    this.#clear();
    this.#automaticMask = 0;
    this.#isXoff = false;
    this.condition.stopsHalfway = false;
    this.#ticketLines = 0;
    clearTimeout(this.#boot);
    this.#boot = setTimeout(() => (this.#boot = undefined), BOOT_MS);
  }

  stop(): void {
    clearTimeout(this.#work);
    clearTimeout(this.#boot);
    this.#peer = null;
  }

  state() {
    return {
      ...this.condition,
      ready: this.#canPrint(),
      buffered: this.#buffer.length,
      lost: this.#lost,
      uncut: this.#strip.length,
      presented: this.#isPresented,
    };
  }

  /** Obeys a real-time command that ends with the last byte received; true when the buffers were cleared by it. */
  #obeyAtOnce(): boolean {
    const [first, name, n = 0] = this.#lastBytes.slice(-3);
    if (CLEAR.every((byte, index) => this.#lastBytes[index] === byte)) {
      this.#clear();
      this.#answer([0x37, 0x25, 0x00]);
      return true;
    }
    if (first !== DLE) return false;
    if (name === 0x04) {
      if (n === 20 && !this.#options.hasPresenter) return false;
      const status = realTimeStatus(n, this.condition, this.#isPresented);
      if (status !== null) this.#answer(status);
    }
    if (name !== 0x05 || n !== 2) return false;
    this.#clear();
    return true;
  }

  #clear(): void {
    clearTimeout(this.#work);
    this.#work = undefined;
    this.#buffer = new Uint8Array();
    this.#typesetter.reset();
    this.#flow();
  }

  #canPrint(): boolean {
    const isDead = this.condition.stopsHalfway && this.#ticketLines >= HALFWAY_LINES;
    return isOnline(this.condition) && !isDead;
  }

  /** Does what waits, until a line takes its time or nothing whole is left. */
  #continue(): void {
    while (this.#work === undefined && this.#canPrint()) {
      const next = nextOp(this.#buffer);
      if (next === null) return;
      this.#buffer = this.#buffer.slice(next.length);
      this.#flow();
      const rows = this.#do(next.op);
      if (rows === 0) continue;
      this.#work = setTimeout(() => {
        this.#work = undefined;
        this.#continue();
      }, rows * this.#options.lineMs);
    }
  }

  /** Returns how many lines it moved the paper by. */
  #do(op: EscposOp): number {
    switch (op.kind) {
      case "cut":
        return this.#cut();
      case "ejector":
        this.#eject(op.n);
        return 0;
      case "pulse":
        this.condition.isDrawerOpen = true;
        this.#options.onSight({ kind: "drawer", pin: op.pin, onMs: op.onMs });
        return 0;
      case "status":
        if (op.n === 1 || op.n === 49) this.#answer([automaticStatus(this.condition)[2]]);
        return 0;
      case "mark":
        if (this.#options.knowsMarks) this.#answer([0x37, 0x22, ...Buffer.from(op.mark, "latin1"), 0x00]);
        return 0;
      case "automatic_status":
        this.#automaticMask = op.mask;
        this.#toldAutomatically = "";
        this.#tellAutomatically();
        return 0;
      case "unknown":
        this.#options.onSight({ kind: "unknown_command", name: op.name });
        return 0;
      case "nothing":
        return 0;
      case "initialise":
        this.#automaticMask = 0;
        return this.#print(this.#typesetter.take(op));
      case "text":
      case "newline":
      case "set":
      case "feed":
      case "feed_dots":
      case "qr":
      case "raster":
        return this.#print(this.#typesetter.take(op));
    }
  }

  #print(rows: readonly PaperRow[]): number {
    if (rows.length === 0) return 0;
    this.#strip = [...this.#strip, ...rows].slice(-MAX_ROWS);
    this.#ticketLines += rows.length;
    const { condition } = this;
    if (condition.linesLeft !== null) {
      condition.linesLeft = Math.max(0, condition.linesLeft - rows.length);
      if (condition.linesLeft === 0) {
        condition.paper = "out";
        this.#tellAutomatically();
      }
    }
    return rows.length;
  }

  #cut(): number {
    if (this.#strip.length === 0) return 0;
    const rows = this.#strip;
    this.#strip = [];
    this.#ticketLines = 0;
    if (this.#options.hasPresenter) this.#inPath = rows;
    else this.#options.onSight({ kind: "ticket", rows, isHeld: false });
    return 1;
  }

  /** GS e: 2 retracts, 3 and 32 present, 5 ejects; what is not cut yet is cut first. */
  #eject(n: number): void {
    if (!this.#options.hasPresenter) return;
    this.#cut();
    if (n === 3 || n === 32) {
      if (this.#inPath === null) return;
      this.#isPresented = true;
      this.#options.onSight({ kind: "ticket", rows: this.#inPath, isHeld: true });
      this.#inPath = null;
    }
    if (n === 2 && this.#isPresented) this.#leavePresenter("retracted");
    if (n === 5 && this.#isPresented) this.#leavePresenter("dropped");
  }

  #leavePresenter(how: "taken" | "retracted" | "dropped"): void {
    this.#isPresented = false;
    this.#options.onSight({ kind: how });
  }

  #tellAutomatically(): void {
    const status = automaticStatus(this.condition);
    const text = status.join(" ");
    if (this.#automaticMask === 0 || text === this.#toldAutomatically) return;
    this.#toldAutomatically = text;
    this.#answer(status);
  }

  #flow(): void {
    if (!this.#options.saysXoff) return;
    const free = this.#options.bufferBytes - this.#buffer.length;
    if (!this.#isXoff && free < XOFF_BYTES) {
      this.#isXoff = true;
      this.#answer([XOFF]);
    } else if (this.#isXoff && free > XON_BYTES) {
      this.#isXoff = false;
      this.#answer([XON]);
    }
  }

  #answer(bytes: readonly number[]): void {
    if (this.#isSilent || this.#boot !== undefined) return;
    const isCut = this.#answersToCut > 0;
    if (isCut) this.#answersToCut -= 1;
    const sent = isCut ? bytes.slice(0, Math.floor(bytes.length / 2)) : bytes;
    if (sent.length > 0) this.#peer?.(Uint8Array.from(sent));
  }
}
