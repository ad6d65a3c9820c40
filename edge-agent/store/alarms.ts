import { and, count, desc, eq, isNotNull, isNull, sql } from "drizzle-orm";
import { isLasting } from "@parkme/shared/domain/alarm";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { AlarmId, IdMint } from "@parkme/shared/domain/ids";
import type { AlarmView } from "@parkme/shared/protocol/kiosk";
import type { SyncFact } from "@parkme/shared/protocol/sync";
import { detailOf, instantOf, type LogWriter } from "./log.ts";
import type { GateDatabase } from "./open.ts";
import { alarms } from "./schema.ts";
import { inserter, type At } from "./statements.ts";

/** Writes alarms within a turn; each tells the fact for the log, or null where there is nothing new. */
export function createAlarmWriter(db: GateDatabase, mint: IdMint) {
  const insertAlarm = inserter(db, alarms);
  const lasting = db
    .select({ id: alarms.id })
    .from(alarms)
    .where(
      and(
        eq(alarms.lane, sql.placeholder("lane")),
        eq(alarms.kind, sql.placeholder("kind")),
        isNull(alarms.endedAt),
      ),
    )
    .prepare();
  const end = db
    .update(alarms)
    .set({ endedAt: sql`${sql.placeholder("at")}` })
    .where(eq(alarms.id, sql.placeholder("id")))
    .prepare();
  return {
    begin: (
      { kind, detail }: Extract<GateRecord, { type: "alarm" }>,
      { lane, wallMs }: At,
    ): SyncFact | null => {
      const lasts = isLasting(kind);
      if (lasts && lasting.get({ lane, kind }) !== undefined) return null;
      const id = mint.next<AlarmId>(wallMs);
      insertAlarm({ id, lane, kind, detail, startedAt: wallMs, endedAt: lasts ? null : wallMs });
      const said = { lane, kind, detail: detailOf(detail), at: instantOf(wallMs) };
      return { kind: "alarm.raised", payload: { alarm_id: id, lasting: lasts, ...said } };
    },
    end: ({ kind }: Extract<GateRecord, { type: "alarm_over" }>, { lane, wallMs }: At): SyncFact | null => {
      const open = lasting.get({ lane, kind });
      if (open === undefined) return null;
      end.run({ id: open.id, at: wallMs });
      return { kind: "alarm.ended", payload: { alarm_id: open.id, lane, kind, at: instantOf(wallMs) } };
    },
  };
}

/** What pages ask of alarms, and what they do with them. */
export function alarmQueries(db: GateDatabase, writeLog: LogWriter) {
  const newestFirst = [desc(alarms.startedAt), desc(alarms.id)];
  const latest = db
    .select()
    .from(alarms)
    .orderBy(...newestFirst)
    .limit(sql.placeholder("limit"))
    .prepare();
  // Few last: in their own index they have no order, and are put into it here.
  const lasting = db.select().from(alarms).where(isNull(alarms.endedAt)).prepare();
  const overAndWaiting = db
    .select()
    .from(alarms)
    .where(and(isNull(alarms.acknowledgedAt), isNotNull(alarms.endedAt)))
    .orderBy(...newestFirst)
    .limit(sql.placeholder("limit"))
    .prepare();
  const waiting = db.select({ n: count() }).from(alarms).where(isNull(alarms.acknowledgedAt)).prepare();
  const openAlarms = (lane?: string): AlarmView[] =>
    lasting
      .all()
      .filter((row) => lane === undefined || row.lane === lane)
      .toSorted((a, b) => b.startedAt - a.startedAt || (a.id < b.id ? 1 : -1))
      .map(viewOf);
  return {
    /** Alarms that last, newest first, of one lane or of all. */
    openAlarms,
    /** The latest alarms, over or not, newest first. */
    recentAlarms: (limit: number): AlarmView[] => latest.all({ limit }).map(viewOf),
    /** What somebody should look at: first the alarms that last, then those that wait, each newest first. */
    alarmsToSee: (limit: number): AlarmView[] => {
      const open = openAlarms().slice(0, limit);
      return [...open, ...overAndWaiting.all({ limit: limit - open.length }).map(viewOf)];
    },
    /** How many alarms nobody has acknowledged. */
    alarmsWaiting: (): number => waiting.get()?.n ?? 0,
    /** Somebody has seen it: the first who says so stands. False when there is no such alarm. */
    acknowledgeAlarm: (id: string, actor: string, wallMs: number): boolean =>
      db.transaction(
        () => {
          const alarm = db.select().from(alarms).where(eq(alarms.id, id)).get();
          if (alarm === undefined) return false;
          if (alarm.acknowledgedAt !== null) return true;
          const seen = { acknowledgedAt: wallMs, acknowledgedBy: actor };
          db.update(alarms).set(seen).where(eq(alarms.id, id)).run();
          const payload = { alarm_id: alarm.id, lane: alarm.lane, actor, at: instantOf(wallMs) };
          writeLog({ kind: "alarm.acknowledged", payload }, wallMs);
          return true;
        },
        { behavior: "immediate" },
      ),
  };
}

function viewOf(row: typeof alarms.$inferSelect): AlarmView {
  return {
    alarm_id: row.id,
    lane: row.lane,
    kind: row.kind,
    detail: row.detail,
    started_at: instantOf(row.startedAt),
    ended_at: row.endedAt === null ? null : instantOf(row.endedAt),
    acknowledged_at: row.acknowledgedAt === null ? null : instantOf(row.acknowledgedAt),
    acknowledged_by: row.acknowledgedBy,
  };
}
