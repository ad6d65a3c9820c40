/**
 * Messages of the ZVT protocol as a payment terminal meets them (PA00P015 13.x): class, instruction, length, data.
 * A length from 255 on is FF and two bytes, the low one first.
 */
export type ZvtMessage = { readonly class: number; readonly instruction: number; readonly data: Buffer };

const MAX_DATA_BYTES = 2_048;
/** Classes of what a cash register sends. */
const CLASSES = [0x05, 0x06, 0x08, 0x80, 0x84];

export function zvtMessage(head: number, data: Uint8Array = Buffer.alloc(0)): Buffer {
  const long = data.length > 0xfe;
  const header = Buffer.alloc(long ? 5 : 3, 0xff);
  header.writeUInt16BE(head);
  if (long) header.writeUInt16LE(data.length, 3);
  else header[2] = data.length;
  return Buffer.concat([header, data]);
}

/** Takes bytes as they arrive and hands on whole messages; bytes that begin none are dropped. */
export function createZvtReceiver(hear: (message: ZvtMessage) => void) {
  let held = Buffer.alloc(0);

  /** Bytes that are done with; 0 = more are needed. */
  function step(): number {
    const [kind, instruction, first] = held;
    if (kind === undefined) return 0;
    if (!CLASSES.includes(kind)) return 1;
    if (instruction === undefined || first === undefined) return 0;
    if (first === 0xff && held.length < 5) return 0;
    const [start, length] = first === 0xff ? [5, held.readUInt16LE(3)] : [3, first];
    if (length > MAX_DATA_BYTES) return 1;
    if (held.length < start + length) return 0;
    hear({ class: kind, instruction, data: Buffer.from(held.subarray(start, start + length)) });
    return start + length;
  }

  return {
    push(chunk: Uint8Array): void {
      held = Buffer.concat([held, chunk]);
      for (let done = step(); done > 0; done = step()) held = held.subarray(done);
    },
    reset: () => void (held = Buffer.alloc(0)),
  };
}

/** A number as packed decimal digits, two to a byte. */
export function packed(value: number, bytes: number): Buffer {
  return Buffer.from(String(value).padStart(2 * bytes, "0"), "hex");
}

/** Null when a half byte is no digit. */
export function unpacked(bytes: Uint8Array): number | null {
  const digits = Buffer.from(bytes).toString("hex");
  return /^[0-9]+$/.test(digits) ? Number(digits) : null;
}

/** A field with a length of so many digits, each in a byte of its own: F0..F9. */
export function withLength(tag: number, digits: 2 | 3, value: Uint8Array): Buffer {
  const length = Array.from(String(value.length).padStart(digits, "0"), (digit) => 0xf0 + Number(digit));
  return Buffer.from([tag, ...length, ...value]);
}

/** The fields of a cash register's command; null when one is unknown or cut off. */
export function commandFields(data: Buffer): ReadonlyMap<number, Buffer> | null {
  const lengths: Readonly<Record<number, number>> = { 0x03: 1, 0x04: 6, 0x19: 1, 0x49: 2, 0x87: 2 };
  const fields = new Map<number, Buffer>();
  let at = 0;
  while (at < data.length) {
    const tag = data[at] ?? 0;
    const length = tag === 0x06 ? 1 + (data[at + 1] ?? 0) : lengths[tag];
    if (length === undefined || at + 1 + length > data.length) return null;
    fields.set(tag, data.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return fields;
}
