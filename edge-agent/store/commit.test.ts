import { count, eq } from "drizzle-orm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { GateRecord, LaneRead } from "@parkme/shared/domain/gate-record";
import type { AttemptId, CommandId, IdMint, JobId } from "@parkme/shared/domain/ids";
import { linkPayloads } from "@parkme/shared/protocol/link-facts";
import { logEventSchema } from "@parkme/shared/protocol/log";
import { eventPayloads, type EventKind } from "@parkme/shared/protocol/sync";
import { plainQuote } from "@parkme/shared/pricing/testing/quotes";
import type { GateDatabase } from "./open.ts";
import { log } from "./link-schema.ts";
import { payments } from "./money-schema.ts";
import { alarms, commands, lanes, movements, plateReads, resets, stays, tickets, vends } from "./schema.ts";
import type { Store } from "./store.ts";
import { newFolder, newMint, openStore, recordsOf, START_MS, turn, type Folder } from "./testing/gate-db.ts";

let folder: Folder;
let db: GateDatabase;
let store: Store;
let mint: IdMint;
let make: ReturnType<typeof recordsOf>;
beforeEach(() => {
  folder = newFolder();
  mint = newMint();
  ({ db, store } = openStore(folder.path("gate.db"), mint));
  make = recordsOf(mint);
});
afterEach(() => {
  store.close();
  folder.remove();
});

const TABLES = {
  stays,
  tickets,
  movements,
  payments,
  vends,
  resets,
  commands,
  alarms,
  plateReads,
  lanes,
  log,
} as const;

function rows(): Record<keyof typeof TABLES, number> {
  const counted = Object.entries(TABLES).map(([name, table]) => [
    name,
    db.select({ n: count() }).from(table).get()?.n ?? 0,
  ]);
  return Object.fromEntries(counted) as Record<keyof typeof TABLES, number>;
}

const kinds = (): string[] => store.logAfter(0, 1_000).map(({ kind }) => kind);
const statusOf = (id: string) => db.select().from(stays).where(eq(stays.id, id)).get();

function read(sourceId: string | null): LaneRead {
  return {
    plate: "BAB1234",
    raw: "B-AB 1234",
    confidence: 0.9,
    camera: "cam",
    sourceId,
    claimedAtMs: START_MS,
    imageId: null,
    at: { wallMs: START_MS, monotonicMs: 0 },
  };
}

const quote = plainQuote(500, { appliedRule: "Slab Rate", tariffVersion: 3, durationMinutes: 120 });

describe("a turn", () => {
  it("is there as a whole: state, stay, ticket, money, vend, command, read and log", () => {
    const stay = make.stay("BAB1234");
    const id = mint.next<CommandId>(START_MS);
    const credit = { kind: "stay", stay, plate: stay.plate, countsAtGrant: null } as const;
    store.commit(
      turn([make.started(stay), make.paid(stay.stayId, 500), make.vended()], {
        state: "OPENING",
        commands: [{ id, action: "open", pulseMs: 500, deadlineMs: 0, safety: false }],
        reads: [read("e1")],
        credit,
      }),
    );
    expect(rows()).toEqual({
      stays: 1,
      tickets: 1,
      movements: 0,
      payments: 1,
      vends: 1,
      resets: 0,
      commands: 1,
      alarms: 0,
      plateReads: 1,
      lanes: 1,
      log: 5,
    });
    expect(db.select().from(lanes).get()).toMatchObject({ lane: "entry", state: "OPENING" });
    expect(store.creditInDoubt("entry")).toEqual(credit);
    expect(db.select().from(commands).get()).toMatchObject({ id, epoch: store.epoch, outcome: null });
  });

  it("that fails in its middle leaves nothing at all", () => {
    const stay = make.stay("BAB1234");
    store.commit(turn([make.started(stay), make.paid(stay.stayId, 500, "once")]));
    const before = rows();
    const other = make.stay("HHCD77");
    const twice = turn(
      [
        make.started(other),
        make.moved("in", other.stayId),
        make.paid(other.stayId, 500, "once"),
        { type: "alarm", kind: "stuck", detail: "after" },
      ],
      {
        state: "OPENING",
        reads: [read("e9")],
        credit: { kind: "vend", stay: other, plate: null, countsAtGrant: null },
      },
    );
    expect(() => store.commit(twice)).toThrow(/UNIQUE/);
    expect(rows()).toEqual(before);
    expect(store.inside()).toBe(0);
    expect(store.creditInDoubt("entry")).toBeNull();
    store.commit(turn([make.started(other)]));
    expect(rows().stays).toBe(2);
  });

  it("takes a vend's key, a ticket number and a stay once", () => {
    const stay = make.stay("BAB1234");
    store.commit(turn([make.started(stay), make.vended("v")]));
    const before = rows();
    expect(() => store.commit(turn([make.vended("v")]))).toThrow(/UNIQUE/);
    expect(() =>
      store.commit(turn([make.started({ ...make.stay("X1"), ticketNumber: stay.ticketNumber })])),
    ).toThrow(/UNIQUE/);
    expect(() => store.commit(turn([make.started(stay)]))).toThrow(/UNIQUE/);
    expect(() => store.commit(turn([make.moved("in", mint.next(START_MS))]))).toThrow(/FOREIGN KEY/);
    expect(() => store.commit(turn([make.paid(stay.stayId, -1)]))).toThrow(/CHECK/);
    expect(rows()).toEqual(before);
  });

  it("stores the same read of a camera once, and each read that has no id of its own", () => {
    store.commit(turn([], { reads: [read("e1")] }));
    store.commit(turn([], { reads: [read("e1")], lane: "exit" }));
    for (let i = 0; i < 2; i++) store.commit(turn([], { reads: [read(null)] }));
    expect(rows().plateReads).toBe(3);
    expect(store.wasRead("cam", "e1")).toBe(true);
    expect(store.wasRead("other", "e1")).toBe(false);
    expect(store.wasRead("cam", "e2")).toBe(false);
  });

  it("writes the answer to an earlier command beside it", () => {
    const id = mint.next<CommandId>(START_MS);
    store.commit(turn([], { commands: [{ id, action: "open", pulseMs: 1, deadlineMs: 0, safety: false }] }));
    store.commit(turn([], { outcomes: [{ commandId: id, outcome: "silent" }] }));
    expect(db.select().from(commands).get()?.outcome).toBe("silent");
  });

  it("replaces what the lane was before", () => {
    const stay = make.stay("BAB1234");
    const credit = { kind: "stay", stay, plate: stay.plate, countsAtGrant: null } as const;
    store.commit(turn([make.started(stay)], { credit }));
    store.commit(turn([], { lane: "other", state: "FAULT" }));
    store.commit(turn([make.moved("in", stay.stayId)], { state: "CLOSING" }));
    expect(store.creditInDoubt("entry")).toBeNull();
    expect(store.creditInDoubt("nowhere")).toBeNull();
    expect(rows().lanes).toBe(2);
  });
});

