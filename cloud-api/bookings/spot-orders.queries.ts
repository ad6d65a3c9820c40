import { randomUUID } from "node:crypto";
import type { Once } from "../platform/idempotency.queries.ts";
import type { BookingRow } from "./booking-row.ts";
import { asRecord } from "./record.queries.ts";
import type { Asks, Entry, WantedSpot, WrittenSpot } from "./reserve.queries.ts";

/** A booking of a numbered spot, as it is to be written. */
export type SpotOrder = {
  /** With its `spotId`. */
  readonly row: BookingRow;
  /** The spot as it was read; null = however it is. */
  readonly as: WantedSpot | null;
  readonly entry: Entry;
  /** Nobody may stand there now. */
  readonly mustBeFree: boolean;
  /** Kept with it: what the same request is answered from now on. */
  readonly once: (Once & { readonly answer: object }) | null;
};

export type SpotOutcome =
  | { readonly kind: "written"; readonly number: string }
  /** Another booking holds the spot then. Nothing else is wrong. */
  | { readonly kind: "taken" }
  /** It is not as it was read, somebody else has its lock or was a moment faster, or its number was minted twice. */
  | { readonly kind: "unsure" };

/** The spot is there, for who wants it, and as it was read. */
const AS_READ = `s.facility_id = (a.row).facility_id and s.id = (a.row).spot_id and s.closed_at is null
    and s.status <> 'blocked' and (s.status = 'free' or not a.must_be_free)
    and (a.spot is null or a.spot = jsonb_build_array(
      s.number, s.size_rank, s.ev, s.accessible, s.vehicle_types, s.reservable))`;

/**
 * Writes bookings of numbered spots, each with its entry in the audit log, its change for those who watch, and the answer
 * that is kept for its `Idempotency-Key`; what cannot be written is left out, and nothing of it is there. Spots are locked
 * in the order of their ids, so that two of these never wait for each other in a circle. Whom the exclusion constraint
 * stops is passed over: that is no error.
 *
 * It runs as the system, which row-level security lets through, for drivers of many tenants at once. So it asks itself,
 * of each order by itself, whether the vehicle is that driver's, as it was read: `user_id` is who signed in, and comes
 * from nowhere else. Drive-ins have neither.
 */
const writing = (lock: string): string => `
  with asked as materialized (
    select b as row, o.organisation_id, o.entry_id, o.actor, o.role, o.request_id, o.must_be_free, o.spot,
      o.key, o.request, o.answer
    from json_populate_recordset(null::bookings, $1::json) b
    join json_to_recordset($2::json) as o (id uuid, organisation_id uuid, entry_id uuid, actor text, role text,
      request_id text, must_be_free boolean, spot jsonb, key text, request text, answer json) on o.id = b.id
  ),
  look as materialized (
    select a.*, s.id is not null and ((a.row).vehicle_id is null or v.id is not null) as is_known,
      exists (
        select from bookings b
        where b.facility_id = (a.row).facility_id and b.spot_id = (a.row).spot_id
          and b.status in ('PENDING', 'CONFIRMED', 'ACTIVE')
          and tstzrange(b.entry_time, b.held_until) && tstzrange((a.row).entry_time, (a.row).held_until)) as is_taken
    from asked a
    left join spots s on ${AS_READ}
    left join vehicles v on v.id = (a.row).vehicle_id and v.user_id = (a.row).user_id and v.owned_until is null
      and v.plate = (a.row).plate and v.type = (a.row).vehicle_type
      and v.ev = (a.row).ev and v.accessible = (a.row).accessible
  ),
  spot as materialized (
    select a.row, s.number
    from look a join spots s on ${AS_READ}
    where a.is_known and not a.is_taken
    order by s.facility_id, s.id
    for update of s ${lock}
  ),
  booking as (
    insert into bookings select (row).* from spot on conflict do nothing
    returning id, facility_id, spot_id, status, made_at, user_id
  ),
  written as materialized (
    select b.*, a.organisation_id, a.entry_id, a.actor, a.role, a.request_id, a.key, a.request, a.answer
    from booking b join look a on (a.row).id = b.id
  ),
  entry as (
    insert into audit_entries (organisation_id, id, at, actor, role, action, subject, facility_id, detail, request_id)
    select organisation_id, entry_id, made_at, actor, role, 'booking.made', 'booking:' || id, facility_id,
      json_build_object('status', status, 'spot_id', spot_id), request_id
    from written
  ),
  change as (
    insert into facility_changes (facility_id, kind, body, at)
    select facility_id, 'booking', json_build_object('id', id, 'status', status, 'spot_id', spot_id), made_at from written
  ),
  kept as (
    insert into idempotency_keys (owner, key, request, status, answer, at)
    select user_id, key, decode(request, 'hex'), 201, answer, made_at from written where key is not null
  )
  select (a.row).id, a.is_known and a.is_taken as "isTaken", w.id is not null as "isWritten", s.number
  from look a
  left join written w on w.id = (a.row).id
  left join spot s on (s.row).id = (a.row).id`;

const STATEMENTS = {
  waiting: { name: "bookings.write_spots_waiting", text: writing("") },
  passing: { name: "bookings.write_spots", text: writing("skip locked") },
} as const;

/**
 * Writes all of them that can be written, in one statement.
 *
 * @param locked what becomes of those whose spot somebody else has locked: waited for, or passed over as `unsure`.
 * @returns an outcome for each, in their order.
 * @throws where nothing was written, because of any of them: a key that another request has used meanwhile.
 */
export async function writeSpots(
  asks: Asks,
  orders: readonly SpotOrder[],
  locked: keyof typeof STATEMENTS,
): Promise<readonly SpotOutcome[]> {
  const values = [asArray(orders.map(({ row }) => asRecord(row))), asArray(orders.map(besides))];
  const { rows } = await asks.query<Answered>({ ...STATEMENTS[locked], values });
  const answers = new Map(rows.map((row) => [row.id, row]));
  return orders.map(({ row }) => outcomeOf(answers.get(row.id)));
}

/** Writes one, and waits for who has its spot locked. Null = it is taken, or not as it was read. */
export async function writeSpot(asks: Asks, order: SpotOrder): Promise<WrittenSpot | null> {
  const [outcome] = await writeSpots(asks, [order], "waiting");
  return outcome?.kind === "written" ? { spotId: order.row.spotId, number: outcome.number } : null;
}

type Answered = {
  readonly id: string;
  readonly isTaken: boolean;
  readonly isWritten: boolean;
  readonly number: string | null;
};

function outcomeOf(answered: Answered | undefined): SpotOutcome {
  if (answered === undefined) throw new Error("an order was lost");
  if (answered.isWritten) return { kind: "written", number: answered.number ?? "" };
  return { kind: answered.isTaken ? "taken" : "unsure" };
}

const asArray = (texts: readonly string[]): string => `[${texts.join(",")}]`;

function besides({ row, as, entry, mustBeFree, once }: SpotOrder): string {
  return JSON.stringify({
    id: row.id,
    organisation_id: entry.organisationId,
    entry_id: randomUUID(),
    actor: entry.actor,
    role: entry.role,
    request_id: entry.requestId,
    must_be_free: mustBeFree,
    spot: as && [as.number, as.sizeRank, as.ev, as.accessible, as.vehicleTypes, as.isReservable],
    key: once?.key,
    request: once?.request.toString("hex"),
    answer: once?.answer,
  });
}
