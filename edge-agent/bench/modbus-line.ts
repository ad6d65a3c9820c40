import { createRequestBuses, type RequestBus, type RequestBuses } from "../devices/buses/request-bus.ts";
import { createModbusBoard, modbusBoardConfigSchema } from "../devices/boards/modbus-board.ts";

/**
 * How often four Modbus boards of 16 points each (8 inputs and 8 relays, units 1 to 4) on one RTU line are read whole:
 * 64 points. Prints one line of JSON, times in milliseconds; a cycle is the time from one image of a board's inputs to
 * its next. `limit_ms` is what the bytes that were exchanged and the silences between them (3.5 characters before and
 * behind each request) need at this speed, if nobody ever thinks.
 *
 *     modbus-line <serial port> [<seconds> [<baud>]]
 *
 * The boards, on the other end of the line (a pseudo-terminal has no speed of its own, so the boards must keep it):
 *
 *     parkme-sim device modbus --serial <other end> --baud 9600 --set unit=1-4 --set paced=on
 */
const [, , serial = "", seconds = "10", baud = "9600"] = process.argv;
const UNITS = [1, 2, 3, 4];
const READ_INPUTS = 0x02;
/** 8N1, and silences of 3.5 characters. */
const BITS_PER_BYTE = 10;
const GAP_CHARACTERS = 3.5;
const byteMs = (BITS_PER_BYTE * 1_000) / Number(baud);

const clock = { wallMs: () => Date.now(), monotonicMs: () => performance.now() };
const log = {
  debug: () => undefined,
  info: () => undefined,
  warn: (fields: object, message: string) => console.error(message, JSON.stringify(fields)),
};

let measuring = false;
let failures = 0;
let exchanges = 0;
let wireBytes = 0;
/** When a unit's inputs were last read. */
const readMs = new Map<number, number>();
const cycles: number[] = [];

/** Looks over the shoulder of the boards: what they ask, and when they are answered. */
function watched(bus: RequestBus): RequestBus {
  return {
    ...bus,
    async exchange(request) {
      let answerBytes = 0;
      const answer = await bus.exchange({
        ...request,
        parse:
          request.parse &&
          ((received) => {
            answerBytes = received.length;
            return request.parse?.(received) ?? { kind: "more" };
          }),
      });
      note(request.bytes, answerBytes, answer.ok);
      return answer;
    },
  };
}

function note(request: Uint8Array, answerBytes: number, answered: boolean): void {
  if (!measuring) return;
  const nowMs = performance.now();
  const [unit = 0, code] = request;
  exchanges += 1;
  wireBytes += request.length + answerBytes;
  if (!answered) failures += 1;
  if (!answered || code !== READ_INPUTS) return;
  const beforeMs = readMs.get(unit);
  if (beforeMs !== undefined) cycles.push(nowMs - beforeMs);
  readMs.set(unit, nowMs);
}

const buses = createRequestBuses({ clock, log });
const lines: RequestBuses = { open: (address) => watched(buses.open(address)) };
const known = new Set<number>();
const boards = UNITS.map((unit) => {
  const section = { name: `board-${unit}`, driver: "modbus", serial, baud: Number(baud), unit, poll_ms: 10 };
  const config = modbusBoardConfigSchema.parse(section);
  const board = createModbusBoard(config, { lines, clock, log, count: () => undefined });
  return { unit, board };
});

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

function percentile(sorted: readonly number[], part: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return value === undefined ? null : Math.round(value * 10) / 10;
}

for (const { unit, board } of boards) {
  await board.start((event) => {
    if (event.kind === "inputs") known.add(unit);
    if (event.kind === "lost") console.error(`unit ${unit}: ${event.reason}`);
  });
}
while (known.size < UNITS.length) await sleep(50);
measuring = true;
await sleep(Number(seconds) * 1_000);
measuring = false;
for (const { board } of boards) await board.stop();

const sorted = cycles.toSorted((a, b) => a - b);
const gapsMs = 2 * GAP_CHARACTERS * byteMs;
/** One question for the inputs and one for the relays of each board. */
const perCycle = 2 * UNITS.length;
process.stdout.write(
  `${JSON.stringify({
    boards: UNITS.length,
    points: UNITS.length * 16,
    baud: Number(baud),
    cycles: sorted.length,
    failures,
    cycle_p50_ms: percentile(sorted, 0.5),
    cycle_p99_ms: percentile(sorted, 0.99),
    limit_ms: Math.round(perCycle * ((wireBytes / exchanges) * byteMs + gapsMs) * 10) / 10,
  })}\n`,
);
