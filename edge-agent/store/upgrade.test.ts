import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { drizzle } from "drizzle-orm/better-sqlite3";
import { migrate } from "drizzle-orm/better-sqlite3/migrator";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { asId, isUuid, type PaymentId, type StayId } from "@parkme/shared/domain/ids";
import { plateShape } from "@parkme/shared/domain/plate";
import { eventPayloads } from "@parkme/shared/protocol/sync";
import { ledger, payments } from "./money-schema.ts";
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

type Tables = Readonly<Record<string, readonly Readonly<Record<string, string | number | null>>[]>>;

/** Rows as the first version wrote them: at least one in every table. */
const ROWS: Tables = {
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

/** A database as a version with so many migrations left it behind. */
function oldVersion(path: string, migrations: number, tables: Tables): void {
  const old = folder.path(`with-${migrations}`);
  mkdirSync(join(old, "meta"), { recursive: true });
  const journal = JSON.parse(readFileSync(join(MIGRATIONS, "meta/_journal.json"), "utf8")) as {
    entries: { tag: string }[];
  };
  const entries = journal.entries.slice(0, migrations);
  for (const { tag } of entries) cpSync(join(MIGRATIONS, `${tag}.sql`), join(old, `${tag}.sql`));
  writeFileSync(join(old, "meta/_journal.json"), JSON.stringify({ ...journal, entries }));
  const file = new Database(path);
  file.pragma("journal_mode = WAL");
  file.pragma("foreign_keys = ON");
  migrate(drizzle(file), { migrationsFolder: old });
  for (const [table, rows] of Object.entries(tables)) {
    for (const row of rows) {
      const names = Object.keys(row);
      const values = names.map((name) => `@${name}`);
      file.prepare(`insert into ${table} (${names.join(", ")}) values (${values.join(", ")})`).run(row);
    }
  }
  file.close();
}

const firstVersion = (path: string): void => oldVersion(path, 1, ROWS);

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
    expect([old?.schema_version, left?.schema_version]).toEqual([1, 4]);
    expect(eventPayloads["alarm.raised"].parse(old?.payload)).toEqual({
      ...PAYLOAD,
      alarm_id: null,
      lasting: false,
    });
    store.close();
  });
});

const HOUR_MS = 3_600_000;
const idOf = (n: number): string => `019ab3c4-0000-7000-8000-0000000001${String(n).padStart(2, "0")}`;

function oldStay(n: number, status: string, feeMinor: number | null): Tables[string][number] {
  const gone = status === "closed" ? START_MS + HOUR_MS : null;
  const plate = { plate: `BAB${n}`, plate_shape: plateShape(`BAB${n}`) };
  const common = { id: idOf(n), status, entry_lane: "entry", entry_at: START_MS, review: null, neutral: 0 };
  return { ...common, ...plate, exit_at: gone, fee_minor: feeMinor };
}

function oldPayment(n: number, stay: number, amountMinor: number, changeMinor = 0): Tables[string][number] {
  const amounts = { amount_minor: amountMinor, change_minor: changeMinor, currency: "EUR" };
  const by = { lane: "exit", method: changeMinor > 0 ? "cash" : "card", actor: "alex" };
  const at = START_MS + HOUR_MS / 2;
  return { id: idOf(50 + n), stay_id: idOf(stay), ...amounts, ...by, at, idempotency_key: `k${n}` };
}

