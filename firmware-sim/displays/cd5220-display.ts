import type { ByteDevice } from "../transports/byte-wires.ts";

const ESC = 0x1b;
const CR = 0x0d;
const LF = 0x0a;
const BS = 0x08;
const HOME = 0x0b;
const CLEAR = 0x0c;
const CLEAR_LINE = 0x18;
/** ESC commands of the CD5220 standard mode by how many bytes follow the name; ESC Q runs to a CR. */
const PARAMETERS: Readonly<Record<string, number>> = {
  "\x11": 0,
  "\x12": 0,
  "\x13": 0,
  "[": 1,
  l: 2,
  "@": 0,
  W: 4,
  "*": 1,
  "?": 1,
  "%": 1,
  _: 1,
  f: 1,
  c: 1,
  "=": 1,
};

export type SimDisplayOptions = {
  readonly columns: number;
  /** Told of every change of what it shows. */
  readonly onLines: (lines: readonly [string, string]) => void;
};

/**
 * A display of two lines, CD5220 standard mode (CD5220 user's manual, 7.2): text is written where the cursor is,
 * `ESC Q A` and `ESC Q B` write a whole line and end at CR; after them only CLR and CAN give the cursor back. Bytes
 * from 128 on show as Latin 1.
 */
export class SimCd5220Display {
  readonly #options: SimDisplayOptions;
  #cells: string[][];
  #row = 0;
  #column = 0;
  #isStringMode = false;
  /** A command that is not whole yet. */
  #command: number[] = [];
  #isSilent = false;

  constructor(options: SimDisplayOptions) {
    this.#options = options;
    this.#cells = [this.#blank(), this.#blank()];
  }

  /** Where the display's cable goes in. It never says anything. */
  readonly plug: ByteDevice = { connect: () => undefined, receive: (chunk) => this.#receive(chunk) };

  #receive(chunk: Uint8Array): void {
    if (this.#isSilent) return;
    const before = this.lines().join("\n");
    for (const byte of chunk) this.#take(byte);
    if (this.lines().join("\n") !== before) this.#options.onLines(this.lines());
  }

  lines(): readonly [string, string] {
    const [upper = [], lower = []] = this.#cells;
    return [upper.join(""), lower.join("")];
  }

  silence(isSilent: boolean): void {
    this.#isSilent = isSilent;
  }

  /** Power off and on: shows nothing until it is told again. */
  reboot(): void {
    this.#command = [];
    this.#clear();
    this.#options.onLines(this.lines());
  }

  #take(byte: number): void {
    if (this.#command.length > 0 || byte === ESC) {
      this.#command.push(byte);
      this.#tryCommand();
    } else if (byte === CLEAR) {
      this.#clear();
    } else if (byte === CLEAR_LINE) {
      this.#cells[this.#row] = this.#blank();
      this.#column = 0;
      this.#isStringMode = false;
    } else if (!this.#isStringMode) {
      this.#type(byte);
    }
  }

  #tryCommand(): void {
    const [, name, line, ...text] = this.#command;
    if (name === undefined) return;
    const letter = String.fromCharCode(name);
    if (letter === "Q") {
      if (line === undefined) return;
      const isWhole = text.at(-1) === CR;
      // A line that never ends is no line.
      if (!isWhole && text.length <= this.#options.columns) return;
      if (isWhole && (line === 0x41 || line === 0x42)) this.#writeLine(line - 0x41, text.slice(0, -1));
      this.#command = [];
      return;
    }
    if (this.#command.length < 2 + (PARAMETERS[letter] ?? 0)) return;
    if (letter === "@") this.#clear();
    this.#command = [];
  }

  #writeLine(row: number, text: readonly number[]): void {
    this.#isStringMode = true;
    const cells = this.#blank();
    for (const [column, byte] of text.slice(0, this.#options.columns).entries()) {
      cells[column] = String.fromCharCode(byte);
    }
    this.#cells[row] = cells;
  }

  /** Overwrite mode: from the end of a line on to the other. */
  #type(byte: number): void {
    if (byte === HOME) this.#move(0, 0);
    else if (byte === CR) this.#move(this.#row, 0);
    else if (byte === LF) this.#move(1 - this.#row, this.#column);
    else if (byte === BS) this.#move(this.#row, Math.max(0, this.#column - 1));
    if (byte < 0x20) return;
    const cells = this.#cells[this.#row];
    if (cells !== undefined) cells[this.#column] = String.fromCharCode(byte);
    if (this.#column + 1 < this.#options.columns) this.#move(this.#row, this.#column + 1);
    else this.#move(1 - this.#row, 0);
  }

  #move(row: number, column: number): void {
    this.#row = row;
    this.#column = column;
  }

  #clear(): void {
    this.#cells = [this.#blank(), this.#blank()];
    this.#isStringMode = false;
    this.#move(0, 0);
  }

  #blank(): string[] {
    return Array.from({ length: this.#options.columns }, () => " ");
  }
}
