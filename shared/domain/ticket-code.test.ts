import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { mintTicketNumber } from "./ids.ts";
import {
  type CodePayload,
  packPayload,
  readCode,
  serialOfTicket,
  ticketOfSerial,
  writeCode,
} from "./ticket-code.ts";

const PAYLOAD: CodePayload = {
  kind: "ticket",
  keyId: 0xa1b2,
  facility: 0xc3d4e5f60718,
  serial: 0x5_1234_5678,
  issuedSeconds: 0x6a000001,
  windowHours: 2_160,
  about: 0xfedcba98,
};
const SIGNATURE = Uint8Array.from({ length: 64 }, (_, i) => i * 3);

const payloads = fc.record({
  kind: fc.constantFrom("ticket" as const, "validation" as const, "reservation" as const),
  keyId: fc.integer({ min: 0, max: 0xffff }),
  facility: fc.maxSafeNat().map((n) => n % 2 ** 48),
  serial: fc.maxSafeNat().map((n) => n % 2 ** 35),
  issuedSeconds: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  windowHours: fc.integer({ min: 0, max: 0xffff }),
  about: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
});
const signatures = fc.uint8Array({ minLength: 64, maxLength: 64 });

describe("the text of a code", () => {
  it("has its fields where the layout says", () => {
    expect(Buffer.from(packPayload(PAYLOAD)).toString("hex")).toBe(
      ["11", "a1b2", "c3d4e5f60718", "0512345678", "6a000001", "0870", "fedcba98"].join(""),
    );
  });

  it("is 132 characters that give everything back, also when a scanner drops the blank it begins with", () => {
    let blanks = 0;
    fc.assert(
      fc.property(payloads, signatures, (payload, signature) => {
        const text = writeCode(packPayload(payload), signature);
        expect(text).toHaveLength(132);
        if (text.startsWith(" ")) blanks += 1;
        for (const read of [text, text.trim()]) {
          const code = readCode(read);
          if (code.kind !== "code") throw new Error(code.kind);
          expect(code.payload).toEqual(payload);
          expect(code.signed).toEqual(packPayload(payload));
          expect(code.signature).toEqual(signature);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(blanks, "codes that begin with a blank").toBeGreaterThan(0);
  });

  it.each([
    { keyId: 0x1_0000 },
    { facility: 2 ** 48 },
    { serial: 2 ** 35 },
    { issuedSeconds: 2 ** 32 },
    { issuedSeconds: 1.5 },
    { windowHours: -1 },
    { about: Number.NaN },
  ])("is not made of %o", (wrong) => {
    expect(() => packPayload({ ...PAYLOAD, ...wrong })).toThrow("of a code must be");
  });

  it("is known as damaged also where a scanner has dropped the blank it begins with", () => {
    const keyIds = Array.from({ length: 0x1_0000 }, (_, keyId) => keyId);
    const text = keyIds
      .map((keyId) => writeCode(packPayload({ ...PAYLOAD, keyId }), SIGNATURE))
      .find((each) => each.startsWith(" "));
    expect(readCode(text?.slice(1, 60) ?? "")).toEqual({ kind: "damaged", facility: PAYLOAD.facility });
  });

  it("is not ours in another version or kind, or where the spare bits are used", () => {
    for (const [at, value] of [
      [0, 0x21],
      [0, 0x14],
      [0, 0x10],
      [9, 8],
    ] as const) {
      const signed = packPayload(PAYLOAD);
      signed[at] = value;
      expect(readCode(writeCode(signed, SIGNATURE)).kind).toBe("foreign");
    }
  });

  it("is known as damaged by its beginning or its look, and else is another code", () => {
    const text = writeCode(packPayload(PAYLOAD), SIGNATURE);
    expect(readCode(text.slice(0, 80))).toEqual({ kind: "damaged", facility: PAYLOAD.facility });
    expect(readCode(`${text}0`)).toEqual({ kind: "damaged", facility: PAYLOAD.facility });
    for (const broken of [`é${text.slice(1)}`, `${text.slice(0, -1)}:`, `é${text.slice(2)}`])
      expect(readCode(broken)).toEqual({ kind: "damaged", facility: null });
    expect(readCode(text.slice(20)).kind).toBe("other");
    for (const other of ["", "PKM-A3F7B2C1", "k7Q2-9f", "https://example.org/".padEnd(132, "abc")])
      expect(readCode(other).kind).toBe("other");
  });

  it("is read without an error whatever it is", () => {
    const text = writeCode(packPayload(PAYLOAD), SIGNATURE);
    const near = fc
      .tuple(fc.nat(131), fc.string({ unit: "binary", maxLength: 3 }), fc.nat(3))
      .map(([at, inserted, removed]) => text.slice(0, at) + inserted + text.slice(at + removed));
    fc.assert(
      fc.property(fc.oneof(near, fc.string({ unit: "binary", maxLength: 400 })), (read) => {
        const reading = readCode(read);
        if (reading.kind === "code")
          expect(writeCode(reading.signed, reading.signature).trim()).toBe(read.trim());
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the bits of a ticket number", () => {
  it("give the number back", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 7, maxLength: 7 }), (random) => {
        const number = mintTicketNumber(() => random);
        const serial = serialOfTicket(number);
        expect(serial).toBeLessThan(2 ** 35);
        expect(ticketOfSerial(serial)).toBe(number);
      }),
    );
  });
});
