import { createHash } from "node:crypto";
import { GENESIS_HASH, lineOf } from "@parkme/shared/protocol/log";
import { describe, expect, it } from "vitest";
import { countOf, noteReceipt, noteZReport, nothingYet, type Acknowledged } from "./acknowledged.ts";
import type { GateFile, LogRow } from "./gate-file.ts";
import { damages, lost } from "./verdict.ts";

/** A log of so many rows, chained by hand. */
function chain(length: number): LogRow[] {
  let hash = GENESIS_HASH;
  return Array.from({ length }, (_, index) => {
    const row = {
      seq: index + 1,
      epoch: 1,
      eventId: `00000000-0000-7000-8000-${String(index).padStart(12, "0")}`,
      kind: "stay.started",
      schemaVersion: 1,
      wallAt: 1_700_000_000_000 + index,
      monotonicMs: index,
      bootId: "boot",
      payload: `{"n":${index}}`,
      rows: index % 2 === 0 ? null : `[["stays",{"n":${index}}]]`,
    };
    const {
      eventId: event_id,
      schemaVersion: schema_version,
      monotonicMs: monotonic_ms,
      bootId: boot_id,
    } = row;
    const wall_time = new Date(row.wallAt).toISOString();
    const { seq, epoch, kind, payload, rows } = row;
    const line = lineOf(
      { seq, epoch, event_id, kind, schema_version, wall_time, monotonic_ms, boot_id, payload },
      rows,
    );
    hash = createHash("sha256").update(hash, "hex").update(line).digest("hex");
    return { ...row, hash };
  });
}

const LOG = chain(5);
const HASH_3 = LOG[2]?.hash ?? "";

/** A gate's file in which all of `everything()` is. */
function wholeFile(): GateFile {
  return {
    integrity: "ok",
    strays: 0,
    stays: new Map([["stay-1", new Set(["T-1"])]]),
    plates: new Set(["T000001"]),
    payments: [{ id: "pay-1", stayId: "stay-1", amountMinor: 500, receipts: 1, entries: 1 }],
    receipts: new Map([
      [1, { paymentId: "pay-1", kind: "payment" }],
      [2, { paymentId: "pay-1", kind: "refund" }],
    ]),
    zReports: new Map([[1, "shift-1"]]),
    vends: new Set(["vend-1"]),
    commands: new Set(["command-1"]),
    movements: new Set(["movement-1"]),
    log: LOG,
    link: { epoch: 1, anchorSeq: 0, anchorHash: GENESIS_HASH, restoredSeq: null },
  };
}

function everything(): Acknowledged {
  const known = nothingYet();
  known.stays.set("stay-1", { ticket: "T-1" });
  known.payments.set("pay-1", { stayId: "stay-1", amountMinor: 500 });
  noteReceipt(known, 1, { paymentId: "pay-1", kind: "payment" });
  noteReceipt(known, 2, { paymentId: "pay-1", kind: "refund" });
  noteZReport(known, 1, "shift-1");
  known.vends.add("vend-1");
  known.commands.add("command-1");
  known.letIn.add("T000001");
  known.movements.add("movement-1");
  known.taken.set(3, { epoch: 1, hash: HASH_3 });
  return known;
}

describe("the verdict on a disk", () => {
  it("is good where all is there", () => {
    expect(lost(everything(), wholeFile())).toEqual([]);
    expect(damages(wholeFile())).toEqual([]);
    expect(countOf(everything())).toBe(10);
  });

  it.each<[string, Partial<GateFile>, RegExp]>([
    ["a stay", { stays: new Map() }, /^stay stay-1/],
    ["a stay's ticket", { stays: new Map([["stay-1", new Set(["T-2"])]]) }, /ticket T-1/],
    ["a payment", { payments: [] }, /^payment pay-1 of 500/],
    [
      "an amount",
      { payments: [{ id: "pay-1", stayId: "stay-1", amountMinor: 400, receipts: 1, entries: 1 }] },
      /^payment pay-1 of 500/,
    ],
    [
      "the last receipt",
      { receipts: new Map([[1, { paymentId: "pay-1", kind: "payment" }]]) },
      /^receipt 2 of refund/,
    ],
    ["a Z report", { zReports: new Map([[1, "shift-2"]]) }, /^Z report 1/],
    ["a vend", { vends: new Set() }, /^vend vend-1/],
    ["a command", { commands: new Set() }, /^command command-1/],
    ["the stay of an opening", { plates: new Set() }, /^the stay of T000001/],
    ["a movement", { movements: new Set() }, /^movement movement-1/],
    ["what the cloud has", { log: LOG.slice(0, 2) }, /^line 3 of the log/],
  ])("sees that %s is lost", (_what, change, words) => {
    const gone = lost(everything(), { ...wholeFile(), ...change });
    expect(gone).toHaveLength(1);
    expect(gone[0]).toMatch(words);
  });

  it("does not take for lost what was pruned behind the cloud's back", () => {
    const link = { epoch: 1, anchorSeq: 4, anchorHash: LOG[3]?.hash ?? "", restoredSeq: null };
    const pruned = { ...wholeFile(), log: LOG.slice(4), link };
    expect(lost(everything(), pruned)).toEqual([]);
    expect(damages(pruned)).toEqual([]);
  });

  it.each<[string, Partial<GateFile>, RegExp]>([
    ["a damaged file", { integrity: "row 3 missing from index" }, /integrity_check: row 3/],
    ["stray rows", { strays: 2 }, /2 rows refer/],
    [
      "half a payment",
      { payments: [{ id: "pay-1", stayId: "stay-1", amountMinor: 500, receipts: 0, entries: 1 }] },
      /half written: 0 receipts/,
    ],
    [
      "a stay that paid twice",
      {
        payments: ["pay-1", "pay-2"].map((id) => ({
          id,
          stayId: "stay-1",
          amountMinor: 500,
          receipts: 1,
          entries: 1,
        })),
      },
      /stay-1.*paid twice/,
    ],
    [
      "a gap in the receipts",
      { receipts: new Map([[2, { paymentId: "pay-1", kind: "refund" }]]) },
      /receipt 1 is missing/,
    ],
    [
      "a gate that thinks it was restored",
      { link: { epoch: 2, anchorSeq: 0, anchorHash: GENESIS_HASH, restoredSeq: null } },
      /epoch 2/,
    ],
    ["a hole in the log", { log: LOG.filter(({ seq }) => seq !== 3) }, /goes on with 4 behind 2/],
    [
      "a changed row of the log",
      { log: LOG.map((row) => (row.seq === 3 ? { ...row, payload: '{"n":9}' } : row)) },
      /chain of the log breaks at 3/,
    ],
  ])("sees %s", (_what, change, words) => {
    expect(damages({ ...wholeFile(), ...change }).join("; ")).toMatch(words);
  });

  it("sees a number that is given twice", () => {
    const known = everything();
    noteReceipt(known, 1, { paymentId: "pay-1", kind: "payment" });
    noteZReport(known, 1, "shift-1");
    expect(known.doubles).toEqual([]);
    noteReceipt(known, 1, { paymentId: "pay-2", kind: "payment" });
    noteZReport(known, 1, "shift-2");
    expect(known.doubles).toEqual([
      "receipt 1 was given to pay-1 and to pay-2",
      "Z report 1 was given to shift-1 and to shift-2",
    ]);
  });
});