describe("a stay", () => {
  it("goes from provisional to open to closed, with its fee", () => {
    const stay = make.stay("BAB1234");
    store.commit(turn([make.started(stay)]));
    expect(statusOf(stay.stayId)?.status).toBe("provisional");
    expect([store.inside(), store.admitted()]).toEqual([0, 1]);
    store.commit(turn([make.moved("in", stay.stayId)]));
    expect(statusOf(stay.stayId)?.status).toBe("open");
    expect([store.inside(), store.admitted()]).toEqual([1, 0]);
    const out = make.moved("out", stay.stayId, { quote });
    store.commit(turn([out], { lane: "exit", now: { wallMs: START_MS + 1, monotonicMs: 1 } }));
    expect(statusOf(stay.stayId)).toMatchObject({ status: "closed", feeMinor: 500, exitAt: START_MS + 1 });
    expect([store.inside(), store.admitted()]).toEqual([0, 0]);
  });

  it("that is void has a void ticket and takes no space", () => {
    const stay = make.stay("BAB1234");
    store.commit(turn([make.started(stay)]));
    store.commit(turn([make.voided(stay.stayId)]));
    expect(statusOf(stay.stayId)?.status).toBe("void");
    expect(db.select().from(tickets).get()?.voidedAt).toBe(START_MS);
    expect(store.admitted()).toBe(0);
    expect(store.insideLike("BAB1234")).toEqual([]);
  });

  it("in doubt is cleared of it when the vehicle is seen to come in, and keeps what the exit found", () => {
    const stay = make.stay("BAB1234");
    const flagged = (review: "passage_unproven" | "missed_exit"): GateRecord => ({
      type: "stay_review",
      stayId: stay.stayId,
      review,
    });
    store.commit(turn([make.started(stay), flagged("passage_unproven")]));
    expect(store.admitted()).toBe(0);
    store.commit(turn([make.moved("in", stay.stayId)]));
    expect(statusOf(stay.stayId)?.review).toBeNull();
    store.commit(turn([flagged("missed_exit")]));
    store.commit(turn([make.moved("out", stay.stayId)]));
    expect(statusOf(stay.stayId)).toMatchObject({ status: "closed", review: "missed_exit" });
  });

  it("that came and went while its entry lane was blind is not counted in again, nor opened, nor voided", () => {
    const stay = make.stay("BAB1234");
    store.commit(turn([make.started(stay)]));
    const leave = [make.moved("in", stay.stayId, { kind: "inferred" }), make.moved("out", stay.stayId)];
    store.commit(turn(leave, { lane: "exit" }));
    const before = rows();
    const late: GateRecord[] = [
      make.moved("in", stay.stayId, { kind: "inferred" }),
      make.voided(stay.stayId),
      { type: "stay_review", stayId: stay.stayId, review: "passage_unproven" },
      make.moved("out", stay.stayId, { kind: "inferred" }),
    ];
    for (const record of late) store.commit(turn([record]));
    expect(statusOf(stay.stayId)).toMatchObject({ status: "closed", review: null });
    expect(rows()).toEqual(before);
    expect(store.inside()).toBe(0);
    // A vehicle that was seen is counted, whatever it was taken for.
    store.commit(turn([make.moved("in", stay.stayId)]));
    expect(statusOf(stay.stayId)?.status).toBe("closed");
    expect(store.inside()).toBe(1);
  });
});

