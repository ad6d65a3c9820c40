import { sql, type SQL } from "drizzle-orm";
import { MAX_DISCREPANCIES, type Reconciliation } from "@parkme/shared/protocol/kiosk-desk";
import { instantOf } from "./log.ts";
import { ledger, paymentAttempts, payments } from "./money-schema.ts";
import type { GateDatabase } from "./open.ts";
import { movements, stays, tickets, vends } from "./schema.ts";

type Discrepancy = Reconciliation["discrepancies"][number];

/** A vehicle let out by hand is through the arm by then. */
const VEND_MS = 10 * 60_000;

/** What every query below answers. */
type Row = {
  readonly kind: Discrepancy["kind"];
  readonly at: number;
  readonly lane: string;
  readonly minor: number;
  readonly stayId: string | null;
  readonly plate: string | null;
  readonly actor: string | null;
  readonly detail: string;
};

/** Movements without money, and money without a movement. */
export function reconciling(db: GateDatabase) {
  return {
    /**
     * What does not fit together from one moment to before another, Unix milliseconds; oldest first, and bounded. A
     * discrepancy is in the time of its movement or its payment, with the balance as it is now: one that was settled
     * since is none.
     */
    reconciliation: (fromMs: number, toMs: number): Reconciliation => {
      const rows = discrepanciesOf(db, { from: fromMs, to: toMs });
      const listed = rows.toSorted((a, b) => a.at - b.at).slice(0, MAX_DISCREPANCIES);
      return {
        from: instantOf(fromMs),
        to: instantOf(toMs),
        ...totalsOf(db, { from: fromMs, to: toMs }),
        discrepancies: listed.map((row) => ({
          kind: row.kind,
          at: instantOf(row.at),
          lane: row.lane,
          amount_minor: row.minor,
          stay_id: row.stayId,
          ticket_number: row.stayId === null ? null : ticketOf(db, row.stayId),
          plate: row.plate,
          actor: row.actor,
          detail: row.detail,
        })),
        more: rows.length > MAX_DISCREPANCIES,
      };
    },
  };
}

type Span = { readonly from: number; readonly to: number };

function totalsOf(db: GateDatabase, { from, to }: Span) {
  const [moved] = db.all<{ n: number }>(
    sql`select count(*) as n from ${movements} where ${movements.at} >= ${from} and ${movements.at} < ${to} and ${movements.direction} = 'out' and ${movements.scope} = 'facility'`,
  );
  const [booked] = db.all<{ paid: number; charged: number }>(
    sql`select coalesce(sum(case when ${ledger.kind} in ('payment', 'change', 'refund') then -${ledger.amountMinor} else 0 end), 0) as paid, coalesce(sum(case when ${ledger.side} = 'charged' then ${ledger.amountMinor} else 0 end), 0) as charged from ${ledger} where ${ledger.at} >= ${from} and ${ledger.at} < ${to}`,
  );
  return {
    movements_out: moved?.n ?? 0,
    paid_minor: booked?.paid ?? 0,
    charged_minor: booked?.charged ?? 0,
  };
}

function ticketOf(db: GateDatabase, stayId: string): string | null {
  const [row] = db.all<{ number: string }>(
    sql`select ${tickets.number} as number from ${tickets} where ${tickets.stayId} = ${stayId} and ${tickets.replacedBy} is null limit 1`,
  );
  return row?.number ?? null;
}

/** One more of each kind than are listed in all, so that it shows that there are more. */
const EACH = sql`limit ${sql.raw(String(MAX_DISCREPANCIES + 1))}`;

function discrepanciesOf(db: GateDatabase, span: Span): readonly Row[] {
  const queries: readonly SQL[] = [
    leftUnpaid(span),
    leftWithoutStay(span),
    paidWithoutMovement(span),
    overpaid(span),
    inDoubt(span),
    vendWithoutMovement(span),
  ];
  return queries.flatMap((query) => db.all<Row>(query));
}

/** By the few stays whose balance is not nothing; left to itself, SQLite would rather read all that have left. */
const UNBALANCED = sql`${stays} indexed by stays_unbalanced`;

