/** Longer texts are nobody's code: they are dropped whole. */
export const MAX_SCAN_CHARACTERS = 256;
/** What the head and tail that a scanner is set up to send may add. */
export const MAX_AFFIX_CHARACTERS = 16;

const MAX_LINE_BYTES = MAX_SCAN_CHARACTERS + 2 * MAX_AFFIX_CHARACTERS;
const CR = 0x0d;
const LF = 0x0a;
const PRINTABLE = /^[\x20-\x7e]+$/;

/** What a scanner is set up to send before and after each code; "" = nothing. */
export type Affixes = { readonly prefix: string; readonly suffix: string };

/**
 * Cuts a scanner's stream, however it is split, into the codes it read: texts that end in CR, LF or both, without
 * the head and tail that the scanner adds. A text that lacks those has lost its beginning or end; it is dropped
 * whole, as is one that is too long or has unprintable characters.
 */
export class ScanSplitter {
  readonly #affixes: Affixes;
  readonly #line = new Uint8Array(MAX_LINE_BYTES);
  /** Bytes of the text at hand; one more than fits = too long, and dropped up to its end. */
  #length = 0;
  #rejected = 0;

  constructor(affixes: Affixes) {
    this.#affixes = affixes;
  }

  /** Texts dropped so far. */
  get rejected(): number {
    return this.#rejected;
  }

  /** Whether a text has begun and not ended. */
  get pending(): boolean {
    return this.#length > 0;
  }

  /** The codes that end within this chunk, in order. Never throws. */
  push(chunk: Uint8Array): string[] {
    const codes: string[] = [];
    for (const byte of chunk) {
      if (byte === CR || byte === LF) {
        const code = this.#end();
        if (code !== null) codes.push(code);
      } else if (this.#length <= MAX_LINE_BYTES) {
        // A write past the end of the array goes nowhere, and the length then says that the text is too long.
        this.#line[this.#length] = byte;
        this.#length += 1;
      }
    }
    return codes;
  }

  /** Forgets a text that has not ended: what follows is not its rest. */
  reset(): void {
    if (this.#length > 0) this.#rejected += 1;
    this.#length = 0;
  }

  #end(): string | null {
    const length = this.#length;
    this.#length = 0;
    // Between CR and LF, and after an idle scanner's lone CR.
    if (length === 0) return null;
    const code = length > MAX_LINE_BYTES ? null : this.#codeOf(this.#line.subarray(0, length));
    if (code === null) this.#rejected += 1;
    return code;
  }

  #codeOf(line: Uint8Array): string | null {
    const { prefix, suffix } = this.#affixes;
    const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString("latin1");
    if (!text.startsWith(prefix) || !text.endsWith(suffix)) return null;
    if (text.length < prefix.length + suffix.length) return null;
    const code = text.slice(prefix.length, text.length - suffix.length).trim();
    return code.length <= MAX_SCAN_CHARACTERS && PRINTABLE.test(code) ? code : null;
  }
}