describe("the log", () => {
  it("has one row for each fact, in order, with the state it reports", () => {
    const stay = make.stay("BAB1234");
    const other = make.stay(null);
    store.commit(turn([make.started(stay), make.vended()]));
    store.commit(
      turn([{ type: "alarm", kind: "tailgate", detail: "x".repeat(400) }, make.moved("in", stay.stayId)]),
    );
    store.commit(turn([{ type: "reset", actor: "alex", reason: "lane is clear" }, make.started(other)]));
    store.commit(turn([make.voided(other.stayId)]));
    store.commit(turn([{ type: "stay_review", stayId: stay.stayId, review: "missed_exit" }]));
    store.commit(turn([make.paid(stay.stayId, 500), make.moved("out", stay.stayId, { quote })]));
    expect(kinds()).toEqual([
      "stay.started",
      "vend.granted",
      "alarm.raised",
      "movement.recorded",
      "lane.reset",
      "stay.started",
      "stay.voided",
      "stay.flagged",
      "shift.opened",
      "payment.taken",
      "ledger.entry",
      "ledger.entry",
      "movement.recorded",
    ]);
    expect(store.logAfter(0, 100).map(({ seq }) => seq)).toEqual([...Array(13).keys()].map((i) => i + 1));
    expect(store.lastLogSeq()).toBe(13);
  });

  it("says only what the cloud understands", () => {
    const stay = { ...make.stay("BAB1234"), right: { kind: "permit", id: "P-1" } } as const;
    const { stayId } = stay;
    const zones = [{ zone: "level-2", by: 1 }] as const;
    const jobId = mint.next<JobId>(START_MS);
    const attemptId = mint.next<AttemptId>(START_MS);
    const attempt = {
      type: "attempt",
      attemptId,
      stayId,
      amountMinor: 500,
      detail: "x".repeat(400),
    } as const;
    store.commit(
      turn([
        make.started(stay, { zone: "level-2", credential: { kind: "card", text: "0815" } }),
        { type: "ticket", jobId, stayId, step: "begun", detail: "x".repeat(400) },
        make.moved("in", stayId, { plate: "BAB1234", review: "direction_ambiguous", zones }),
        make.moved("in", stayId, { scope: "zone", zones }),
        { type: "stay_review", stayId, review: "passback" },
        { type: "identified", stayId, actor: "alex", reason: "no plate" },
        { ...attempt, status: "begun", receipt: null },
        { ...attempt, status: "approved", receipt: "R-1" },
        make.paid(stayId, 500),
        make.vended(),
        { type: "reset", actor: "alex", reason: "lane is clear" },
        { type: "hold", on: true, cause: "fire", actor: null, reason: "" },
        { type: "turned", direction: "exit", actor: "alex" },
        { type: "alarm", kind: "tailgate", detail: "x".repeat(400) },
        { type: "alarm", kind: "fire", detail: "" },
        { type: "alarm_over", kind: "fire" },
        make.moved("out", stayId, { quote }),
        make.moved("out", null, { review: "exit_without_entry" }),
      ]),
    );
    const now = { wallMs: START_MS, monotonicMs: 0 };
    const by = { actor: "alex", reason: "r" };
    store.setMode({ scope: "lane", name: "entry", mode: "closed", ...by }, now);
    store.correctCount({ zone: null, count: 3, ...by, idempotencyKey: "k" }, now);
    store.resetCount({ zone: null, to: 0, key: "k" }, now);
    store.neutralReset({ ...by, idempotencyKey: "k" }, now);
    for (const { alarm_id } of store.recentAlarms(9)) store.acknowledgeAlarm(alarm_id, "alex", START_MS);
    const events = store.logAfter(0, 100);
    expect(events).toHaveLength(27);
    // What desks say of money, and what is said of the link with the cloud, is looked at with the acts that say it.
    const unsaid = [
      ...Object.keys(linkPayloads),
      "stay.voided",
      "shift.moved",
      "shift.closed",
      "receipt.issued",
      "validation.given",
      "stay.amended",
      "ticket.replaced",
      "tariff.taken",
      "tariff.refused",
    ];
    expect(new Set([...events.map(({ kind }) => kind), ...unsaid])).toEqual(
      new Set(Object.keys(eventPayloads)),
    );
    for (const event of events) {
      expect(logEventSchema.parse(event)).toEqual(event);
      expect(eventPayloads[event.kind as EventKind].parse(event.payload)).toEqual(event.payload);
    }
    expect(new Set(events.map((event) => event.event_id)).size).toBe(27);
  });

  it("is read in pages, from where the cloud has it", () => {
    for (let i = 0; i < 5; i++) store.commit(turn([make.vended()]));
    expect(store.logAfter(2, 2).map(({ seq }) => seq)).toEqual([3, 4]);
    expect(store.logAfter(5, 2)).toEqual([]);
    expect(store.uploadCursor()).toBe(0);
    store.setUploadCursor(4);
    expect(store.uploadCursor()).toBe(4);
  });
});