/** Stays as the second version left them: paid, let out unpaid, paid in two parts, inside and paid, inside and not. */
const PAID: Tables = {
  agent_state: [{ id: 1, epoch: 7, inside: 2, upload_cursor: 0 }],
  stays: [
    oldStay(1, "closed", 500),
    oldStay(2, "closed", 700),
    oldStay(3, "closed", 900),
    oldStay(4, "open", null),
    oldStay(5, "open", null),
    oldStay(6, "closed", null),
    oldStay(7, "closed", 300),
    oldStay(8, "void", null),
  ],
  tickets: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => ({
    number: `PKM-0000000${n}`,
    stay_id: idOf(n),
    lane: "entry",
    issued_at: START_MS,
    voided_at: n === 8 ? START_MS : null,
  })),
  payments: [
    oldPayment(1, 1, 500, 1_500),
    oldPayment(2, 3, 400),
    oldPayment(3, 3, 500, 500),
    oldPayment(4, 4, 250),
    oldPayment(5, 6, 200),
    oldPayment(6, 7, 450),
  ],
};

describe("a database of the second version", () => {
  it("has a ledger after the upgrade, from which every balance is right", () => {
    const path = folder.path("gate.db");
    oldVersion(path, 2, PAID);
    const { db, store } = openStore(path);
    const account = (n: number) => store.stayAccount(asId<StayId>(idOf(n)));
    const sums = (n: number) => [
      account(n)?.chargedMinor,
      account(n)?.creditedMinor,
      account(n)?.balanceMinor,
    ];
    expect(sums(1), "paid").toEqual([500, 500, 0]);
    expect(sums(2), "let out unpaid").toEqual([700, 0, 700]);
    expect(sums(3), "paid in two parts").toEqual([900, 900, 0]);
    expect(sums(4), "inside and paid").toEqual([250, 250, 0]);
    expect(sums(5), "inside and not").toEqual([0, 0, 0]);
    expect(sums(6), "gone without a fee, but paid for").toEqual([200, 200, 0]);
    expect(sums(7), "paid too much").toEqual([300, 450, -150]);
    expect(sums(8), "void").toEqual([0, 0, 0]);
    expect([account(4)?.settledWallMs, account(5)?.settledWallMs]).toEqual([START_MS + HOUR_MS / 2, null]);
    const entries = db.select().from(ledger).all();
    expect(entries.every(({ id }) => isUuid(id))).toBe(true);
    expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
    expect(
      db
        .select()
        .from(payments)
        .all()
        .map((row) => row.tenderedMinor),
    ).toEqual([2_000, 400, 1_000, 250, 200, 450]);
    expect(db.$client.pragma("foreign_key_check")).toEqual([]);
    store.close();
  });

  it("goes on: what was paid is not taken again under its key, is given back, and shows in the reports", () => {
    const path = folder.path("gate.db");
    oldVersion(path, 2, PAID);
    const { store } = openStore(path);
    const now = { wallMs: START_MS + HOUR_MS, monotonicMs: 0 };
    const by = { place: "desk", actor: "alex" };
    const again = store.takePayment(
      {
        ...by,
        stayId: asId<StayId>(idOf(1)),
        method: "cash",
        amountMinor: 500,
        tenderedMinor: 500,
        idempotencyKey: "k1",
        reference: null,
        quote: null,
      },
      now,
    );
    expect(again).toMatchObject({
      ok: true,
      value: { paymentId: idOf(51), changeMinor: 1_500, again: true },
    });
    const back = { ...by, paymentId: asId<PaymentId>(idOf(56)), reason: "too much", idempotencyKey: "r1" };
    expect(store.refund({ ...back, amountMinor: 451 }, now)).toMatchObject({ ok: false });
    expect(store.refund({ ...back, amountMinor: 150 }, now)).toMatchObject({ ok: true });
    expect(store.stayAccount(asId<StayId>(idOf(7)))?.balanceMinor).toBe(0);
    const report = store.reconciliation(START_MS, START_MS + 2 * HOUR_MS);
    expect(report.discrepancies).toMatchObject([
      { kind: "left_unpaid", amount_minor: 700, stay_id: idOf(2) },
    ]);
    expect(() => tamper(path)).toThrow(/never|append-only/);
    store.close();
  });
});

function tamper(path: string): void {
  const file = new Database(path);
  try {
    file.exec("update ledger set amount_minor = 0");
  } finally {
    file.close();
  }
}
