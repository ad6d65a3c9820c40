/**
 * OSDP messages as a reader (peripheral device) meets them: SIA OSDP 2.2, chapter 5. On the wire a message is
 * 53, address, length (two bytes, low one first, from 53 to the last check byte), control, then perhaps a security
 * block, a code, data, perhaps four bytes of authentication, and the check: CRC-16 or a checksum.
 */
export type OsdpMessage = {
  readonly address: number;
  readonly sequence: number;
  readonly crc: boolean;
  /** Type and data of the security block; null without one. */
  readonly block: { readonly type: number; readonly data: Buffer } | null;
  readonly code: number;
  readonly data: Buffer;
  /** All before the authentication bytes, and those; null without. */
  readonly signed: { readonly text: Buffer; readonly mac: Buffer } | null;
};

const SOM = 0x53;
const REPLY_BIT = 0x80;
const MAX_MESSAGE_BYTES = 1_440;
/** Security blocks 15 to 18: messages of an established channel. */
const hasMac = (type: number): boolean => type >= 0x15 && type <= 0x18;

function osdpCrc(bytes: Uint8Array): number {
  let register = 0x1d0f;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const feedback = ((register >> 15) ^ (byte >> bit)) & 1;
      register = ((register << 1) ^ (feedback === 1 ? 0x1021 : 0)) & 0xffff;
    }
  }
  return register;
}

function osdpChecksum(bytes: Uint8Array): number {
  return (0x100 - (bytes.reduce((sum, byte) => sum + byte, 0) % 0x100)) % 0x100;
}

export type OsdpAnswer = {
  readonly code: number;
  readonly data: Uint8Array;
  readonly block?: { readonly type: number; readonly data: Uint8Array };
  readonly sign?: (text: Buffer) => Uint8Array;
};

/** A reply to a message, with the same kind of check. */
export function encodeOsdpReply(
  to: { readonly address: number; readonly crc: boolean; readonly sequence: number },
  answer: OsdpAnswer,
): Buffer {
  const { block, sign } = answer;
  const security = block === undefined ? [] : [2 + block.data.length, block.type, ...block.data];
  const control = to.sequence + (to.crc ? 4 : 0) + (block === undefined ? 0 : 8);
  const text = Buffer.from([
    SOM,
    to.address | REPLY_BIT,
    0,
    0,
    control,
    ...security,
    answer.code,
    ...answer.data,
  ]);
  text.writeUInt16LE(text.length + (sign === undefined ? 0 : 4) + (to.crc ? 2 : 1), 2);
  const signed = sign === undefined ? text : Buffer.concat([text, sign(text).subarray(0, 4)]);
  const check = Buffer.alloc(to.crc ? 2 : 1);
  if (to.crc) check.writeUInt16LE(osdpCrc(signed));
  else check[0] = osdpChecksum(signed);
  return Buffer.concat([signed, check]);
}

/** Cuts what comes down the line into commands; replies of other readers, noise and wrong checks are passed over. */
export function createOsdpReceiver(hear: (message: OsdpMessage) => void) {
  let held = Buffer.alloc(0);
  let wrong = 0;

  /** How many bytes are done with; 0 = more are needed. */
  function step(): number {
    const start = held.indexOf(SOM);
    if (start !== 0) return start === -1 ? held.length : start;
    if (held.length < 5) return 0;
    const length = held.readUInt16LE(2);
    if (length < 7 || length > MAX_MESSAGE_BYTES) return 1;
    if (held.length < length) return 0;
    const message = decode(held.subarray(0, length));
    if (message === null) {
      wrong += 1;
      return 1;
    }
    if (message.address < REPLY_BIT) hear(message);
    return length;
  }

  return {
    push(chunk: Uint8Array): void {
      held = Buffer.concat([held, chunk]);
      for (let done = step(); done > 0 && held.length > 0; done = step()) held = held.subarray(done);
    },
    /** What was not completed is not continued: a receiver gives up after 20 ms without a byte. */
    reset: () => void (held = Buffer.alloc(0)),
    wrong: () => wrong,
  };
}

function decode(frame: Buffer): OsdpMessage | null {
  const control = frame[4] ?? 0;
  const crc = (control & 4) !== 0;
  const text = frame.subarray(0, frame.length - (crc ? 2 : 1));
  const right = crc
    ? frame.readUInt16LE(text.length) === osdpCrc(text)
    : frame[text.length] === osdpChecksum(text);
  if (!right) return null;
  const common = { address: frame[1] ?? 0, sequence: control & 3, crc };
  if ((control & 8) === 0) {
    return { ...common, block: null, code: text[5] ?? 0, data: Buffer.from(text.subarray(6)), signed: null };
  }
  const blockLength = text[5] ?? 0;
  const type = text[6] ?? 0;
  const end = hasMac(type) ? text.length - 4 : text.length;
  if (blockLength < 2 || 5 + blockLength >= end) return null;
  return {
    ...common,
    block: { type, data: Buffer.from(text.subarray(7, 5 + blockLength)) },
    code: text[5 + blockLength] ?? 0,
    data: Buffer.from(text.subarray(6 + blockLength, end)),
    signed: hasMac(type)
      ? { text: Buffer.from(text.subarray(0, end)), mac: Buffer.from(text.subarray(end)) }
      : null,
  };
}
