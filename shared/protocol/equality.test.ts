import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  bookEntry,
  dayOf,
  digestBook,
  inOrder,
  readBookText,
  ROW_FIELDS,
  spanOf,
  type BookEntry,
  type BookRow,
} from "./equality.ts";
import { dayDigestSchema, EQUALITY_SUBJECTS } from "./link-facts.ts";

/** Of a text its own: what a hash would do, and readable. */
const plain = (text: string): string => text;
const PAGE = { day: "2026-03-01", subject: "ledger" } as const;

function entry(id: string, amountMinor = 0, text = `["${id}"]`): BookEntry {
  return { id, text, amountMinor };
}

/** A row with something in every field. */
function rowOf(subject: (typeof EQUALITY_SUBJECTS)[number], more: BookRow = {}): BookRow {
  const fields = ROW_FIELDS[subject].map((field) => [field, field.endsWith("at") ? 0 : field] as const);
  return { ...Object.fromEntries(fields), ...more };
}

describe("the text of a row", () => {
  it.each(EQUALITY_SUBJECTS)("of %s can be read again", (subject) => {
    const row = rowOf(subject);
    const { id, text } = bookEntry(subject, row);
    expect(id).toBe(row[ROW_FIELDS[subject][0]]);
    const expected = Object.fromEntries(
      Object.entries(row).map(([field, value]) => [field, value === 0 ? "1970-01-01T00:00:00.000Z" : value]),
    );
    expect(readBookText(subject, text)).toEqual(expected);
  });

  it("has times as text, what is no time as it is, and amounts as the subject's own", () => {
    const row = rowOf("shifts", { closed_at: Date.UTC(2026, 1, 28, 23, 59, 59, 999), opened_at: 1e300 });
    const { text, amountMinor } = bookEntry("shifts", { ...row, counted_minor: 250, z_number: null });
    expect(text).toContain('"2026-02-28T23:59:59.999Z"');
    expect(text).toContain("1e+300");
    expect(amountMinor).toBe(250);
    expect(bookEntry("stays", rowOf("stays", { fee_minor: null })).amountMinor).toBe(0);
  });

  it("does not depend on the order of keys within a value", () => {
    const [one, other] = ['{"kind":"minutes","minutes":5}', '{ "minutes": 5, "kind": "minutes" }'].map(
      (value) => bookEntry("validations", rowOf("validations", { value })).text,
    );
    expect(one).toBe(other);
    expect(bookEntry("validations", rowOf("validations", { value: "no JSON" })).text).toContain('"no JSON"');
  });

  it("is not made of a row that was not read whole", () => {
    const { hash: _hash, ...row } = rowOf("receipts");
    expect(() => bookEntry("receipts", row)).toThrow("no hash in a row of receipts");
  });

  it.each(["", "[]", "{}", "null", "[1,2", '["only an id"]', `["${"x".repeat(10)}",[]]`])(
    "is nothing for people where it is none: %s",
    (text) => {
      expect(readBookText("payments", text)).toBeNull();
    },
  );
});

describe("the digest of a day", () => {
  it("does not depend on the order in which rows were read, and says every difference", () => {
    const entries = fc.uniqueArray(
      fc.record({ id: fc.string({ minLength: 1 }), text: fc.string(), amountMinor: fc.integer() }),
      { selector: ({ id }) => id, maxLength: 20 },
    );
    fc.assert(
      fc.property(entries, fc.infiniteStream(fc.nat()), fc.nat(), (rows, order, at) => {
        const digest = digestBook(PAGE, rows, plain);
        const mixed = rows.map((row) => ({ row, place: order.next().value ?? 0 }));
        const shuffled = mixed.toSorted((a, b) => a.place - b.place).map(({ row }) => row);
        expect(digestBook(PAGE, shuffled, plain)).toEqual(digest);
        if (rows.length === 0) return;
        const without = rows.filter((_row, i) => i !== at % rows.length);
        expect(digestBook(PAGE, without, plain)).not.toEqual(digest);
        const changed = rows.map((row, i) =>
          i === at % rows.length ? { ...row, text: `${row.text}!` } : row,
        );
        expect(digestBook(PAGE, changed, plain)).not.toEqual(digest);
      }),
    );
  });

  it("puts numbers in the order of their texts", () => {
    expect(inOrder([entry("10"), entry("9"), entry("1")]).map(({ id }) => id)).toEqual(["1", "10", "9"]);
  });

  it("of no rows is that of nothing", () => {
    expect(digestBook(PAGE, [], plain)).toEqual({ ...PAGE, count: 0, amount_minor: 0, digest: "" });
  });

  it("sums money, up to what a report can say", () => {
    const sum = (...amounts: number[]) =>
      digestBook(
        PAGE,
        amounts.map((amount, i) => entry(String(i), amount)),
        () => "0".repeat(64),
      );
    expect(sum(100, -30, 0).amount_minor).toBe(70);
    for (const large of [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      expect(sum(large, large).amount_minor).toBe(large);
      expect(dayDigestSchema.safeParse(sum(large, large)).success).toBe(true);
    }
  });
});

describe("days", () => {
  it("are from midnight to midnight in UTC, and none where no calendar goes", () => {
    const anyTime = fc.integer({ min: Date.UTC(1, 0, 1), max: Date.UTC(9_999, 11, 31) });
    fc.assert(
      fc.property(anyTime, (ms) => {
        const day = dayOf(ms);
        if (day === null) return expect(ms).toBeLessThan(Date.parse("0001-01-01T00:00:00Z"));
        const { fromMs, toMs } = spanOf(day);
        expect(ms).toBeGreaterThanOrEqual(fromMs);
        expect(ms).toBeLessThan(toMs);
        return undefined;
      }),
    );
    expect(dayOf(Date.UTC(2026, 1, 28, 23, 59, 59, 999))).toBe("2026-02-28");
    expect(dayOf(Date.UTC(2026, 2, 1))).toBe("2026-03-01");
    for (const ms of [Number.NaN, Infinity, -Infinity, 8.64e15, -8.64e15, Date.UTC(10_000, 0, 1)])
      expect(dayOf(ms)).toBeNull();
  });
});
