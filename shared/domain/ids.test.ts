import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { asId, createIdMint, isUuid, mintTicketNumber, parseTicketNumber, type StayId } from "./ids.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Bytes that are different each time and the same in each run. */
function countingBytes() {
  let n = 0;
  return (length: number): Uint8Array => Uint8Array.from({ length }, () => (n = (n * 31 + 7) & 0xff));
}

const timeOf = (id: string): number => Number.parseInt(id.replaceAll("-", "").slice(0, 12), 16);
const counterOf = (id: string): number => Number.parseInt(id.slice(15, 18), 16);

describe("ids", () => {
  it("are laid out as RFC 9562 says: 48 bits of time, version 7, a counter, variant 10, 62 random bits", () => {
    const mint = createIdMint((length) => new Uint8Array(length).fill(0xff));
    expect(mint.next(0x017f22e279b0)).toBe("017f22e2-79b0-7000-bfff-ffffffffffff");
    const zeros = createIdMint((length) => new Uint8Array(length));
    expect(zeros.next(0x017f22e279b0)).toBe("017f22e2-79b0-7000-8000-000000000000");
  });

  it("ask for exactly the random bytes they use", () => {
    const asked: number[] = [];
    const mint = createIdMint((length) => (asked.push(length), new Uint8Array(length)));
    mint.next(1_000);
    expect(asked).toEqual([8]);
  });

  it("count up within one millisecond, also when the clock tells fractions of it", () => {
    const mint = createIdMint(() => new Uint8Array(8));
    const ids = [mint.next(5_000), mint.next(5_000.2), mint.next(5_000.9), mint.next(5_001)];
    expect(ids.map(timeOf)).toEqual([5_000, 5_000, 5_000, 5_001]);
    expect(ids.map(counterOf)).toEqual([0, 1, 2, 0]);
  });

  it("carry into the time when 4096 are minted in one millisecond, and go on from there", () => {
    const mint = createIdMint(() => new Uint8Array(8));
    const ids = Array.from({ length: 4_098 }, () => mint.next(1_000));
    expect(timeOf(ids[4_095] ?? "")).toBe(1_000);
    expect(counterOf(ids[4_095] ?? "")).toBe(0xfff);
    expect([timeOf(ids[4_096] ?? ""), counterOf(ids[4_096] ?? "")]).toEqual([1_001, 0]);
    // The clock reaches the borrowed millisecond: the counter of it goes on.
    const next = mint.next(1_001);
    expect([timeOf(next), counterOf(next)]).toEqual([1_001, 2]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("strictly increase whatever the clock does", () => {
    const moments = fc.oneof(
      fc.integer({ min: 0, max: 2 ** 42 }),
      fc.double({ min: 0, max: 2 ** 42, noNaN: true }),
      fc.constantFrom(-1, -1e15, Number.NaN, 0),
    );
    fc.assert(
      fc.property(fc.array(moments, { minLength: 2, maxLength: 50 }), (clock) => {
        const mint = createIdMint(countingBytes());
        const ids = clock.map((at) => mint.next<StayId>(at));
        for (const id of ids) expect(isUuid(id)).toBe(true);
        expect(ids).toEqual(ids.toSorted());
        expect(new Set(ids).size).toBe(ids.length);
      }),
    );
  });

  it("keep the order of the clock's last step forward when it steps back by years", () => {
    const mint = createIdMint(countingBytes());
    const before = mint.next(Date.UTC(2036, 0, 1));
    const after = mint.next(Date.UTC(2026, 0, 1));
    expect(after > before).toBe(true);
    expect(timeOf(after)).toBe(Date.UTC(2036, 0, 1));
  });

  it("are recognised in lower case only, and nothing else is", () => {
    expect(isUuid("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")).toBe(true);
    for (const text of [
      "",
      "017F22E2-79B0-7CC3-98C4-DC0C0C07398F",
      "017f22e279b07cc398c4dc0c0c07398f",
      "017f22e2-79b0-7cc3-18c4-dc0c0c07398f",
      "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
      "../017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
      "00000000-0000-0000-0000-000000000000",
    ]) {
      expect(isUuid(text)).toBe(false);
      expect(() => asId(text)).toThrow(TypeError);
    }
  });

  it("do not repeat a long wrong text in the error", () => {
    expect(() => asId("x".repeat(10_000))).toThrow(/^not a UUID: x{40}$/);
  });
});

const bodies = fc
  .array(fc.integer({ min: 0, max: 31 }), { minLength: 7, maxLength: 7 })
  .map((values) => mintTicketNumber(() => Uint8Array.from(values)));
const positions = fc.integer({ min: 0, max: 7 });

describe("ticket numbers", () => {
  it("are PKM- and eight characters that nobody mistakes for one another", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 7, maxLength: 7 }), (bytes) => {
        const number = mintTicketNumber(() => bytes);
        expect(number).toMatch(/^PKM-[0-9A-HJKMNP-TV-Z]{8}$/);
        expect(parseTicketNumber(number)).toBe(number);
      }),
    );
  });

  it("use all their random bits", () => {
    const numbers = new Set<string>();
    for (let position = 0; position < 7; position++)
      for (let value = 0; value < 32; value++) {
        const bytes = new Uint8Array(7);
        bytes[position] = value;
        numbers.add(mintTicketNumber(() => bytes));
      }
    expect(numbers.size).toBe(7 * 31 + 1);
  });

  it("catch every single wrong character", () => {
    fc.assert(
      fc.property(bodies, positions, fc.integer({ min: 1, max: 31 }), (number, at, by) => {
        const body = number.slice(4).split("");
        body[at] = ALPHABET[(ALPHABET.indexOf(body[at] ?? "") + by) % 32] ?? "";
        expect(parseTicketNumber(`PKM-${body.join("")}`)).toBeNull();
      }),
      { numRuns: 2_000 },
    );
  });

  it("catch every swap of neighbours but that of 0 and Z", () => {
    const uncaught = new Set<string>();
    for (const a of ALPHABET)
      for (const b of ALPHABET)
        for (let at = 0; at < 6 && a !== b; at++) {
          const values = Array.from({ length: 7 }, (_, i) =>
            ALPHABET.indexOf(i === at ? a : i === at + 1 ? b : "7"),
          );
          const body = mintTicketNumber(() => Uint8Array.from(values))
            .slice(4)
            .split("");
          [body[at], body[at + 1]] = [b, a];
          if (parseTicketNumber(body.join("")) !== null) uncaught.add(a + b);
        }
    expect([...uncaught].toSorted()).toEqual(["0Z", "Z0"]);
  });

  it("are read as people type them: any case, spaces and dashes anywhere, O for 0, I and L for 1", () => {
    const number = mintTicketNumber(() => Uint8Array.from([0, 1, 2, 3, 4, 5, 6]));
    expect(number).toMatch(/^PKM-0123456/);
    const check = number.slice(-1);
    for (const typed of [
      number.toLowerCase(),
      number.replace("PKM-", ""),
      `  pkm 0123 456${check} `,
      `P-K-M-01-23-45-6${check}`,
      `PKM-OI23456${check}`,
      `pkm-ol23456${check.toLowerCase()}`,
      `\t${number}\n`,
    ])
      expect(parseTicketNumber(typed)).toBe(number);
  });

  it("may begin with PKM themselves and be keyed in without the prefix", () => {
    const number = mintTicketNumber(() => Uint8Array.from(Array.from("PKM1234", (c) => ALPHABET.indexOf(c))));
    expect(number).toMatch(/^PKM-PKM1234/);
    expect(parseTicketNumber(number)).toBe(number);
    expect(parseTicketNumber(number.slice(4))).toBe(number);
  });

  it("are null for anything else, whatever its length", () => {
    for (const text of ["", "PKM-", "PKM-1234567", "PKM-123456789", "PKM-UUUUUUUU", "0".repeat(1e6)])
      expect(parseTicketNumber(text)).toBeNull();
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (text) => {
        const number = parseTicketNumber(text);
        if (number !== null) expect(parseTicketNumber(number)).toBe(number);
      }),
    );
  });
});
