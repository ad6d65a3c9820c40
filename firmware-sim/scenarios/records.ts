import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import pg from "pg";
import type { SitePlan } from "../site/plan.ts";

/** What each side has written down, read straight from its database: the programs are not asked about themselves. */

export type Records = {
  readonly stays: readonly StayRow[];
  readonly movements: readonly MovementRow[];
  readonly payments: readonly PaymentRow[];
};

export type StayRow = {
  readonly id: string;
  readonly status: string;
  readonly plate: string | null;
  readonly ticket: string;
  readonly entryMs: number;
  readonly exitMs: number | null;
  readonly feeMinor: number | null;
};
export type MovementRow = {
  readonly id: string;
  readonly lane: string;
  readonly direction: string;
  readonly kind: string;
  readonly stayId: string | null;
  readonly plate: string | null;
  readonly atMs: number;
  readonly feeMinor: number | null;
};
export type PaymentRow = {
  readonly id: string;
  readonly stayId: string;
  readonly amountMinor: number;
  readonly currency: string;
  readonly atMs: number;
};

/** Everything the edge holds, each list by id. Also of an agent that runs, and of one that was killed. */
export function edgeRecords(plan: SitePlan): Records {
  const db = new Database(join(plan.folder, "edge", "gate.db"), { readonly: true, fileMustExist: true });
  try {
    const all = <T>(sql: string): T[] => db.prepare<[], T>(sql).all();
    return {
      stays: all<StayRow>(
        `select s.id, s.status, s.plate, t.number as ticket, s.entry_at as entryMs, s.exit_at as exitMs,
         s.fee_minor as feeMinor from stays s join tickets t on t.stay_id = s.id order by s.id`,
      ),
      movements: all<MovementRow>(
        `select id, lane, direction, kind, stay_id as stayId, plate, at as atMs, fee_minor as feeMinor
         from movements order by id`,
      ),
      payments: all<PaymentRow>(
        `select id, stay_id as stayId, amount_minor as amountMinor, currency, at as atMs from payments order by id`,
      ),
    };
  } finally {
    db.close();
  }
}

/** One entry of the ledger: what a stay was charged, or what was paid for it. */
type LedgerRow = {
  readonly id: string;
  readonly stayId: string;
  readonly kind: string;
  readonly amountMinor: number;
  readonly method: string | null;
  readonly paymentId: string | null;
  readonly place: string;
  readonly actor: string;
};

export function edgeLedger(plan: SitePlan): LedgerRow[] {
  const db = new Database(join(plan.folder, "edge", "gate.db"), { readonly: true, fileMustExist: true });
  try {
    return db
      .prepare<[], LedgerRow>(
        `select id, stay_id as stayId, kind, amount_minor as amountMinor, method, payment_id as paymentId, place, actor
         from ledger order by id`,
      )
      .all();
  } finally {
    db.close();
  }
}

/** Ids of all commands that the edge wrote down before it sent them. */
export function writtenCommands(plan: SitePlan): ReadonlySet<string> {
  const db = new Database(join(plan.folder, "edge", "gate.db"), { readonly: true, fileMustExist: true });
  try {
    return new Set(db.prepare<[], string>("select id from commands").pluck().all());
  } finally {
    db.close();
  }
}

/** Everything the cloud holds of the facility, each list by id. */
export async function cloudRecords(plan: SitePlan): Promise<Records> {
  const client = new pg.Client(databaseOf(plan));
  await client.connect();
  try {
    const all = async <T extends object>(sql: string): Promise<T[]> =>
      (await client.query<T>(sql, [plan.facility.id])).rows;
    const ms = (column: string): string => `round(extract(epoch from ${column}) * 1000)::float8`;
    return {
      stays: await all<StayRow>(
        `select stay_id as id, status::text, plate, ticket_number as ticket, ${ms("entry_at")} as "entryMs",
         ${ms("exit_at")} as "exitMs", fee_minor::float8 as "feeMinor" from stays where facility_id = $1 order by stay_id::text`,
      ),
      movements: await all<MovementRow>(
        `select movement_id as id, lane, direction, kind, stay_id as "stayId", plate, ${ms("at")} as "atMs",
         fee_minor::float8 as "feeMinor" from movements where facility_id = $1 order by movement_id::text`,
      ),
      payments: await all<PaymentRow>(
        `select payment_id as id, stay_id as "stayId", amount_minor::float8 as "amountMinor", currency, ${ms("at")} as "atMs"
         from payments where facility_id = $1 order by payment_id::text`,
      ),
    };
  } finally {
    await client.end();
  }
}

export async function cloudLedger(plan: SitePlan): Promise<LedgerRow[]> {
  return await askCloud<LedgerRow>(
    plan,
    `select entry_id as id, stay_id as "stayId", kind, amount_minor::float8 as "amountMinor", method,
     payment_id as "paymentId", place, actor from ledger where facility_id = $1 order by entry_id::text`,
  );
}

/** What the cloud was told of payments elsewhere, as it stands: one row for each payment. */
export async function cloudRemotePayments(
  plan: SitePlan,
): Promise<{ readonly reference: string; readonly status: string; readonly told: boolean }[]> {
  return await askCloud(
    plan,
    `select reference, status::text, feed_seq is not null as told from remote_payments
     where facility_id = $1 order by reference`,
  );
}

async function askCloud<T extends object>(plan: SitePlan, sql: string): Promise<T[]> {
  const client = new pg.Client(databaseOf(plan));
  await client.connect();
  try {
    return (await client.query<T>(sql, [plan.facility.id])).rows;
  } finally {
    await client.end();
  }
}

/** The embedded database tells its port in its lock file, and its password lies beside it. */
function databaseOf(plan: SitePlan): pg.ClientConfig {
  const folder = join(plan.folder, "cloud");
  const lock = join(folder, "postgres", "postmaster.pid");
  if (!existsSync(lock)) throw new Error("the cloud's database is not running");
  const port = Number(readFileSync(lock, "utf8").split("\n")[3]);
  const password = readFileSync(join(folder, "postgres-password"), "utf8").trim();
  return { host: "127.0.0.1", port, user: "parkme", database: "parkme", password };
}

export function sumMinor(payments: readonly PaymentRow[]): number {
  return payments.reduce((sum, payment) => sum + payment.amountMinor, 0);
}
