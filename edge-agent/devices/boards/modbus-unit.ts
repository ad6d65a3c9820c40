import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { ExchangeFailure, RequestBus } from "../buses/request-bus.ts";
import type { Count } from "../log.ts";
import {
  type ModbusAnswer,
  type ModbusFraming,
  modbusQuestion,
  type ModbusRequest,
} from "./modbus-frames.ts";

/** Why a question has no answer, in words for an attendant. `undone` = the unit has surely done nothing about it. */
export type ModbusFailure = { readonly reason: string; readonly undone: boolean };

export type WriteOptions = {
  /** Monotonic: not sent after this. */
  readonly deadlineMs?: number;
};

/** One unit on a line that it may share with others. */
export type ModbusUnit = {
  /** Levels of relays (`coils`) or of inputs, from `address` on. */
  readonly read: (
    table: "coils" | "inputs",
    address: number,
    count: number,
  ) => Promise<Result<readonly boolean[], ModbusFailure>>;
  /** Writes one coil, before all reads that wait; it is written when the unit has repeated it. */
  readonly write: (
    address: number,
    value: number,
    options?: WriteOptions,
  ) => Promise<Result<null, ModbusFailure>>;
};

export type ModbusUnitOptions = {
  readonly bus: RequestBus;
  readonly framing: ModbusFraming;
  readonly unit: number;
  /** How long the unit may take to answer, beside the answer's time on the wire. */
  readonly answerMs: number;
  /** Time on the wire of one byte; 0 where that is not known. */
  readonly byteMs: number;
  readonly count: Count;
};

/** MODBUS Application Protocol V1.1b3, section 7. */
const EXCEPTIONS: Readonly<Record<number, { readonly text: string; readonly undone: boolean }>> = {
  1: { text: "it does not know this function", undone: true },
  2: { text: "it has no such address", undone: true },
  3: { text: "it does not take this value", undone: true },
  4: { text: "it failed", undone: false },
  5: { text: "it needs more time", undone: false },
  6: { text: "it is busy", undone: true },
  10: { text: "the gateway has no way to it", undone: true },
  11: { text: "it does not answer its gateway", undone: false },
};

export function createModbusUnit(options: ModbusUnitOptions): ModbusUnit {
  const { bus, framing, unit, answerMs, byteMs, count } = options;
  let asked = 0;

  async function ask(
    request: ModbusRequest,
    more: WriteOptions & { readonly urgent: boolean },
  ): Promise<Result<readonly boolean[], ModbusFailure>> {
    asked = (asked + 1) & 0xff;
    // Units behind one gateway count apart, so that no two of them use the same number at the same time.
    const { bytes, answerBytes, parse } = modbusQuestion(framing, unit, request, (unit << 8) | asked);
    const timeoutMs = answerMs + answerBytes * byteMs;
    const answer = await bus.exchange<ModbusAnswer>({ bytes, parse, timeoutMs, ...more });
    if (!answer.ok) return err(failureOf(answer.error));
    switch (answer.value.kind) {
      case "levels":
        return ok(answer.value.levels);
      case "written":
        return ok([]);
      case "exception":
        return err(exceptionOf(answer.value.code));
    }
  }

  function failureOf({ kind, reason }: ExchangeFailure): ModbusFailure {
    switch (kind) {
      case "silent":
        count("modbus_silent");
        return { reason: `unit ${unit} does not answer (${reason})`, undone: false };
      case "bad":
        count("modbus_bad_answer");
        return { reason: `unit ${unit} answers nonsense: ${reason}`, undone: false };
      case "down":
      case "full":
      case "late":
        return { reason, undone: true };
    }
  }

  function exceptionOf(code: number): ModbusFailure {
    count("modbus_exception");
    const { text, undone } = EXCEPTIONS[code] ?? { text: "unknown", undone: false };
    return { reason: `unit ${unit} refuses (exception ${code}): ${text}`, undone };
  }

  return {
    read: (table, address, quantity) =>
      ask({ kind: "read", table, address, count: quantity }, { urgent: false }),
    async write(address, value, writing = {}) {
      const written = await ask({ kind: "write", address, value }, { urgent: true, ...writing });
      return written.ok ? ok(null) : written;
    },
  };
}
