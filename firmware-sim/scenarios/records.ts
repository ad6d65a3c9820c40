import { join } from "node:path";
import Database from "better-sqlite3";
import pg from "pg";
import { embeddedDatabase } from "../site/cloud-database.ts";
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
  const client = new pg.Client(embeddedDatabase(join(plan.folder, "cloud")));
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
    `select reference, status::text, downlink_seq is not null as told from remote_payments
     where facility_id = $1 order by reference`,
  );
}

/** Rows of the cloud's database; `$1` is the facility. */
export async function askCloud<T extends object>(plan: SitePlan, sql: string): Promise<T[]> {
  const client = new pg.Client(embeddedDatabase(join(plan.folder, "cloud")));
  await client.connect();
  try {
    return (await client.query<T>(sql, [plan.facility.id])).rows;
  } finally {
    await client.end();
  }
}

export function sumMinor(payments: readonly PaymentRow[]): number {
  return payments.reduce((sum, payment) => sum + payment.amountMinor, 0);
}

/** How the gate's log stands with the cloud, by its own database. */
export type EdgeLink = {
  readonly epoch: number;
  readonly head: number;
  /** The cloud has committed the log up to here. */
  readonly committed: number;
  readonly waiting: number;
  /** Rows are still to come from the cloud after a restore. */
  readonly restoring: boolean;
};

export function edgeLink(dataFolder: string): EdgeLink {
  const db = new Database(join(dataFolder, "gate.db"), { readonly: true, fileMustExist: true });
  try {
    const row = db
      .prepare<[], Omit<EdgeLink, "waiting" | "restoring"> & { readonly restoredSeq: number | null }>(
        `select l.epoch, max((select coalesce(max(seq), 0) from log), coalesce(l.parent_seq, 0)) as head,
         a.upload_cursor as committed, l.restored_seq as restoredSeq from link_state l, agent_state a`,
      )
      .get();
    if (row === undefined) throw new Error("the gate has not run yet");
    const { epoch, head, committed, restoredSeq } = row;
    return { epoch, head, committed, waiting: head - committed, restoring: restoredSeq !== null };
  } finally {
    db.close();
  }
}
