import { join } from "node:path";
import Database from "better-sqlite3";

/** The gate's database as it lies on its disk: read by this program itself, also beside an agent that runs. */

export type GateFile = {
  /** `ok`, or what SQLite says of the file. */
  readonly integrity: string;
  /** Rows that refer to others which are not there. */
  readonly strays: number;
  /** Ids of all stays, with the tickets of each. */
  readonly stays: ReadonlyMap<string, ReadonlySet<string>>;
  readonly plates: ReadonlySet<string>;
  readonly payments: readonly PaymentRow[];
  readonly receipts: ReadonlyMap<number, { readonly paymentId: string; readonly kind: string }>;
  readonly zReports: ReadonlyMap<number, string>;
  readonly vends: ReadonlySet<string>;
  readonly commands: ReadonlySet<string>;
  readonly movements: ReadonlySet<string>;
  readonly log: readonly LogRow[];
  readonly link: LinkRow;
};

export type PaymentRow = {
  readonly id: string;
  readonly stayId: string;
  readonly amountMinor: number;
  /** How many of each belong to it: exactly one, where nothing is half written. */
  readonly receipts: number;
  readonly entries: number;
};
export type LogRow = {
  readonly seq: number;
  readonly epoch: number;
  readonly eventId: string;
  readonly kind: string;
  readonly schemaVersion: number;
  readonly wallAt: number;
  readonly monotonicMs: number;
  readonly bootId: string;
  readonly payload: string;
  readonly rows: string | null;
  readonly hash: string | null;
};
export type LinkRow = {
  readonly epoch: number;
  readonly anchorSeq: number;
  readonly anchorHash: string;
  readonly restoredSeq: number | null;
};

const PAYMENTS = `select id, stay_id as stayId, amount_minor as amountMinor,
  (select count(*) from receipts r where r.payment_id = p.id and r.kind = 'payment') as receipts,
  (select count(*) from ledger l where l.payment_id = p.id and l.kind = 'payment') as entries
  from payments p`;
const LOG = `select seq, epoch, event_id as eventId, kind, schema_version as schemaVersion, wall_at as wallAt,
  monotonic_ms as monotonicMs, boot_id as bootId, payload, rows, hash from log order by seq`;
const LINK = `select epoch, anchor_seq as anchorSeq, anchor_hash as anchorHash, restored_seq as restoredSeq
  from link_state`;

/** @throws where the file is gone, or is no database any more. */
export function readGateFile(dataFolder: string): GateFile {
  const db = new Database(join(dataFolder, "gate.db"), { readonly: true, fileMustExist: true });
  try {
    // All of it as of one moment, whatever the agent writes meanwhile.
    return db.transaction(() => readAll(db))();
  } finally {
    db.close();
  }
}

function readAll(db: Database.Database): GateFile {
  const all = <T>(query: string): T[] => db.prepare<[], T>(query).all();
  const ids = (query: string): Set<string> => new Set(db.prepare<[], string>(query).pluck().all());
  const stays = new Map<string, Set<string>>(
    all<{ id: string }>("select id from stays").map(({ id }) => [id, new Set()]),
  );
  for (const { stayId, number } of all<{ stayId: string; number: string }>(
    "select stay_id as stayId, number from tickets",
  ))
    stays.get(stayId)?.add(number);
  type Receipt = { number: number; paymentId: string; kind: string };
  const receipts = all<Receipt>("select number, payment_id as paymentId, kind from receipts");
  type ZReport = { number: number; id: string };
  const zReports = all<ZReport>("select z_number as number, id from shifts where z_number is not null");
  const [link] = all<LinkRow>(LINK);
  if (link === undefined) throw new Error("the gate's database knows nothing of its log");
  return {
    integrity: all<{ integrity_check: string }>("pragma integrity_check")
      .map(({ integrity_check: said }) => said)
      .join("; "),
    strays: all("pragma foreign_key_check").length,
    stays,
    plates: ids("select plate from stays where plate is not null"),
    payments: all<PaymentRow>(PAYMENTS),
    receipts: new Map(receipts.map(({ number, ...of }) => [number, of])),
    zReports: new Map(zReports.map(({ number, id }) => [number, id])),
    vends: ids("select idempotency_key from vends"),
    commands: ids("select id from commands"),
    movements: ids("select id from movements"),
    log: all<LogRow>(LOG),
    link,
  };
}