function leftUnpaid({ from, to }: Span): SQL {
  return sql`select 'left_unpaid' as kind, ${stays.exitAt} as at,
    coalesce((select ${movements.lane} from ${movements} where ${movements.at} = ${stays.exitAt} and ${movements.stayId} = ${stays.id} and ${movements.direction} = 'out'), ${stays.entryLane}) as lane,
    ${stays.balanceMinor} as minor, ${stays.id} as stayId, ${stays.plate} as plate,
    (select ${vends.actor} from ${vends} where ${vends.at} <= ${stays.exitAt} and ${vends.at} > ${stays.exitAt} - ${VEND_MS} and ${vends.lane} = (select ${movements.lane} from ${movements} where ${movements.at} = ${stays.exitAt} and ${movements.stayId} = ${stays.id} and ${movements.direction} = 'out') order by ${vends.at} desc limit 1) as actor,
    coalesce(${stays.review}, '') as detail
    from ${UNBALANCED} where ${stays.balanceMinor} > 0 and ${stays.balanceMinor} <> 0 and ${stays.status} = 'closed'
    and ${stays.exitAt} >= ${from} and ${stays.exitAt} < ${to} order by ${stays.exitAt} ${EACH}`;
}

function leftWithoutStay({ from, to }: Span): SQL {
  return sql`select 'left_without_stay' as kind, ${movements.at} as at, ${movements.lane} as lane, 0 as minor, null as stayId,
    ${movements.plate} as plate,
    case when ${movements.kind} = 'vend' then (select ${vends.actor} from ${vends} where ${vends.at} <= ${movements.at} and ${vends.at} > ${movements.at} - ${VEND_MS} and ${vends.lane} = ${movements.lane} order by ${vends.at} desc limit 1) end as actor,
    ${movements.kind} as detail
    from ${movements} where ${movements.at} >= ${from} and ${movements.at} < ${to}
    and ${movements.stayId} is null and ${movements.direction} = 'out' and ${movements.scope} = 'facility'
    order by ${movements.at} ${EACH}`;
}

const NET = sql`(${payments.amountMinor} - coalesce((select sum(${ledger.amountMinor}) from ${ledger} where ${ledger.paymentId} = ${payments.id} and ${ledger.kind} = 'refund'), 0))`;

/** A cross join is made in this order: from the payments of the time to their stays. */
function paidWithoutMovement({ from, to }: Span): SQL {
  return sql`select 'paid_without_movement' as kind, ${payments.at} as at, ${payments.lane} as lane, ${NET} as minor,
    ${stays.id} as stayId, ${stays.plate} as plate, ${payments.actor} as actor, ${stays.status} as detail
    from ${payments} cross join ${stays} on ${stays.id} = ${payments.stayId}
    where ${payments.at} >= ${from} and ${payments.at} < ${to} and ${stays.status} in ('void', 'provisional') and ${NET} > 0
    order by ${payments.at} ${EACH}`;
}

function overpaid({ from, to }: Span): SQL {
  const last = sql`(select max(${payments.at}) from ${payments} where ${payments.stayId} = ${stays.id})`;
  const of = (column: SQL): SQL =>
    sql`(select ${column} from ${payments} where ${payments.stayId} = ${stays.id} order by ${payments.at} desc limit 1)`;
  return sql`select 'overpaid' as kind, ${last} as at, ${of(sql`${payments.lane}`)} as lane, -${stays.balanceMinor} as minor,
    ${stays.id} as stayId, ${stays.plate} as plate, ${of(sql`${payments.actor}`)} as actor, ${stays.status} as detail
    from ${UNBALANCED} where ${stays.balanceMinor} < 0 and ${stays.balanceMinor} <> 0 and ${stays.status} not in ('void', 'provisional')
    and ${last} >= ${from} and ${last} < ${to} order by ${last} ${EACH}`;
}

function inDoubt({ from, to }: Span): SQL {
  return sql`select 'in_doubt' as kind, ${paymentAttempts.begunAt} as at, ${paymentAttempts.lane} as lane,
    ${paymentAttempts.amountMinor} as minor, ${stays.id} as stayId, ${stays.plate} as plate, null as actor, ${paymentAttempts.status} as detail
    from ${paymentAttempts} join ${stays} on ${stays.id} = ${paymentAttempts.stayId}
    where ${paymentAttempts.status} in ('begun', 'unknown', 'reversing') and ${paymentAttempts.begunAt} >= ${from} and ${paymentAttempts.begunAt} < ${to}
    order by ${paymentAttempts.begunAt} ${EACH}`;
}

function vendWithoutMovement({ from, to }: Span): SQL {
  return sql`select 'vend_without_movement' as kind, ${vends.at} as at, ${vends.lane} as lane, 0 as minor, null as stayId, null as plate,
    ${vends.actor} as actor, ${vends.reason} as detail
    from ${vends} where ${vends.at} >= ${from} and ${vends.at} < ${to}
    and not exists (select 1 from ${movements} where ${movements.lane} = ${vends.lane} and ${movements.at} >= ${vends.at} and ${movements.at} < ${vends.at} + ${VEND_MS})
    order by ${vends.at} ${EACH}`;
}
