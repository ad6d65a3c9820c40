import { sql } from "drizzle-orm";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { IdMint } from "@parkme/shared/domain/ids";
import type { LaneDirection } from "@parkme/shared/domain/lane";
import type { Currency } from "@parkme/shared/domain/money";
import type { SyncFact } from "@parkme/shared/protocol/sync";
import { createAlarmWriter } from "./alarms.ts";
import { createAttemptWriter } from "./attempts.ts";
import { factOf, type PlainRecord } from "./log.ts";
import { doingOf } from "./ledger.ts";
import type { GateDatabase } from "./open.ts";
import { createPaymentWriter, type MoneyParts } from "./payments.ts";
import { pictureQueuer } from "./picture-uploads.ts";
import { holds, lanes, resets, ticketPrints, vends } from "./schema.ts";
import { inserter, type At } from "./statements.ts";
import { createMovementWriter, createStayWriter, zoneInferrer } from "./stay-writers.ts";
import type { ZoneTree } from "./zone-tree.ts";

export type RecordOptions = {
  readonly currency: Currency;
  readonly mint: IdMint;
  readonly tree: ZoneTree;
  /** Spaces of the facility; null = not known. */
  readonly capacity: number | null;
  readonly money: MoneyParts;
  /** Whether pictures of those who pass are to go to the cloud. */
  readonly pictures: boolean;
};

/** Who charges a stay that leaves: nobody in person. */
const GATE = "gate";

type RecordAt = At & { readonly state: string };

/** Writes a record into its tables, and tells what the cloud is to know of it; null = nothing new. */
export function createRecordWriter(
  db: GateDatabase,
  options: RecordOptions,
): (record: GateRecord, at: RecordAt) => SyncFact | null {
  const alarm = createAlarmWriter(db, options.mint);
  const pay = paymentRecorder(db, options.money);
  const write = plainWriter(db, options);
  const withZones = zoneInferrer(db, options.tree);
  return (record, at) => {
    if (record.type === "alarm") return alarm.begin(record, at);
    if (record.type === "alarm_over") return alarm.end(record, at);
    if (record.type === "payment") return pay(record, at);
    const whole = record.type === "movement" ? withZones(record) : record;
    write(whole, at);
    return factOf(whole, { lane: at.lane, wallMs: at.wallMs, currency: options.currency });
  };
}

/** A payment at a lane; its writer tells the log itself. Throws where its key was used before. */
function paymentRecorder(db: GateDatabase, money: MoneyParts) {
  const write = createPaymentWriter(db, money);
  return (record: Extract<GateRecord, { type: "payment" }>, { lane, wallMs }: At): null => {
    const { type: _type, ...payment } = record;
    const { idempotencyKey, stayId } = record;
    const taken = write({ ...payment, place: lane }, wallMs);
    money.acts.record({ idempotencyKey, act: "payment", stayId }, taken, wallMs);
    return null;
  };
}

/** A stay that leaves is charged what it costs: one that was let out without paying keeps owing it. */
function exitCharger({ ledger }: MoneyParts) {
  return (record: Extract<GateRecord, { type: "movement" }>, { lane, wallMs }: At): void => {
    const { direction, scope, stayId, quote } = record;
    if (direction !== "out" || scope !== "facility" || stayId === null || quote === null) return;
    ledger.bookQuote(stayId, quote, doingOf({ place: lane, actor: GATE }, null, wallMs));
  };
}

function plainWriter(
  db: GateDatabase,
  { currency, tree, capacity, money, pictures }: RecordOptions,
): (record: PlainRecord, at: RecordAt) => void {
  const stay = createStayWriter(db, capacity);
  const move = createMovementWriter(db, tree);
  const picture = pictureQueuer(db, pictures);
  const charge = exitCharger(money);
  const attempt = createAttemptWriter(db, currency);
  const insertPrint = inserter(db, ticketPrints);
  const insertVend = inserter(db, vends);
  const insertReset = inserter(db, resets);
  const insertHold = inserter(db, holds);
  const turnLane = directionWriter(db);
  return (record, where) => {
    const { lane, wallMs: at } = where;
    switch (record.type) {
      case "stay_started":
        return stay.start(record, where);
      case "stay_voided":
        return stay.voidStay(record, where);
      case "stay_review":
        return stay.review(record);
      case "identified":
        // The log alone remembers it: it changes nothing of the stay.
        return;
      case "movement":
        charge(record, where);
        move(record, where);
        return picture(record, where);
      case "attempt":
        return attempt(record, where);
      case "ticket": {
        const { type: _type, ...print } = record;
        return insertPrint({ ...print, lane, at });
      }
      case "vend": {
        const { type: _type, ...vend } = record;
        return insertVend({ ...vend, lane, at, shiftId: money.book.openOf(record.actor) });
      }
      case "reset":
        return insertReset({ lane, actor: record.actor, reason: record.reason, at });
      case "hold": {
        const { type: _type, ...hold } = record;
        return insertHold({ ...hold, lane, at });
      }
      case "turned":
        return turnLane({ lane, direction: record.direction, state: where.state, at });
      default:
        return record satisfies never;
    }
  };
}

/** The turn writes the lane's row as well, but says nothing of its direction. */
function directionWriter(db: GateDatabase) {
  const upsert = db
    .insert(lanes)
    .values({
      lane: sql.placeholder("lane"),
      state: sql.placeholder("state"),
      updatedAt: sql.placeholder("at"),
      direction: sql.placeholder("direction"),
      turnedAt: sql.placeholder("at"),
    })
    .onConflictDoUpdate({
      target: lanes.lane,
      set: { direction: sql`excluded.direction`, turnedAt: sql`excluded.turned_at` },
    })
    .prepare();
  return (row: { lane: string; direction: LaneDirection; state: string; at: number }): void => {
    upsert.run(row);
  };
}
