import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SyncFact } from "@parkme/shared/protocol/sync";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { asEvents, send, started, testId } from "../testing/events.ts";
import { emptyTables, everything, rowsOf } from "../testing/tables.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(() => emptyTables(cloud.db));

const rows = (query: string) => rowsOf(cloud.db, query);
const AT = "2026-07-15T08:00:00Z";
const LATER = "2026-07-15T16:00:00Z";

function entry(number: number, kind: "charge" | "payment" | "change", amountMinor: number): SyncFact {
  return {
    kind: "ledger.entry",
    payload: {
      entry_id: testId(7, number),
      stay_id: testId(1, 1),
      kind,
      side: kind === "charge" ? "charged" : "credited",
      amount_minor: amountMinor,
      currency: "EUR",
      method: kind === "charge" ? null : "cash",
      payment_id: kind === "charge" ? null : testId(4, 1),
      shift_id: testId(8, 1),
      place: "desk",
      actor: "alex",
      reason: "",
      debtor: null,
      at: AT,
    },
  };
}

const OPENED: SyncFact = {
  kind: "shift.opened",
  payload: {
    shift_id: testId(8, 1),
    attendant: "alex",
    float_minor: 15_000,
    currency: "EUR",
    opened_by_payment: false,
    at: AT,
  },
};
const CLOSED: SyncFact = {
  kind: "shift.closed",
  payload: {
    shift_id: testId(8, 1),
    z_number: 12,
    expected_minor: 15_500,
    counted_minor: 15_400,
    currency: "EUR",
    note: "",
    at: LATER,
  },
};
const RECEIPT: SyncFact = {
  kind: "receipt.issued",
  payload: {
    number: 1,
    kind: "payment",
    payment_id: testId(4, 1),
    stay_id: testId(1, 1),
    amount_minor: 500,
    currency: "EUR",
    hash: "a".repeat(64),
    previous_hash: null,
    key_id: 1,
    signature: "c2ln",
    at: AT,
  },
};
const STORY = [
  started(1, AT),
  OPENED,
  entry(1, "charge", 500),
  entry(2, "payment", -1_000),
  entry(3, "change", 500),
  RECEIPT,
  CLOSED,
];

describe("an edge's ledger", () => {
  it("is kept entry by entry: the balance of a stay is their sum", async () => {
    await send(cloud.app, asEvents(STORY));
    expect(await rows("select sum(amount_minor)::int as balance, count(*)::int as n from ledger")).toEqual([
      { balance: 0, n: 3 },
    ]);
    expect(await rows("select number::int, amount_minor::int, hash from receipts")).toEqual([
      { number: 1, amount_minor: 500, hash: "a".repeat(64) },
    ]);
  });

  it("ends in the same rows however its events are cut into batches, and sent twice", async () => {
    await send(cloud.app, asEvents(STORY));
    const whole = await everything(cloud.db);
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: STORY.length - 1 }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        await emptyTables(cloud.db);
        const events = asEvents(STORY);
        const ends = [...at.toSorted((a, b) => a - b), events.length];
        for (const [i, end] of ends.entries()) {
          const batch = events.slice(ends[i - 1] ?? 0, end);
          await send(cloud.app, batch);
          await send(cloud.app, batch);
        }
        expect(await everything(cloud.db)).toEqual(whole);
      }),
      { numRuns: 12 },
    );
  });
});

describe("a shift", () => {
  it("is one row from its float to its count", async () => {
    await send(cloud.app, asEvents([OPENED, CLOSED]));
    expect(
      await rows(
        "select attendant, float_minor::int, z_number::int, counted_minor::int - expected_minor::int as variance from shifts",
      ),
    ).toEqual([{ attendant: "alex", float_minor: 15_000, z_number: 12, variance: -100 }]);
  });

  it("that is closed before it was heard of takes the rest when it comes", async () => {
    await send(cloud.app, asEvents([CLOSED]));
    expect(await rows("select attendant, z_number::int from shifts")).toEqual([
      { attendant: null, z_number: 12 },
    ]);
    await send(cloud.app, asEvents([OPENED], 2));
    expect(await rows("select attendant, z_number::int from shifts")).toEqual([
      { attendant: "alex", z_number: 12 },
    ]);
  });
});
