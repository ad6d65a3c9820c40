/**
 * Rows in the binary format of COPY (PostgreSQL's manual, "Binary Format" of COPY). Neither side spells numbers, times and
 * bytes out and reads them again, which is most of what a COPY of short values costs.
 */
export class BinaryRows {
  #bytes: Buffer;
  #at = 0;

  /** @param capacity about how many bytes it will be; it grows. */
  constructor(capacity: number) {
    this.#bytes = Buffer.allocUnsafe(HEADER.length + capacity);
    this.#append(HEADER);
  }

  /** Begins a row of so many values. */
  row(values: number): void {
    this.#room(2);
    this.#at = this.#bytes.writeInt16BE(values, this.#at);
  }

  null(): void {
    this.#length(-1);
  }

  /** `bigint`. */
  integer(value: number): void {
    this.#length(8);
    this.#at = this.#bytes.writeInt32BE(Math.floor(value / HALF), this.#at);
    this.#at = this.#bytes.writeUInt32BE(value >>> 0, this.#at);
  }

  /** `uuid`. @param text in its usual spelling, which was checked before. */
  uuid(text: string): void {
    this.#length(DIGITS.length);
    for (const at of DIGITS) this.#digits(text, at);
  }

  /** `text`, `json`, and what else is written as it is spelled. */
  text(text: string): void {
    this.#room(4 + MAX_CHARACTER_BYTES * text.length);
    const length = this.#bytes.write(text, this.#at + 4);
    this.#at = this.#bytes.writeInt32BE(length, this.#at) + length;
  }

  /** `timestamptz`. @param ms since 1970. */
  instant(ms: number): void {
    // In microseconds, which a number has no room for in every year: its two halves, one after the other.
    const upper = Math.floor((ms - EPOCH_MS) / HALF);
    const lower = (ms - EPOCH_MS - upper * HALF) * 1_000;
    this.#length(8);
    this.#at = this.#bytes.writeInt32BE(upper * 1_000 + Math.floor(lower / HALF), this.#at);
    this.#at = this.#bytes.writeUInt32BE(lower % HALF, this.#at);
  }

  /** `bytea`. */
  blob(bytes: Uint8Array): void {
    this.#length(bytes.length);
    this.#append(bytes);
  }

  /** `bytea`. @param hex its bytes, of which there are half as many as digits. */
  hex(hex: string): void {
    this.#length(hex.length / 2);
    for (let at = 0; at < hex.length; at += 2) this.#digits(hex, at);
  }

  /** What COPY reads. Nothing may follow. */
  end(): Buffer {
    this.#room(2);
    this.#at = this.#bytes.writeInt16BE(-1, this.#at);
    return this.#bytes.subarray(0, this.#at);
  }

  #append(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The byte that two digits of a text spell. */
  #digits(text: string, at: number): void {
    this.#bytes[this.#at++] = (digitOf(text.charCodeAt(at)) << 4) | digitOf(text.charCodeAt(at + 1));
  }

  /** Of the value that follows: -1 = there is none. */
  #length(bytes: number): void {
    this.#room(4 + Math.max(0, bytes));
    this.#at = this.#bytes.writeInt32BE(bytes, this.#at);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(2 * (this.#at + bytes));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** The signature; no flags; no extension. */
const HEADER = Buffer.from("PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0", "latin1");
/** What the lower half of eight bytes counts to. */
const HALF = 2 ** 32;
/** PostgreSQL counts from 2000. */
const EPOCH_MS = Date.UTC(2000, 0, 1);
/** Of one unit of a JavaScript string in UTF-8, at most. */
const MAX_CHARACTER_BYTES = 3;
/** Where in a UUID each byte's two digits are. */
const DIGITS = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

/** Of a hexadecimal digit in either case. */
function digitOf(code: number): number {
  return (code & 0x0f) + (code >> 6) * 9;
}
