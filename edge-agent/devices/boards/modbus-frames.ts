import type { Parsed } from "../buses/request-bus.ts";

/**
 * Modbus as relay boards speak it, seen from the asking side: MODBUS Application Protocol V1.1b3 for what is asked,
 * MODBUS over Serial Line V1.02 (RTU) and MODBUS Messaging on TCP/IP V1.0b (TCP) for what goes around it. Pure.
 */
export type ModbusFraming = "rtu" | "tcp";

export type ModbusRequest =
  /** Functions 01 (`coils`: relays) and 02 (`inputs`); at most 64 at a time here. */
  | {
      readonly kind: "read";
      readonly table: "coils" | "inputs";
      readonly address: number;
      readonly count: number;
    }
  /** Function 05. The standard knows the values {@link COIL_ON} and {@link COIL_OFF}; boards know more. */
  | { readonly kind: "write"; readonly address: number; readonly value: number };

export const COIL_ON = 0xff00;
export const COIL_OFF = 0x0000;

export type ModbusAnswer =
  | { readonly kind: "levels"; readonly levels: readonly boolean[] }
  /** The board repeated the request, which is how it says yes. */
  | { readonly kind: "written" }
  | { readonly kind: "exception"; readonly code: number };

/** A question to one unit and the key to its answer. */
export type ModbusQuestion = {
  readonly bytes: Uint8Array;
  /** Length of the answer on the wire, when it is not an exception. */
  readonly answerBytes: number;
  readonly parse: (received: Uint8Array) => Parsed<ModbusAnswer>;
};

/** `transaction` (16 bits) tells the answers of TCP apart; RTU has no such thing. */
export function modbusQuestion(
  framing: ModbusFraming,
  unit: number,
  request: ModbusRequest,
  transaction: number,
): ModbusQuestion {
  const pdu = requestPdu(request);
  const answerLength = request.kind === "read" ? 2 + Math.ceil(request.count / 8) : pdu.length;
  if (framing === "tcp") {
    const bytes = Uint8Array.from([...u16(transaction), 0, 0, ...u16(pdu.length + 1), unit, ...pdu]);
    return {
      bytes,
      answerBytes: MBAP_BYTES + answerLength,
      parse: (received) => parseTcp(unit, transaction, request, received),
    };
  }
  const bytes = withCrc(Uint8Array.from([unit, ...pdu]));
  return {
    bytes,
    answerBytes: answerLength + RTU_OVERHEAD_BYTES,
    parse: (received) => parseRtu(bytes, answerLength, request, received),
  };
}

/** The unit's address before and two bytes of checksum behind. */
const RTU_OVERHEAD_BYTES = 3;
/** Transaction, protocol (0), length of what follows, unit. */
const MBAP_BYTES = 7;
const MAX_PDU_BYTES = 253;
const EXCEPTION_BIT = 0x80;

function functionOf(request: ModbusRequest): number {
  if (request.kind === "write") return 0x05;
  return request.table === "coils" ? 0x01 : 0x02;
}

function requestPdu(request: ModbusRequest): Uint8Array {
  const last = request.kind === "read" ? request.count : request.value;
  return Uint8Array.from([functionOf(request), ...u16(request.address), ...u16(last)]);
}

/** What a whole PDU says in answer to this request; null = nothing that belongs to it. */
function readPdu(request: ModbusRequest, pdu: Uint8Array): ModbusAnswer | null {
  const code = pdu[1];
  if (pdu[0] === (functionOf(request) | EXCEPTION_BIT)) {
    return pdu.length === 2 && code !== undefined ? { kind: "exception", code } : null;
  }
  if (request.kind === "write") return isSame(pdu, requestPdu(request)) ? { kind: "written" } : null;
  const bytes = Math.ceil(request.count / 8);
  if (pdu[0] !== functionOf(request) || code !== bytes || pdu.length !== 2 + bytes) return null;
  const bit = (index: number): boolean => (((pdu[2 + (index >> 3)] ?? 0) >> (index & 7)) & 1) === 1;
  return { kind: "levels", levels: Array.from({ length: request.count }, (_, index) => bit(index)) };
}

/**
 * RTU has no marks: a frame begins where one of the right unit, function, length and checksum does. What comes
 * before that is skipped byte by byte.
 */
function parseRtu(
  question: Uint8Array,
  answerLength: number,
  request: ModbusRequest,
  received: Uint8Array,
): Parsed<ModbusAnswer> {
  const [unit = 0, own = 0] = question;
  const skip = (reason: string): Parsed<ModbusAnswer> => ({ kind: "skip", bytes: 1, reason });
  if (received[0] !== unit) return skip(`bytes that are not from unit ${unit} (first ${hex(received[0])})`);
  if (received.length < 2) return { kind: "more" };
  const failed = received[1] === (own | EXCEPTION_BIT);
  if (received[1] !== own && !failed) return skip(`an answer to another question (${hex(received[1])})`);

  if (!failed && request.kind === "read") {
    // The length comes where a request has the upper half of its address.
    if (received.length < 3) return { kind: "more" };
    const wrongLength = received[2] !== answerLength - 2;
    if (isSame(received.subarray(0, question.length), question)) {
      return { kind: "bad", reason: "the line sends back what is said on it" };
    }
    if (wrongLength && isSame(received, question.subarray(0, received.length))) return { kind: "more" };
    if (wrongLength) return skip("an answer of another length");
  }

  const length = (failed ? 2 : answerLength) + RTU_OVERHEAD_BYTES;
  if (received.length < length) return { kind: "more" };
  const frame = received.subarray(0, length);
  if (!hasGoodCrc(frame)) return skip("an answer with a wrong checksum");
  const value = readPdu(request, frame.subarray(1, length - 2));
  return value === null ? skip("an answer to another question") : { kind: "answer", value };
}

function parseTcp(
  unit: number,
  transaction: number,
  request: ModbusRequest,
  received: Uint8Array,
): Parsed<ModbusAnswer> {
  const header = new DataView(received.buffer, received.byteOffset, received.byteLength);
  if (received.length < 6) return { kind: "more" };
  const length = header.getUint16(4);
  if (header.getUint16(2) !== 0 || length < 3 || length > MAX_PDU_BYTES + 1) {
    return { kind: "skip", bytes: 1, reason: "bytes that are no Modbus TCP" };
  }
  const end = 6 + length;
  if (received.length < end) return { kind: "more" };
  // Too late, or for another device behind the same gateway.
  if (header.getUint16(0) !== transaction) return { kind: "skip", bytes: end };
  if (received[6] !== unit) return { kind: "bad", reason: `unit ${received[6]} answers in its place` };
  const value = readPdu(request, received.subarray(MBAP_BYTES, end));
  return value === null
    ? { kind: "bad", reason: "an answer to another question" }
    : { kind: "answer", value };
}

/** Polynomial 0xA001 (reflected), initial value 0xFFFF; low byte first on the wire. */
function crcOf(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >> 1) ^ 0xa001 : crc >> 1;
  }
  return crc;
}

function withCrc(bytes: Uint8Array): Uint8Array {
  const crc = crcOf(bytes);
  return Uint8Array.from([...bytes, crc & 0xff, crc >> 8]);
}

function hasGoodCrc(frame: Uint8Array): boolean {
  return isSame(frame, withCrc(frame.subarray(0, -2)));
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

function u16(value: number): [number, number] {
  return [(value >> 8) & 0xff, value & 0xff];
}

function hex(byte = 0): string {
  return `0x${byte.toString(16).padStart(2, "0")}`;
}
