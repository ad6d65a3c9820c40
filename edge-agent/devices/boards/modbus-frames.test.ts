import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Parsed } from "../buses/request-bus.ts";
import {
  COIL_OFF,
  COIL_ON,
  type ModbusAnswer,
  type ModbusQuestion,
  modbusQuestion,
  type ModbusRequest,
} from "./modbus-frames.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(" ", ""), "hex"));
const hex = (data: Uint8Array): string => Buffer.from(data).toString("hex");

/** As the bus does it: skips what it is told to skip, until there is a verdict or nothing left. */
function hear(question: ModbusQuestion, received: Uint8Array): Parsed<ModbusAnswer> & { skipped: number } {
  let rest = received;
  let fault: Parsed<ModbusAnswer> = { kind: "more" };
  for (;;) {
    if (rest.length === 0) return { ...fault, skipped: received.length };
    const parsed = question.parse(rest);
    if (parsed.kind !== "skip") return { ...parsed, skipped: received.length - rest.length };
    expect(parsed.bytes).toBeGreaterThan(0);
    if (fault.kind === "more") fault = parsed;
    rest = rest.subarray(parsed.bytes);
  }
}

const inputs: ModbusRequest = { kind: "read", table: "inputs", address: 0, count: 8 };
const coils: ModbusRequest = { kind: "read", table: "coils", address: 0, count: 8 };
const flash: ModbusRequest = { kind: "write", address: 0x0200, value: 7 };
const levels = (text: string): boolean[] => Array.from(text, (digit) => digit === "1");

describe("a Modbus question on a serial line", () => {
  // From the manual of Waveshare's "Modbus RTU Relay", and from that of LC Technology's boards (unit 255).
  it.each<[string, number, ModbusRequest, string]>([
    ["a flash of 0.7 s", 1, flash, "01 05 02 00 00 07 8D B0"],
    ["a relay on", 1, { kind: "write", address: 0, value: COIL_ON }, "01 05 00 00 FF 00 8C 3A"],
    ["a relay off", 1, { kind: "write", address: 0, value: COIL_OFF }, "01 05 00 00 00 00 CD CA"],
    ["eight inputs", 255, inputs, "FF 02 00 00 00 08 6C 12"],
  ])("asks for %s", (_what, unit, request, frame) => {
    expect(hex(modbusQuestion("rtu", unit, request, 9).bytes)).toBe(hex(bytes(frame)));
  });

  it.each<[string, number, ModbusRequest, string, ModbusAnswer]>([
    ["inputs", 255, inputs, "FF 02 01 01 51 A0", { kind: "levels", levels: levels("10000000") }],
    ["the repeated write", 1, flash, "01 05 02 00 00 07 8D B0", { kind: "written" }],
    ["an exception", 1, inputs, "01 82 04 41 63", { kind: "exception", code: 4 }],
  ])("understands %s", (_what, unit, request, frame, value) => {
    const question = modbusQuestion("rtu", unit, request, 9);
    expect(hear(question, bytes(frame))).toEqual({ kind: "answer", value, skipped: 0 });
    if (value.kind !== "exception") expect(question.answerBytes).toBe(bytes(frame).length);
  });

  it.each([
    ["an answer of another unit", "02 02 01 00 A1 CC", "bytes that are not from unit 1 (first 0x02)"],
    ["an answer to another question", "01 01 01 00 51 88", "an answer to another question (0x01)"],
    ["a wrong checksum", "01 02 01 00 A1 89", "an answer with a wrong checksum"],
    ["an answer of another length", "01 02 02 00 00 B9 B8", "an answer of another length"],
    ["garbage", "00 ff 5a 0d", "bytes that are not from unit 1 (first 0x00)"],
  ])("takes %s for no answer, and hears the right one behind it", (_what, frame, reason) => {
    const question = modbusQuestion("rtu", 1, inputs, 9);
    expect(hear(question, bytes(frame))).toMatchObject({ kind: "skip", reason });
    expect(hear(question, bytes(`${frame} 01 02 01 00 A1 88`))).toMatchObject({ kind: "answer" });
  });

  it("finds out that the line echoes, also when the echo comes in pieces", () => {
    const question = modbusQuestion("rtu", 1, inputs, 9);
    for (let length = 1; length < 8; length++) {
      expect(question.parse(question.bytes.subarray(0, length))).toEqual({ kind: "more" });
    }
    const echoed = { kind: "bad", reason: "the line sends back what is said on it" };
    expect(question.parse(question.bytes)).toEqual(echoed);
    expect(question.parse(bytes(`${hex(question.bytes)} 01 02 01 00 A1 88`))).toEqual(echoed);
  });

  it("takes the echo of another write for no answer to this one", () => {
    const question = modbusQuestion("rtu", 1, { kind: "write", address: 0, value: COIL_ON }, 9);
    expect(hear(question, bytes("01 05 00 00 00 00 CD CA"))).toMatchObject({ kind: "skip" });
  });
});

