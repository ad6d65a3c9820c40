import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { migrate } from "drizzle-orm/better-sqlite3/migrator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isUuid } from "@parkme/shared/domain/ids";
import { plateShape } from "@parkme/shared/domain/plate";
import { eventPayloads } from "@parkme/shared/protocol/sync";
import { alarms } from "./schema.ts";
import {
  MIGRATIONS,
  newFolder,
  openStore,
  recordsOf,
  newMint,
  START_MS,
  turn,
  type Folder,
} from "./testing/gate-db.ts";

let folder: Folder;
beforeEach(() => {
  folder = newFolder();
});
afterEach(() => {
  folder.remove();
});

const [STAY, LEFT] = [
  "019ab3c4-0000-7000-8000-000000000001",
  "019ab3c4-0000-7000-8000-000000000002",
] as const;
const PAYLOAD = { lane: "entry", kind: "stuck", detail: "a lorry", at: new Date(START_MS).toISOString() };

/** Rows as the first version wrote them: at least one in every table. */
const ROWS: Readonly<Record<string, readonly Readonly<Record<string, string | number | null>>[]>> = {
  agent_state: [{ id: 1, epoch: 7, inside: 1, upload_cursor: 0 }],
  lanes: [{ lane: "entry", state: "OPENING", credit: '{"kind":"vend"}', updated_at: START_MS }],
  stays: [
    {
      id: STAY,
      status: "open",
      entry_lane: "entry",
      plate: "BAB1234",
      plate_shape: plateShape("BAB1234"),
      entry_at: START_MS,
      exit_at: null,
      fee_minor: null,
      review: "missed_exit",
    },
    {
      id: LEFT,
      status: "closed",
      entry_lane: "entry",
      plate: null,
      plate_shape: null,
      entry_at: START_MS,
      exit_at: START_MS + 9,
      fee_minor: 500,
      review: null,
    },
  ],
  tickets: [
    { number: "PKM-0123456Z", stay_id: STAY, lane: "entry", issued_at: START_MS, voided_at: null },
    { number: "PKM-11111111", stay_id: LEFT, lane: "entry", issued_at: START_MS, voided_at: START_MS },
  ],
  movements: [
    {
      id: "019ab3c4-0000-7000-8000-000000000003",
      lane: "entry",
      direction: "in",
      kind: "normal",
      stay_id: STAY,
      plate: "BAB1234",
      at: START_MS,
      review: null,
      fee_minor: null,
    },
  ],
  payments: [
    {
      id: "019ab3c4-0000-7000-8000-000000000004",
      stay_id: LEFT,
      lane: "exit",
      method: "cash",
      amount_minor: 500,
      change_minor: 0,
      currency: "EUR",
      actor: "alex",
      at: START_MS,
      idempotency_key: "k1",
    },
  ],
  vends: [
    { command_id: "c1", lane: "exit", actor: "alex", reason: "r", at: START_MS, idempotency_key: "v1" },
  ],
  resets: [{ id: 3, lane: "exit", actor: "alex", reason: "clear", at: START_MS }],
  commands: [{ id: "c1", lane: "exit", action: "open", epoch: 7, issued_at: START_MS, outcome: "done" }],
  alarms: [
    { id: 1, lane: "entry", kind: "stuck", detail: "first", at: START_MS },
    { id: 2, lane: "entry", kind: "stuck", detail: "second", at: START_MS },
    { id: 3, lane: "exit", kind: "tailgate", detail: "third", at: START_MS + 1 },
  ],
  plate_reads: [
    {
      id: 1,
      lane: "entry",
      camera: "cam",
      source_id: "e1",
      raw: "B",
      plate: null,
      confidence: 0.5,
      claimed_at: null,
      received_at: START_MS,
      image_id: null,
    },
  ],
  log: [
    {
      seq: 1,
      event_id: "019ab3c4-0000-7000-8000-000000000005",
      kind: "alarm.raised",
      schema_version: 1,
      wall_at: START_MS,
      payload: JSON.stringify(PAYLOAD),
    },
  ],
};

