import { startTcpPeer } from "./tcp-peer.ts";

/** What one unit has, and what is wrong with it. */
export type SlaveUnit = {
  readonly coils: boolean[];
  readonly inputs: boolean[];
  /** `mute` hears nothing; `deaf` obeys, but its answers get lost; a number is the exception it always answers with. */
  fault: "mute" | "deaf" | number | null;
  /** Writes that it obeys, but whose answers get lost: `0005 ff00`. */
  readonly lost: Set<string>;
  /** Answers to this function are made, but kept back until it is null again. */
  slow: number | null;
};

/**
 * Modbus TCP boards behind one address, written from the standard's text for tests of the driver: functions 01, 02 and
 * 05, eight coils and eight inputs each, and a flash at 0x0200 that a test must end itself.
 */
export async function startModbusSlave(numbers: readonly number[] = [1]) {
  const units = new Map<number, SlaveUnit>(
    numbers.map((number) => [
      number,
      { coils: Array(8).fill(false), inputs: Array(8).fill(false), fault: null, lost: new Set(), slow: null },
    ]),
  );
  const asked: string[] = [];
  const kept: (() => void)[] = [];
  let pending = Buffer.alloc(0);
  const peer = await startTcpPeer((text, socket) => {
    pending = Buffer.concat([pending, Buffer.from(text, "latin1")]);
    while (pending.length >= 12) {
      const request = pending.subarray(0, 12);
      pending = pending.subarray(12);
      const number = request.readUInt8(6);
      const body = request.subarray(7).toString("hex");
      const unit = units.get(number);
      if (unit === undefined || unit.fault === "mute") continue;
      asked.push(`${number} ${body.slice(0, 2)} ${body.slice(2, 6)} ${body.slice(6)}`);
      const answer = answerOf(unit, request.subarray(7));
      if (unit.fault === "deaf" || unit.lost.has(`${body.slice(2, 6)} ${body.slice(6)}`)) continue;
      const frame = Buffer.concat([request.subarray(0, 5), Buffer.of(answer.length + 1, number), answer]);
      if (unit.slow === answer[0]) kept.push(() => socket.write(frame));
      else socket.write(frame);
    }
  });
  const unit = (number = 1): SlaveUnit => {
    const found = units.get(number);
    if (found === undefined) throw new Error(`no unit ${number}`);
    return found;
  };
  return {
    ...peer,
    unit,
    /** Gives out the answers that were kept back. */
    giveOut: () => {
      for (const give of kept.splice(0)) give();
    },
    /** What was heard so far, as `unit function address value`. */
    asked,
    /** The writes among them, without the unit: `0200 0005`. */
    writes: (number = 1): string[] =>
      asked
        .filter((line) => line.startsWith(`${number} 05 `))
        .map((line) => line.slice(`${number} 05 `.length)),
    stop: () => peer.down().catch(() => undefined),
  };
}
export type ModbusSlave = Awaited<ReturnType<typeof startModbusSlave>>;

function answerOf(unit: SlaveUnit, pdu: Buffer): Buffer {
  const [code, address, value] = [pdu.readUInt8(0), pdu.readUInt16BE(1), pdu.readUInt16BE(3)];
  if (typeof unit.fault === "number") return Buffer.of(code | 0x80, unit.fault);
  if (code === 5) {
    unit.coils[address & 0x1ff] = value !== 0;
    return pdu;
  }
  const levels = (code === 1 ? unit.coils : unit.inputs).slice(address, address + value);
  return Buffer.of(
    code,
    1,
    levels.reduce((byte, on, bit) => byte | (on ? 1 << bit : 0), 0),
  );
}