describe("a Modbus question over TCP", () => {
  it("carries its number, and takes only the answer with the same", () => {
    const question = modbusQuestion("tcp", 1, coils, 0x1234);
    expect(hex(question.bytes)).toBe("123400000006010100000008");
    expect(question.answerBytes).toBe(10);
    const late = bytes("1233 0000 0004 01 01 01 ff");
    const answer = bytes("1234 0000 0004 01 01 01 81");
    expect(question.parse(late)).toEqual({ kind: "skip", bytes: late.length });
    expect(hear(question, Uint8Array.of(...late, ...answer))).toEqual({
      kind: "answer",
      value: { kind: "levels", levels: levels("10000001") },
      skipped: late.length,
    });
    expect(question.parse(bytes("1234 0000 0003 01 81 0b"))).toEqual({
      kind: "answer",
      value: { kind: "exception", code: 11 },
    });
  });

  it.each([
    ["another unit", "1234 0000 0004 09 01 01 00", "unit 9 answers in its place"],
    ["another function", "1234 0000 0004 01 02 01 00", "an answer to another question"],
    ["another length", "1234 0000 0005 01 01 02 00 00", "an answer to another question"],
  ])("takes the right number from %s for nonsense", (_what, frame, reason) => {
    expect(modbusQuestion("tcp", 1, coils, 0x1234).parse(bytes(frame))).toEqual({ kind: "bad", reason });
  });

  it("skips what is no Modbus TCP", () => {
    const question = modbusQuestion("tcp", 1, coils, 0x1234);
    const answer = hear(question, bytes("485454502f 1234 0000 0004 01 01 01 81"));
    expect(answer).toMatchObject({ kind: "answer", skipped: 5 });
    for (const header of ["1234 0000 ffff 01", "1234 0000 0002 01", "1234 0100 0004 01"]) {
      expect(question.parse(bytes(header))).toEqual({
        kind: "skip",
        bytes: 1,
        reason: "bytes that are no Modbus TCP",
      });
    }
  });
});

describe.each(["rtu", "tcp"] as const)("a parser of Modbus answers (%s)", (framing) => {
  const request = fc.oneof(
    fc.record({
      kind: fc.constant("read" as const),
      table: fc.constantFrom("coils" as const, "inputs" as const),
      address: fc.nat(0xffff),
      count: fc.integer({ min: 1, max: 64 }),
    }),
    fc.record({ kind: fc.constant("write" as const), address: fc.nat(0xffff), value: fc.nat(0xffff) }),
  );
  const unit = fc.integer({ min: 1, max: 247 });
  const number = fc.nat(0xffff);

  /** The answer of a board whose levels are all on, or none where the codec cannot make one: RTU needs a checksum. */
  function answerTo(asked: ModbusRequest, to: number, transaction: number): Uint8Array | null {
    if (asked.kind === "write") return modbusQuestion(framing, to, asked, transaction).bytes;
    if (framing === "rtu") return null;
    const size = Math.ceil(asked.count / 8);
    const pdu = [asked.table === "coils" ? 1 : 2, size, ...Array<number>(size).fill(0xff)];
    return Uint8Array.of(transaction >> 8, transaction & 0xff, 0, 0, 0, pdu.length + 1, to, ...pdu);
  }

  it("never throws, and always comes to an end", () => {
    fc.assert(
      fc.property(request, unit, number, fc.uint8Array({ maxLength: 1_200 }), (asked, to, id, garbage) => {
        // Most garbage does not even begin like an answer: here it does.
        const question = modbusQuestion(framing, to, asked, id);
        const beginning = question.bytes.subarray(0, framing === "rtu" ? 2 : 8);
        for (const received of [garbage, Uint8Array.of(...beginning, ...garbage)]) {
          expect(hear(question, received).skipped).toBeLessThanOrEqual(received.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("wants more of every beginning of an answer", () => {
    fc.assert(
      fc.property(request, unit, number, fc.nat(), (asked, to, id, where) => {
        const answer = answerTo(asked, to, id);
        if (answer === null) return;
        const question = modbusQuestion(framing, to, asked, id);
        expect(question.parse(answer)).toMatchObject({ kind: "answer" });
        expect(question.parse(answer.subarray(0, 1 + (where % (answer.length - 1))))).toEqual({
          kind: "more",
        });
      }),
    );
  });

  it("hears the answer behind noise that holds no beginning of one", () => {
    fc.assert(
      fc.property(request, unit, number, fc.nat(40), (asked, to, id, length) => {
        const answer = answerTo(asked, to, id);
        if (answer === null) return;
        // On TCP a frame begins with any two bytes, so the noise must be no header.
        const noise = new Uint8Array(length).fill(to === 0xff ? 0xfe : 0xff);
        const heard = hear(modbusQuestion(framing, to, asked, id), Uint8Array.of(...noise, ...answer));
        expect(heard).toMatchObject({ kind: "answer" });
      }),
    );
  });

  it("takes no answer with one wrong bit in it", () => {
    fc.assert(
      fc.property(request, unit, number, fc.nat(), fc.nat(7), (asked, to, id, where, bit) => {
        const answer = answerTo(asked, to, id);
        if (answer === null) return;
        // TCP guards its data itself; here it is the header that must fit.
        const at = where % (framing === "rtu" ? answer.length : 7);
        const spoilt = answer.slice();
        spoilt[at] = (spoilt[at] ?? 0) ^ (1 << bit);
        expect(hear(modbusQuestion(framing, to, asked, id), spoilt).kind).not.toBe("answer");
      }),
    );
  });
});
