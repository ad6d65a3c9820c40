/**
 * Modbus as a slave hears and says it: RTU (MODBUS over Serial Line V1.02, 2.5.1: unit, PDU, CRC-16) and TCP (MODBUS
 * Messaging on TCP/IP V1.0b, 3.1: a header of seven bytes before the PDU).
 */
export type ModbusFrame = {
  readonly unit: number;
  readonly pdu: Uint8Array;
  /** On TCP the number that the answer must repeat; 0 on RTU. */
  readonly transaction: number;
};

export type ModbusCodec = {
  /** The whole requests that end within this chunk. `nowMs` tells a pause from a request that comes in pieces. */
  readonly push: (chunk: Uint8Array, nowMs: number) => ModbusFrame[];
  readonly encode: (answer: ModbusFrame) => Uint8Array;
  /** Forgets the request under way. */
  readonly reset: () => void;
  /** Bytes of the request under way: always fewer than the longest request has. */
  readonly buffered: () => number;
};

/** No request pauses for so long in the middle, not even behind a slow serial server. */
const PAUSE_MS = 100;
const MAX_PDU = 253;

export function createRtuCodec(): ModbusCodec {
  return createCodec(
    (bytes) => {
      const length = rtuLength(bytes);
      if (length === "more" || length === "none" || bytes.length < length)
        return length === "none" ? "none" : "more";
      const body = bytes.slice(0, length - 2);
      const crc = crc16(body);
      if (bytes[length - 2] !== (crc & 0xff) || bytes[length - 1] !== crc >> 8) return "none";
      return { length, frame: { unit: body[0] ?? 0, pdu: body.slice(1), transaction: 0 } };
    },
    ({ unit, pdu }) => {
      const body = Uint8Array.of(unit, ...pdu);
      const crc = crc16(body);
      return Uint8Array.of(...body, crc & 0xff, crc >> 8);
    },
  );
}

export function createTcpCodec(): ModbusCodec {
  return createCodec(
    (bytes) => {
      if (bytes.length < 7) return "more";
      const [high = 0, low = 0, protocolHigh, protocolLow, lengthHigh = 0, lengthLow = 0, unit = 0] = bytes;
      const following = lengthHigh * 256 + lengthLow;
      if (protocolHigh !== 0 || protocolLow !== 0 || following < 2 || following > MAX_PDU + 1) return "none";
      const length = 6 + following;
      if (bytes.length < length) return "more";
      return { length, frame: { unit, pdu: bytes.slice(7, length), transaction: high * 256 + low } };
    },
    ({ unit, pdu, transaction }) => {
      const following = pdu.length + 1;
      return Uint8Array.of(
        transaction >> 8,
        transaction & 0xff,
        0,
        0,
        following >> 8,
        following & 0xff,
        unit,
        ...pdu,
      );
    },
  );
}

type Found = "more" | "none" | { readonly length: number; readonly frame: ModbusFrame };

/** `find` looks at the beginning of the bytes only; where no frame begins, one byte is dropped and it looks again. */
function createCodec(find: (bytes: Uint8Array) => Found, encode: ModbusCodec["encode"]): ModbusCodec {
  let pending = new Uint8Array();
  let heardMs = 0;
  return {
    encode,
    push(chunk, nowMs) {
      if (nowMs - heardMs > PAUSE_MS) pending = new Uint8Array();
      heardMs = nowMs;
      pending = Uint8Array.of(...pending, ...chunk);
      const frames: ModbusFrame[] = [];
      let at = 0;
      while (at < pending.length) {
        const found = find(pending.subarray(at));
        if (found === "more") break;
        if (found !== "none") frames.push(found.frame);
        at += found === "none" ? 1 : found.length;
      }
      pending = pending.slice(at);
      return frames;
    },
    reset() {
      pending = new Uint8Array();
    },
    buffered: () => pending.length,
  };
}

/** Nothing in RTU says how long a request is but its function. */
function rtuLength(bytes: Uint8Array): number | "more" | "none" {
  const [, code, , , , , count] = bytes;
  if (code === undefined) return "more";
  if (code >= 0x01 && code <= 0x06) return 8;
  if (code !== 0x0f && code !== 0x10) return "none";
  return count === undefined ? "more" : 9 + count;
}

function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) {
      const carry = crc & 1;
      crc >>= 1;
      if (carry !== 0) crc ^= 0xa001;
    }
  }
  return crc;
}
