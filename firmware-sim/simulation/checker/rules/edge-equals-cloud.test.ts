import { describe, expect, it } from "vitest";
import type { Told } from "../../journal.ts";
import { createChecker } from "../checker.ts";
import type { CloudRows } from "../cloud-rows.ts";
import type { EdgeRows } from "../edge-rows.ts";
import { goodDay } from "../testing/day.ts";
import { cloudOf } from "../testing/gate-books.ts";
import { SCHEDULE } from "../testing/places.ts";

const EDGE = goodDay().gate.edge();

function judged(cloud: Partial<CloudRows>, edge: Partial<EdgeRows> = {}, ...told: readonly Told[]): string[] {
  const checker = createChecker(SCHEDULE, ["edge-equals-cloud"]);
  for (const one of told) checker.tell({ step: 1, atMs: 1, ...one });
  const state = { edge: { ...EDGE, ...edge }, cloud: { ...cloudOf(EDGE), ...cloud } };
  return checker.end({ step: 9, atMs: 9, ...state }).map(({ message }) => message);
}

const withRow = (changes: object): Partial<CloudRows> => {
  const [first, ...rest] = EDGE.books.payments;
  return { books: { ...EDGE.books, payments: [{ ...first, ...changes }, ...rest] } };
};
const ID = String(EDGE.books.payments[0]?.["payment_id"]);

describe("edge equals cloud", () => {
  it("on a good day, and where there is no cloud", () => {
    expect(judged({})).toEqual([]);
    const checker = createChecker(SCHEDULE, ["edge-equals-cloud"]);
    expect(checker.end({ step: 9, atMs: 9, edge: EDGE, cloud: null })).toEqual([]);
  });

  it("breaks where a field of a row differs", () => {
    expect(judged(withRow({ amount_minor: 201 }))).toEqual([
      `payments row ${ID} differs at the gate and in the cloud: amount_minor 200 and 201`,
    ]);
  });

  it("breaks where a row is on one side only", () => {
    const [, ...rest] = EDGE.books.payments;
    expect(judged({ books: { ...EDGE.books, payments: rest } })).toEqual([
      `the cloud has no payments row ${ID}`,
    ]);
    expect(judged({}, { books: { ...EDGE.books, payments: rest } })).toEqual([
      `the gate has no payments row ${ID}, the cloud has`,
    ]);
  });

  it("tells of many rows in a few lines", () => {
    const none = { ...EDGE.books, movements: [] };
    expect(judged({ books: none })).toHaveLength(4);
    expect(judged({ books: none })).toContain("2 more rows of movements differ");
  });

  it("breaks where the counts differ, the log is not committed, or a line is in quarantine", () => {
    expect(judged({ inside: 7 })).toEqual(["the gate counts 1 inside, the cloud 7"]);
    expect(judged({}, { log: { first: 1, last: 100, uploaded: 99 } })).toEqual([
      "the cloud has committed the gate's log up to line 99 of 100",
    ]);
    const line = { seq: 5, kind: "payment.taken", outcome: "quarantined", error: "no such stay" };
    expect(judged({ notApplied: [line] })).toEqual([
      "line 5 (payment.taken) of the log is quarantined in the cloud: no such stay",
    ]);
  });

  it("breaks where there are forks that nothing explains", () => {
    const forked = { forks: [{ seq: 5, hash: "ab" }] };
    expect(judged(forked)).toEqual(["1 lines of the log have the number of another, first 5"]);
    const restored: Told = { kind: "fault", id: 1, fault: "edge_restored", on: true, target: "" };
    expect(judged(forked, {}, restored)).toEqual([]);
  });

  it("excuses the subject of which a restore has set rows aside, and no other", () => {
    const aside = { conflicts: [{ tableName: "payments", row: "{}", reason: "" }] };
    expect(judged(withRow({ amount_minor: 201 }), aside)).toEqual([]);
    expect(judged({ books: { ...EDGE.books, movements: [] } }, aside)).toHaveLength(4);
  });

  it("excuses rows of a stay of which a restore has set something aside, and of no other", () => {
    const payments = EDGE.books.payments.map((row, index) => ({ ...row, stay_id: `stay-${index}` }));
    const [first, ...rest] = payments;
    const changed = { books: { ...EDGE.books, payments: [{ ...first, amount_minor: 201 }, ...rest] } };
    const asideOf = (stay: string) =>
      judged(changed, {
        books: { ...EDGE.books, payments },
        conflicts: [{ tableName: "receipts", row: JSON.stringify({ stay_id: stay }), reason: "taken" }],
      });
    expect(asideOf("stay-0")).toEqual([]);
    expect(asideOf("stay-1")).toHaveLength(1);
  });
});
