import type { Parsed } from "../buses/request-bus.ts";

/**
 * Messages of OSDP 2.2 (SIA; IEC 60839-11-5). A frame is `53 address lengthL lengthH control`, a security block if
 * bit 3 of control says so, the code, its data, a message authentication code of four bytes in secured messages,
 * and a CRC (bit 2 of control set) or a checksum. A reader answers under its address with bit 7 set.
 */
export const COMMAND = {
  poll: 0x60,
  id: 0x61,
  capabilities: 0x62,
  led: 0x69,
  buzzer: 0x6a,
  challenge: 0x76,
  serverCryptogram: 0x77,
} as const;

export const REPLY = {
  ack: 0x40,
  nak: 0x41,
  id: 0x45,
  capabilities: 0x46,
  raw: 0x50,
  keypad: 0x53,
  clientCryptogram: 0x76,
  initialMac: 0x78,
  busy: 0x79,
} as const;

/** Why a reader refused a command: the byte that comes with a NAK. */
export const NAK = { badCheck: 0x01, sequence: 0x04, noSecurity: 0x05, securityWanted: 0x06 } as const;

/** Announces a frame to receivers that have to wake up; not part of it. */
const MARK = 0xff;
const START = 0x53;
const FROM_READER = 0x80;
const SEQUENCE = 0x03;
const CRC = 0x04;
const SECURED = 0x08;
const HEADER_BYTES = 5;
export const MAC_BYTES = 4;
/** Nothing that a reader tells us is longer: 512 bits of a card take 64 bytes. */
export const MAX_REPLY_BYTES = 512;

export type CheckKind = "crc" | "checksum";
export type SecurityBlock = { readonly type: number; readonly data: Uint8Array };
/** Security blocks of messages with an authentication code. */
export const isAuthenticated = (type: number): boolean => type >= 0x15 && type <= 0x18;

export type OsdpCommand = {
  readonly address: number;
  /** 0 to begin anew, then 1, 2, 3, 1, ... */
  readonly sequence: number;
  readonly check: CheckKind;
  readonly code: number;
  readonly data: Uint8Array;
  readonly security: SecurityBlock | null;
  /** Makes the authentication code of all that comes before it; null = the message has none. */
  readonly authenticate: ((head: Uint8Array) => Uint8Array) | null;
};

export type OsdpReply = {
  readonly code: number;
  readonly data: Uint8Array;
  readonly security: SecurityBlock | null;
  /** What the authentication code is made of, and the code itself; null without one. */
  readonly mac: { readonly head: Uint8Array; readonly code: Uint8Array } | null;
};

export function encodeCommand(command: OsdpCommand): Uint8Array {
  const { address, sequence, check, code, data, security, authenticate } = command;
  const block = security === null ? [] : [security.data.length + 2, security.type, ...security.data];
  const macBytes = authenticate === null ? 0 : MAC_BYTES;
  const length = HEADER_BYTES + block.length + 1 + data.length + macBytes + (check === "crc" ? 2 : 1);
  const control = (sequence & SEQUENCE) | (check === "crc" ? CRC : 0) | (security === null ? 0 : SECURED);
  const head = Uint8Array.from([
    START,
    address,
    length & 0xff,
    length >> 8,
    control,
    ...block,
    code,
    ...data,
  ]);
  const body = Uint8Array.from([...head, ...(authenticate?.(head).subarray(0, MAC_BYTES) ?? [])]);
  return Uint8Array.from([MARK, ...body, ...checkOf(body, check)]);
}

/** Looks for the reader's answer to the command with this sequence number. Never throws. */
export function parseReply(
  received: Uint8Array,
  { address, sequence }: { readonly address: number; readonly sequence: number },
): Parsed<OsdpReply> {
  const start = received.indexOf(START);
  if (start !== 0) return { kind: "skip", bytes: start === -1 ? received.length : start };
  if (received.length < HEADER_BYTES) return { kind: "more" };
  const [, from = 0, low = 0, high = 0, control = 0] = received;
  const length = low + 256 * high;
  const checkBytes = (control & CRC) === 0 ? 1 : 2;
  // Our own command as an echo, another reader's late answer, or noise that looks like a beginning.
  const plausible =
    from === (address | FROM_READER) &&
    control < 0x10 &&
    length >= HEADER_BYTES + 1 + checkBytes &&
    length <= MAX_REPLY_BYTES;
  if (!plausible) return { kind: "skip", bytes: 1 };
  if (received.length < length) return { kind: "more" };
  const body = received.subarray(0, length - checkBytes);
  const check = received.subarray(length - checkBytes, length);
  if (!checkOf(body, checkBytes === 2 ? "crc" : "checksum").every((byte, i) => byte === check[i])) {
    return { kind: "skip", bytes: 1, reason: "the reader's answers are garbled" };
  }
  const reply = parseBody(body, (control & SECURED) !== 0);
  if (reply === null) return { kind: "skip", bytes: length };
  // A busy reader answers with 0, and one that refuses may not have understood the number.
  const numbered = reply.code !== REPLY.busy && reply.code !== REPLY.nak;
  if (numbered && (control & SEQUENCE) !== sequence) return { kind: "skip", bytes: length };
  return { kind: "answer", value: reply };
}

function parseBody(body: Uint8Array, secured: boolean): OsdpReply | null {
  if (!secured) return { ...codeAndData(body.subarray(HEADER_BYTES)), security: null, mac: null };
  const [blockLength = 0, type = 0] = body.subarray(HEADER_BYTES);
  const codeAt = HEADER_BYTES + blockLength;
  const macBytes = isAuthenticated(type) ? MAC_BYTES : 0;
  if (blockLength < 2 || codeAt + 1 + macBytes > body.length) return null;
  const head = body.slice(0, body.length - macBytes);
  return {
    ...codeAndData(head.subarray(codeAt)),
    security: { type, data: head.subarray(HEADER_BYTES + 2, codeAt) },
    mac: macBytes === 0 ? null : { head, code: body.slice(body.length - macBytes) },
  };
}

function codeAndData(bytes: Uint8Array): Pick<OsdpReply, "code" | "data"> {
  return { code: bytes[0] ?? 0, data: bytes.slice(1) };
}

function checkOf(bytes: Uint8Array, check: CheckKind): Uint8Array {
  if (check === "crc") {
    const crc = crc16(bytes);
    return Uint8Array.of(crc & 0xff, crc >> 8);
  }
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return Uint8Array.of(-sum & 0xff);
}

/** Polynomial 0x1021, initial value 0x1D0F, most significant bit first. */
function crc16(bytes: Uint8Array): number {
  let crc = 0x1d0f;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    crc &= 0xffff;
  }
  return crc;
}
