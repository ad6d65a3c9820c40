import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { SyncFact } from "@parkme/shared/protocol/sync";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import {
  ackedBy,
  acknowledged,
  asEvents,
  chained,
  corrected,
  ended,
  fee,
  moved,
  paid,
  raised,
  send,
  sendLines,
  started,
  testId,
  voided,
} from "../testing/events.ts";
import { emptyTables, everything, rowsOf } from "../testing/tables.ts";

let cloud: TestCloud;
beforeAll(async () => {
  cloud = await startTestCloud();
});
afterAll(() => cloud.stop());
beforeEach(() => emptyTables(cloud.db));

const rows = (query: string) => rowsOf(cloud.db, query);

describe("children before parents", () => {
  it("opens a stay from its passage alone, and takes the rest when it comes", async () => {
    await send(
      cloud.app,
      asEvents([moved("in", 1, "2026-07-15T08:00:10Z"), started(1, "2026-07-15T08:00:00Z")]),
    );
    expect(await rows("select status, ticket_number, plate from stays")).toEqual([
      { status: "open", ticket_number: "PKM-00000001", plate: "B AB 1" },
    ]);
  });

  it("keeps a payment and an exit of a stay it never heard of", async () => {
    await send(
      cloud.app,
      asEvents([paid(7, 300, "2026-07-15T09:00:00Z"), moved("out", 7, "2026-07-15T09:01:00Z")]),
    );
    expect(await rows("select status, entry_at from stays")).toEqual([{ status: "closed", entry_at: null }]);
    expect(await rows("select amount_minor from payments")).toEqual([{ amount_minor: "300" }]);
  });

  it("never takes a stay back: not by a late start, nor by a late void", async () => {
    const late = [
      moved("in", 1, "2026-07-15T08:00:00Z"),
      moved("out", 1, "2026-07-15T09:00:00Z"),
      started(1, "2026-07-15T07:59:00Z"),
      voided(1, "2026-07-15T09:30:00Z"),
    ];
    await send(cloud.app, asEvents(late));
    expect(await rows("select status from stays")).toEqual([{ status: "closed" }]);
  });
});

describe("a flagged stay", () => {
  it("keeps the latest reason, within a batch and over batches, and where the vehicle is", async () => {
    const flag = (review: "missed_exit" | "passage_unproven"): SyncFact => ({
      kind: "stay.flagged",
      payload: { stay_id: testId(1, 1), lane: "entry", at: "2026-07-15T08:30:00Z", review },
    });
    const inside = moved("in", 1, "2026-07-15T08:00:00Z");
    await send(cloud.app, asEvents([flag("missed_exit"), inside, flag("passage_unproven")]));
    expect(await rows("select status, review from stays")).toEqual([
      { status: "open", review: "passage_unproven" },
    ]);
    await send(cloud.app, asEvents([flag("missed_exit")], 4));
    expect(await rows("select status, review from stays")).toEqual([
      { status: "open", review: "missed_exit" },
    ]);
  });
});

describe("any way of sending", () => {
  it("ends in the same rows, whatever is cut, repeated or sent too early", { timeout: 60_000 }, async () => {
    const facts = Array.from({ length: 6 }, (_, index) => {
      const stay = index + 1;
      const minute = String(index).padStart(2, "0");
      return [
        started(stay, `2026-07-15T08:${minute}:00Z`),
        ...(stay % 3 === 0
          ? [voided(stay, `2026-07-15T08:${minute}:20Z`)]
          : [
              moved("in", stay, `2026-07-15T08:${minute}:10Z`),
              paid(stay, stay * 100, `2026-07-15T09:${minute}:00Z`),
              moved("out", stay, `2026-07-15T09:${minute}:10Z`, { fee: fee(stay * 100) }),
            ]),
        raised(stay, stay % 2 === 0 ? "stuck" : "tailgate", `2026-07-15T08:${minute}:30Z`),
        ...(stay % 2 === 0 ? [ended(stay, "stuck", `2026-07-15T08:${minute}:40Z`)] : []),
        acknowledged(stay, `2026-07-15T08:${minute}:50Z`),
        ...(stay === 4 ? [corrected(null, 1, 33, `2026-07-15T08:${minute}:55Z`)] : []),
      ];
    }).flat();
    const events = asEvents(facts).map((event, index) =>
      index % 7 === 5 ? { ...event, payload: { nonsense: true } } : event,
    );
    const log = chained(events);
    await sendLines(cloud.app, log);
    const expected = await everything(cloud.db);

    const cut = fc.record({ from: fc.nat(log.length - 1), length: fc.integer({ min: 1, max: log.length }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(cut, { maxLength: 8 }),
        fc.integer({ min: 1, max: 7 }),
        async (cuts, step) => {
          await emptyTables(cloud.db);
          // Anything, from anywhere, some of it at the same time; then the edge's own way: on from the cursor.
          await Promise.all(
            cuts.map(({ from, length }) => sendLines(cloud.app, log.slice(from, from + length))),
          );
          let cursor = 0;
          while (cursor < log.length)
            cursor = await ackedBy(await sendLines(cloud.app, log.slice(cursor, cursor + step)));
          expect(await everything(cloud.db)).toEqual(expected);
        },
      ),
      { numRuns: 30 },
    );
  });
});
