import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_LIST_ENTRIES } from "@parkme/shared/protocol/list-entries";
import { MAX_LIST_CHARACTERS, parseLists } from "./list-file.ts";

const PERMIT = {
  id: "P-1",
  plates: ["B-AB 1234"],
  cards: [" 04a1b2c3 "],
  account: "Acme",
  valid_from: "2026-01-01T00:00:00Z",
  valid_until: "2027-01-01T00:00:00+01:00",
};
const RESERVATION = {
  id: "R-1",
  plates: ["b cd 5678"],
  codes: ["K7Q2-9F"],
  from: "2026-03-01T09:00:00Z",
  until: "2026-03-01T18:00:00Z",
  early_minutes: 15,
};
const FILE = { version: "2026-03-01", permits: [PERMIT], reservations: [RESERVATION] };

const parse = (file: unknown) => parseLists(JSON.stringify(file), ["staff"]);
function problemsOf(file: unknown): string[] {
  const parsed = parse(file);
  return parsed.ok ? [] : parsed.error.map(({ path, message }) => `${path}: ${message}`);
}

describe("a list file", () => {
  it("is read with plates, cards and codes as they are compared, and times as moments", () => {
    const blocked = [{ plate: "b xy 99", reason: "house ban" }];
    const read = parse({
      ...FILE,
      as_of: "2026-03-01T04:00:00Z",
      permits: [{ ...PERMIT, spaces: 2, zone: "staff", pass: "workdays" }],
      blocked,
    });
    expect(read).toEqual({
      ok: true,
      value: {
        version: "2026-03-01",
        asOfMs: Date.UTC(2026, 2, 1, 4),
        permits: [
          {
            id: "P-1",
            plates: ["BAB1234"],
            cards: ["04A1B2C3"],
            account: "Acme",
            fromMs: Date.UTC(2026, 0, 1),
            untilMs: Date.UTC(2026, 11, 31, 23),
            spaces: 2,
            zone: "staff",
            pass: "workdays",
          },
        ],
        reservations: [
          {
            id: "R-1",
            plates: ["BCD5678"],
            codes: ["K7Q2-9F"],
            fromMs: Date.UTC(2026, 2, 1, 8, 45),
            reservedFromMs: Date.UTC(2026, 2, 1, 9),
            untilMs: Date.UTC(2026, 2, 1, 18),
            zone: null,
          },
        ],
        blocked: [{ plate: "BXY99", reason: "house ban" }],
        watched: [],
      },
    });
  });

  it("may leave out what it has none of", () => {
    expect(parse({ version: "1" })).toMatchObject({ ok: true, value: { permits: [], asOfMs: null } });
    const { plates: _plates, cards: _cards, ...bare } = PERMIT;
    expect(parse({ version: "1", permits: [bare] })).toMatchObject({
      value: { permits: [{ plates: [], cards: [], spaces: null, zone: null, pass: null }] },
    });
  });

  it.each<[string, unknown, string]>([
    ["no version", { permits: [] }, "version"],
    ["a key that is not known", { ...FILE, permit: [] }, ""],
    ["a plate of nothing", { ...FILE, permits: [{ ...PERMIT, plates: ["B", "--"] }] }, "permits.0.plates.0"],
    ["a card of nothing", { ...FILE, permits: [{ ...PERMIT, cards: [" "] }] }, "permits.0.cards.0"],
    [
      "a card that nobody can type",
      { ...FILE, permits: [{ ...PERMIT, cards: ["\u0007"] }] },
      "permits.0.cards.0",
    ],
    [
      "a code that reads as a ticket",
      { ...FILE, reservations: [{ ...RESERVATION, codes: ["PKM-00000000"] }] },
      "reservations.0.codes.0",
    ],
    [
      "a time without a zone",
      { ...FILE, permits: [{ ...PERMIT, valid_from: "2026-01-01T00:00:00" }] },
      "permits.0.valid_from",
    ],
    [
      "an end before its beginning",
      { ...FILE, permits: [{ ...PERMIT, valid_until: PERMIT.valid_from }] },
      "permits.0.valid_until",
    ],
    [
      "an end at its beginning",
      { ...FILE, reservations: [{ ...RESERVATION, until: RESERVATION.from }] },
      "reservations.0.until",
    ],
    ["no spaces at all", { ...FILE, permits: [{ ...PERMIT, spaces: 0 }] }, "permits.0.spaces"],
    ["a zone that there is not", { ...FILE, permits: [{ ...PERMIT, zone: "attic" }] }, "permits.0.zone"],
    ["the same id twice", { ...FILE, permits: [PERMIT, PERMIT] }, "permits.1.id"],
    ["a ban without a reason", { ...FILE, blocked: [{ plate: "BXY99" }] }, "blocked.0.reason"],
    [
      "too many plates",
      { ...FILE, permits: [{ ...PERMIT, plates: Array(51).fill("BAB1234") }] },
      "permits.0.plates",
    ],
  ])("with %s is refused, and told where", (_what, file, path) => {
    const paths = problemsOf(file).map((problem) => problem.split(":")[0]);
    expect(paths).toContain(path);
  });

  it("is told of every problem at once, up to a hundred", () => {
    const bad = { ...PERMIT, plates: ["-"], cards: [""], spaces: -1 };
    expect(problemsOf({ ...FILE, permits: [bad, { ...bad, id: "P-2" }] })).toHaveLength(6);
    const many = Array.from({ length: 300 }, (_, i) => ({ ...bad, id: `P-${i}` }));
    expect(problemsOf({ ...FILE, permits: many })).toHaveLength(100);
    const twice = Array.from({ length: 300 }, () => PERMIT);
    expect(problemsOf({ ...FILE, permits: twice })).toHaveLength(100);
  });

  it("may have so many entries over all lists, and not one more", () => {
    const listed = (n: number) => Array.from({ length: n }, () => ({ plate: "BXY99", reason: "r" }));
    const half = MAX_LIST_ENTRIES / 2;
    expect(problemsOf({ version: "1", blocked: listed(half), watched: listed(half) })).toEqual([]);
    expect(problemsOf({ version: "1", blocked: listed(half), watched: listed(half + 1) })).toEqual([
      ": has 200001 entries; 200000 is the most",
    ]);
  });

  it("that is too long is refused unread", () => {
    const long = parseLists(" ".repeat(MAX_LIST_CHARACTERS + 1), []);
    expect(long).toMatchObject({
      ok: false,
      error: [{ path: "", message: expect.stringContaining("longer") }],
    });
  });

  it("that is no JSON, or other JSON, is refused", () => {
    for (const text of ["", "{", "[1]", "null", '"list"', "{}"]) expect(parseLists(text, []).ok).toBe(false);
  });
});

describe("any text", () => {
  it("is read or refused, and never throws", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json({ maxDepth: 5 })), (text) => {
        expect(parseLists(text, []).ok).toBe(false);
      }),
    );
  });

  it("in the place of a good value is refused or means what it says", () => {
    const field = fc.constantFrom(...Object.keys(PERMIT), "spaces", "zone");
    fc.assert(
      fc.property(field, fc.jsonValue(), (name, value) => {
        const read = parse({ ...FILE, permits: [{ ...PERMIT, [name]: value }] });
        if (!read.ok) expect(read.error.length).toBeGreaterThan(0);
        else expect(read.value.permits).toHaveLength(1);
      }),
    );
  });
});
