import { sql, type SQL } from "drizzle-orm";
import type { Tx } from "../db/connection.ts";
import { daysOf } from "./plates.queries.ts";

/**
 * Forgets a driver. What tax law keeps (prices, payments, penalties) stays, and nobody can tell whose it was. What lies in
 * the edges' logs as they came (edge_batches) is not opened: see RESTORE_WINDOW_DAYS and `log_days` in rules.ts. Lists of
 * facilities (blocked plates) are theirs, and stay.
 */

/** What of somebody is at a facility: the stays of their bookings and subscriptions, and the plates that came with them. */
export type Traces = {
  readonly facilityId: string;
  readonly stayIds: readonly string[];
  readonly plates: readonly string[];
};

/**
 * Not by the plates of their vehicles alone: anybody can register a plate, and would have the stays of others forgotten.
 */
export async function tracesOf(tx: Tx, userId: string): Promise<readonly Traces[]> {
  const { rows } = await tx.execute<{ facility_id: string; stay_ids: string[]; plates: string[] }>(sql`
    with mine as (
      select facility_id, stay_id, plate from bookings where user_id = ${userId}
      union all select facility_id, stay_id, plate from violations where user_id = ${userId}
      union all select s.facility_id, u.stay_id, unnest(s.plates) from subscriptions s
        left join subscription_stays u on u.facility_id = s.facility_id and u.subscription_id = s.id
        where s.user_id = ${userId})
    select facility_id, coalesce(array_agg(distinct stay_id::text) filter (where stay_id is not null), '{}') as stay_ids,
      coalesce(array_agg(distinct plate) filter (where plate <> ''), '{}') as plates
    from mine group by facility_id order by facility_id`);
  return rows.map(({ facility_id: facilityId, stay_ids: stayIds, plates }) => ({
    facilityId,
    stayIds,
    plates,
  }));
}

/** What is empty has no place in the others' statements. */
const list = (values: readonly string[]): SQL =>
  sql`(select value from json_array_elements_text(${JSON.stringify(values)}::json) as value)`;

/** The pictures of somebody at a facility: those of their stays' movements, and of their violations. */
export async function takePictures(tx: Tx, userId: string, traces: Traces): Promise<readonly string[]> {
  const { facilityId, stayIds } = traces;
  const { rows } = await tx.execute<{ id: string }>(sql`
    with shown as (delete from pictures where facility_id = ${facilityId} and subject in (
        select m.movement_id::text from movements m where ${ofStays(facilityId, stayIds)})
      returning picture_id as id)
    select id from shown union
    select unnest(pictures) from violations where facility_id = ${facilityId} and user_id = ${userId}`);
  return rows.map(({ id }) => id);
}

/** Movements are looked for around the times of their stays: they lie by month. */
function ofStays(facilityId: string, stayIds: readonly string[]): SQL {
  return sql`m.facility_id = ${facilityId} and m.stay_id::text in ${list(stayIds)}
    and m.at >= (select min(entry_at) - interval '1 day' from stays
      where facility_id = ${facilityId} and stay_id::text in ${list(stayIds)})`;
}

/** Of their stays at a facility, the plates; the days are noted, because the edge has them still. */
export async function eraseStays(tx: Tx, { facilityId, stayIds }: Traces, now: Date): Promise<void> {
  if (stayIds.length === 0) return;
  await tx.execute(sql`
    with old as (select m.facility_id, m.at, m.movement_id from movements m
        where ${ofStays(facilityId, stayIds)} and m.plate is not null),
      ${daysOf("at", now)}
    update movements set plate = null from old where movements.facility_id = old.facility_id
      and movements.at = old.at and movements.movement_id = old.movement_id`);
  await tx.execute(sql`
    with old as (select facility_id, stay_id, entry_at from stays
        where facility_id = ${facilityId} and stay_id::text in ${list(stayIds)} and plate is not null),
      ${daysOf("entry_at", now)}
    update stays set plate = null from old
      where stays.facility_id = old.facility_id and stays.stay_id = old.stay_id`);
}

/** What edges told of them in the last weeks: before, it is forgotten already. */
export async function eraseEvents(tx: Tx, { facilityId, stayIds, plates }: Traces): Promise<void> {
  const words = [...stayIds, ...plates.map((plate) => `"${plate}"`)];
  if (words.length === 0) return;
  const speaks = (text: SQL): SQL =>
    sql`exists (select from ${list(words)} as w(word) where position(w.word in ${text}) > 0)`;
  await tx.execute(sql`
    update edge_events e set payload = '{}' from edges
    where edges.facility_id = ${facilityId} and e.edge_id = edges.id and e.seq > edges.forgotten_seq
      and e.payload::text like '%plate%' and ${speaks(sql`e.payload::text`)}`);
  await tx.execute(sql`
    delete from equality_differences d where d.facility_id = ${facilityId}
      and ${speaks(sql`concat(d.row_id, d.edge_row, d.cloud_row)`)}`);
  await tx.execute(sql`
    update legal_holds set plate = null where facility_id = ${facilityId} and lifted_at is not null
      and plate in ${list(plates)}`);
}

/** Their rows of the platform. */
export async function eraseRows(tx: Tx, userId: string, now: Date): Promise<void> {
  const mine = sql`user_id = ${userId}`;
  const email = sql`(select email from users where id = ${userId})`;
  const at = now.toISOString();
  const statements = [
    sql`update refunds set actor = 'erased' where actor = ${email}`,
    sql`delete from vehicle_transfers where ${mine}`,
    sql`delete from vehicles where ${mine}`,
    sql`update bookings set user_id = null, vehicle_id = null, plate = '', cancel_reason = null where ${mine}`,
    sql`update subscriptions set plates = '{}', renews = false where ${mine}`,
    sql`update disputes set text = '', answer = null where ${mine}`,
    sql`update violations set user_id = null, plate = null, note = '', pictures = '{}', void_reason = null where ${mine}`,
    sql`update provider_payments set user_id = null where ${mine}`,
    sql`delete from idempotency_keys where owner = ${userId}`,
    sql`delete from refresh_tokens where sign_in_id in (select id from sign_ins where ${mine})`,
    sql`delete from sign_ins where ${mine}`,
    sql`delete from sessions where ${mine}`,
    sql`delete from password_resets where ${mine}`,
    sql`delete from totp_secrets where ${mine}`,
    sql`delete from failed_sign_ins where ${mine}`,
    // Subscriptions refer to the row. No password has this hash, and nobody this email.
    sql`update users set email = 'erased-' || id || '@invalid', name = 'erased', first_name = '', last_name = '',
      phone = null, password_hash = 'erased', disabled_at = coalesce(disabled_at, ${at}), erased_at = ${at}
      where id = ${userId}`,
  ];
  for (const statement of statements) await tx.execute(statement);
}
