import { and, eq, inArray, sql } from "drizzle-orm";
import type { Db } from "../db/connection.ts";
import { violations } from "../db/enforcement-schema.ts";
import { pictures } from "../db/sync-schema.ts";
import { isHeld } from "./held.queries.ts";
import type { Span } from "./plates.queries.ts";
import { ABANDONED_DAYS } from "./rules.ts";

const AT_ONCE = 500;

/** A movement is told of within these days around its picture's arrival. */
const MOVED_WITHIN_DAYS = 7;
const DAY_MS = 86_400_000;

export type OldPicture = { readonly pictureId: string; readonly subject: string; readonly at: Date };

/** Pictures that came before a moment, by their ids, behind one. */
export async function oldPictures(
  db: Db,
  { facilityId, before }: Span,
  afterId: string,
): Promise<readonly OldPicture[]> {
  return await db
    .select({ pictureId: pictures.pictureId, subject: pictures.subject, at: pictures.at })
    .from(pictures)
    .where(
      sql`${pictures.facilityId} = ${facilityId} and ${pictures.pictureId} > ${afterId}
        and ${pictures.at} < ${before.toISOString()}::timestamptz and not ${isHeld("pictures", null, null)}`,
    )
    .orderBy(pictures.pictureId)
    .limit(AT_ONCE);
}

/** Of movements that pictures show: those whose stay has not ended before the moment, or is held. */
export async function keptSubjects(
  db: Db,
  { facilityId, before }: Span,
  shown: readonly OldPicture[],
): Promise<ReadonlySet<string>> {
  const times = shown.map(({ at }) => at.getTime());
  const around = MOVED_WITHIN_DAYS * DAY_MS;
  const from = new Date(Math.min(...times) - around).toISOString();
  const until = new Date(Math.max(...times) + around).toISOString();
  const ids = JSON.stringify(shown.map(({ subject }) => subject));
  const { rows } = await db.execute<{ id: string }>(sql`
    select m.movement_id as id from movements m
    left join stays s on s.facility_id = m.facility_id and s.stay_id = m.stay_id
    where m.facility_id = ${facilityId} and m.at >= ${from}::timestamptz and m.at <= ${until}::timestamptz
      and m.movement_id::text in (select json_array_elements_text(${ids}::json))
      and (coalesce(s.exit_at, case s.status when 'void' then s.entry_at
          else s.entry_at + interval '${sql.raw(String(ABANDONED_DAYS))} days' end) >= ${before.toISOString()}::timestamptz
        or ${isHeld("m", sql`m.plate`, sql`m.stay_id`)})`);
  return new Set(rows.map(({ id }) => id));
}

export async function deletePictures(db: Db, facilityId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db
    .delete(pictures)
    .where(and(eq(pictures.facilityId, facilityId), inArray(pictures.pictureId, [...ids])));
}

export type OldViolation = { readonly id: string; readonly pictures: readonly string[] };

/** Violations that were closed before a moment, and are not forgotten yet. */
export async function oldViolations(db: Db, { facilityId, before }: Span): Promise<readonly OldViolation[]> {
  return await db
    .select({ id: violations.id, pictures: violations.pictures })
    .from(violations)
    .where(
      sql`${violations.facilityId} = ${facilityId} and ${violations.closedAt} < ${before.toISOString()}::timestamptz
        and (${violations.plate} is not null or cardinality(${violations.pictures}) > 0
          or ${violations.userId} is not null or ${violations.note} <> '')
        and not ${isHeld("violations", sql`violations.plate`, sql`violations.stay_id`)}`,
    )
    .limit(AT_ONCE);
}

/** Takes plates, people, words and pictures out of violations and what was said to them. The penalty stays. */
export async function emptyViolations(db: Db, facilityId: string, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  const list = JSON.stringify(ids);
  const named = sql`(select value::uuid from json_array_elements_text(${list}::json))`;
  await db.execute(sql`
    with said as (update disputes set text = '', answer = null
      where facility_id = ${facilityId} and violation_id in ${named})
    update violations set plate = null, user_id = null, note = '', pictures = '{}', void_reason = null
    where facility_id = ${facilityId} and id in ${named}`);
}