/** A database of the first version, as it was left behind. */
function firstVersion(path: string): void {
  const first = folder.path("first");
  mkdirSync(join(first, "meta"), { recursive: true });
  cpSync(join(MIGRATIONS, "0000_first.sql"), join(first, "0000_first.sql"));
  const journal = JSON.parse(readFileSync(join(MIGRATIONS, "meta/_journal.json"), "utf8")) as {
    entries: unknown[];
  };
  writeFileSync(
    join(first, "meta/_journal.json"),
    JSON.stringify({ ...journal, entries: journal.entries.slice(0, 1) }),
  );
  const file = new Database(path);
  file.pragma("journal_mode = WAL");
  file.pragma("foreign_keys = ON");
  migrate(drizzle(file), { migrationsFolder: first });
  for (const [table, rows] of Object.entries(ROWS)) {
    for (const row of rows) {
      const names = Object.keys(row);
      const values = names.map((name) => `@${name}`);
      file.prepare(`insert into ${table} (${names.join(", ")}) values (${values.join(", ")})`).run(row);
    }
  }
  file.close();
}

describe("a database of the first version", () => {
  it("keeps every row of every table, as it was", () => {
    const path = folder.path("gate.db");
    firstVersion(path);
    const { db, store } = openStore(path);
    const file = db.$client;
    for (const [table, rows] of Object.entries(ROWS)) {
      // This start has counted itself; alarms have other columns now.
      if (table === "agent_state" || table === "alarms") continue;
      const names = Object.keys(rows[0] ?? {}).join(", ");
      expect(file.prepare(`select ${names} from ${table} order by 1`).all()).toEqual(rows);
    }
    expect(file.prepare("select epoch, inside, upload_cursor from agent_state").get()).toEqual({
      epoch: 8,
      inside: 1,
      upload_cursor: 0,
    });
    expect(file.pragma("integrity_check", { simple: true })).toBe("ok");
    expect(file.pragma("foreign_key_check")).toEqual([]);
    store.close();
  });

  it("has its alarms still, each with an id of its own, over and seen", () => {
    const path = folder.path("gate.db");
    firstVersion(path);
    const { db, store } = openStore(path);
    const kept = db.select().from(alarms).all();
    expect(kept.map(({ lane, kind, detail, startedAt }) => ({ lane, kind, detail, at: startedAt }))).toEqual(
      expect.arrayContaining((ROWS["alarms"] ?? []).map(({ id: _id, ...row }) => row)),
    );
    expect(new Set(kept.map(({ id }) => id)).size).toBe(3);
    expect(kept.every(({ id, startedAt, endedAt }) => isUuid(id) && endedAt === startedAt)).toBe(true);
    expect([store.openAlarms(), store.alarmsWaiting()]).toEqual([[], 0]);
    store.commit(turn([{ type: "alarm", kind: "stuck", detail: "again" }]));
    expect(store.openAlarms("entry")).toHaveLength(1);
    store.close();
  });

  it("goes on: its stay is found and leaves, its credit is resolved, its log is understood", () => {
    const path = folder.path("gate.db");
    firstVersion(path);
    const mint = newMint();
    const { store } = openStore(path, mint);
    expect(store.insideLike("BAB1234")).toMatchObject([
      { stayId: STAY, ticketNumber: "PKM-0123456Z", right: null, missedExit: true, neutral: false },
    ]);
    expect(store.creditInDoubt("entry")).toEqual({ kind: "vend" });
    expect(store.recentMovements(10)).toMatchObject([{ direction: "in", ticket_number: "PKM-0123456Z" }]);
    expect(store.paymentByKey("k1")?.stayId).toBe(LEFT);
    const [stay] = store.insideLike("BAB1234");
    store.commit(turn([recordsOf(mint).moved("out", stay?.stayId ?? null)]));
    expect([store.inside(), store.insideLike("BAB1234")]).toEqual([0, []]);
    const [old, left] = store.logAfter(0, 10);
    expect([old?.schema_version, left?.schema_version]).toEqual([1, 2]);
    expect(eventPayloads["alarm.raised"].parse(old?.payload)).toEqual({
      ...PAYLOAD,
      alarm_id: null,
      lasting: false,
    });
    store.close();
  });
});
