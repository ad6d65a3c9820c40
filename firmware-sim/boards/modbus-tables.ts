/** What the functions of MODBUS Application Protocol V1.1b3 reach on a relay board. Relays count from 0 here. */
export type ModbusTables = {
  readonly relays: () => readonly boolean[];
  readonly inputs: () => readonly boolean[];
  readonly write: (relay: number, on: boolean) => void;
  /** Switches a relay on for a while; null where the board cannot. */
  readonly flash: ((relay: number, ms: number) => void) | null;
};

const ILLEGAL_FUNCTION = 1;
const ILLEGAL_ADDRESS = 2;
const ILLEGAL_VALUE = 3;
const MAX_READ = 2_000;
const MAX_WRITE = 0x7b0;
/** Waveshare "Modbus RTU Relay" manual: 0x00FF is all relays, 0x0200 + n switches relay n on for a while. */
const ALL_RELAYS = 0x00ff;
const FLASH_ON = 0x0200;
const FLASH_STEP_MS = 100;
const MAX_FLASH_STEPS = 0x7fff;
export const MAX_FLASH_MS = MAX_FLASH_STEPS * FLASH_STEP_MS;

/** Carries out one request (functions 01, 02, 05, 0F) and answers it, if only with an exception. */
export function answerPdu(tables: ModbusTables, pdu: Uint8Array): Uint8Array {
  const [code = 0, addressHigh = 0, addressLow = 0, lastHigh = 0, lastLow = 0] = pdu;
  const [address, last] = [addressHigh * 256 + addressLow, lastHigh * 256 + lastLow];
  const done = obey();
  return typeof done === "number" ? Uint8Array.of(code | 0x80, done) : done;

  /** The answer, or the number of an exception. */
  function obey(): Uint8Array | number {
    switch (code) {
      case 0x01:
        return pdu.length === 5 ? read(tables.relays(), code, address, last) : ILLEGAL_VALUE;
      case 0x02:
        return pdu.length === 5 ? read(tables.inputs(), code, address, last) : ILLEGAL_VALUE;
      case 0x05:
        return pdu.length === 5 ? (writeOne(tables, address, last) ?? pdu.slice()) : ILLEGAL_VALUE;
      case 0x0f:
        return writeMany(tables, address, last, pdu.subarray(5)) ?? pdu.slice(0, 5);
      default:
        return ILLEGAL_FUNCTION;
    }
  }
}

function read(levels: readonly boolean[], code: number, address: number, count: number): Uint8Array | number {
  if (count < 1 || count > MAX_READ) return ILLEGAL_VALUE;
  if (address + count > levels.length) return ILLEGAL_ADDRESS;
  const bytes = new Uint8Array(Math.ceil(count / 8));
  for (let i = 0; i < count; i++) {
    if (levels[address + i] === true) bytes[i >> 3] = (bytes[i >> 3] ?? 0) | (1 << (i & 7));
  }
  return Uint8Array.of(code, bytes.length, ...bytes);
}

/** Null, or the number of an exception. */
function writeOne(tables: ModbusTables, address: number, value: number): number | null {
  const count = tables.relays().length;
  const flashed = address - FLASH_ON;
  if (tables.flash !== null && flashed >= 0 && flashed < count) {
    if (value < 1 || value > MAX_FLASH_STEPS) return ILLEGAL_VALUE;
    tables.flash(flashed, value * FLASH_STEP_MS);
    return null;
  }
  if (value !== 0xff00 && value !== 0x0000) return ILLEGAL_VALUE;
  if (address !== ALL_RELAYS && address >= count) return ILLEGAL_ADDRESS;
  const [first, end] = address === ALL_RELAYS ? [0, count] : [address, address + 1];
  for (let relay = first; relay < end; relay++) tables.write(relay, value !== 0);
  return null;
}

/** `data` is a count of bytes and then the levels, eight to a byte. */
function writeMany(tables: ModbusTables, address: number, count: number, data: Uint8Array): number | null {
  const bytes = Math.ceil(count / 8);
  if (count < 1 || count > MAX_WRITE || data[0] !== bytes || data.length !== 1 + bytes) return ILLEGAL_VALUE;
  if (address + count > tables.relays().length) return ILLEGAL_ADDRESS;
  for (let i = 0; i < count; i++) {
    tables.write(address + i, (((data[1 + (i >> 3)] ?? 0) >> (i & 7)) & 1) === 1);
  }
  return null;
}
