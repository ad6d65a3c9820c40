import { and, desc, eq, sql, type SQL } from "drizzle-orm";
import type { Credential } from "@parkme/shared/domain/credential";
import type { Credit, StayInHand } from "@parkme/shared/domain/gate-record";
import { asId, type StayId, type TicketNumber } from "@parkme/shared/domain/ids";
import type { LaneDirection } from "@parkme/shared/domain/lane";
import { plateShape } from "@parkme/shared/domain/plate";
import { CURRENT_LIST } from "./lists.ts";
import type { GateDatabase } from "./open.ts";
import { rightKeys, rights } from "./list-schema.ts";
import { lanes, stays, tickets } from "./schema.ts";
import { CURRENT_TICKET, MAY_BE_INSIDE } from "./statements.ts";

/** A stay that may be inside. */
export type InsideStay = Omit<StayInHand, "due"> & {
  /** Its vehicle came in again since, so it must have left unseen. */
  readonly missedExit: boolean;
  /** Anti-passback was reset since it began. */
  readonly neutral: boolean;
};

/** A stay begun under a right that something shown belongs to; `shared` = the right lets several in at once. */
export type StayUnderRight = { readonly stay: InsideStay; readonly shared: boolean };

/** An attendant chooses among these; more are no help. */
const MAX_CANDIDATES = 10;

/** What lanes ask about stays, and what they remember over a restart. */
export function stayQueries(db: GateDatabase) {
  const inside = insideQuery(db);
  const byShape = inside(eq(stays.plateShape, sql.placeholder("shape")));
  const byNumber = inside(eq(tickets.number, sql.placeholder("number")));
  const byCredential = inside(
    sql`${stays.credential} = ${sql.placeholder("text")} and ${stays.credentialKind} = ${sql.placeholder("kind")}`,
  );
  const underRight = underRightQuery(db);
  const ticket = db
    .select({ number: tickets.number })
    .from(tickets)
    .where(eq(tickets.number, sql.placeholder("number")))
    .prepare();
  const laneRow = (lane: string) => db.select().from(lanes).where(eq(lanes.lane, lane)).get();
  return {
    /** Stays inside whose plate is this one or looks like it, newest first, at most {@link MAX_CANDIDATES}. */
    insideLike: (plate: string): readonly InsideStay[] => byShape({ shape: plateShape(plate) }),
    /** The stay of a ticket, while it may be inside. */
    stayByTicket: (number: TicketNumber): InsideStay | null => byNumber({ number })[0] ?? null,
    /** Stays inside that were begun with this card or code, newest first. */
    insideWith: ({ kind, text }: Credential): readonly InsideStay[] => byCredential({ kind, text }),
    /** Stays inside that were begun, with whatever, under a right that this card or code belongs to. */
    insideUnder: ({ kind, text }: Credential): readonly StayUnderRight[] =>
      underRight({ medium: kind, text }),
    ticketExists: (number: TicketNumber): boolean => ticket.get({ number }) !== undefined,
    /** The credit this lane held when the agent stopped, if its passage was not confirmed. */
    creditInDoubt: (lane: string): Credit | null => {
      const credit = laneRow(lane)?.credit ?? null;
      return credit === null ? null : (JSON.parse(credit) as Credit);
    },
    /** Which way a lane was turned last; null when it never was. */
    directionOf: (lane: string): LaneDirection | null => laneRow(lane)?.direction ?? null,
    /** When that was, Unix milliseconds. */
    turnedAtMs: (lane: string): number | null => laneRow(lane)?.turnedAt ?? null,
  };
}

/** What lanes ask of a stay; the rest of its row is not read for them. */
const SEEN = {
  id: stays.id,
  plate: stays.plate,
  entryAt: stays.entryAt,
  status: stays.status,
  rightKind: stays.rightKind,
  rightId: stays.rightId,
  review: stays.review,
  neutral: stays.neutral,
  ticketNumber: tickets.number,
};
type Seen = Pick<typeof stays.$inferSelect, Exclude<keyof typeof SEEN, "ticketNumber">> & {
  readonly ticketNumber: string;
};

function insideQuery(db: GateDatabase) {
  return (which: SQL) => {
    const query = db
      .select(SEEN)
      .from(stays)
      .innerJoin(tickets, CURRENT_TICKET)
      .where(and(which, MAY_BE_INSIDE))
      .orderBy(desc(stays.entryAt))
      .limit(MAX_CANDIDATES)
      .prepare();
    return (values: Record<string, unknown>): readonly InsideStay[] => query.all(values).map(read);
  };
}

function underRightQuery(db: GateDatabase) {
  const query = db
    .select({ ...SEEN, spaces: rights.spaces })
    .from(rightKeys)
    // Cross joins are made in this order: from what was shown to the few stays under it.
    .crossJoin(rights)
    .crossJoin(stays)
    .innerJoin(tickets, CURRENT_TICKET)
    .where(
      and(
        eq(rightKeys.listId, CURRENT_LIST),
        eq(rightKeys.text, sql.placeholder("text")),
        eq(rightKeys.medium, sql.placeholder("medium")),
        eq(rights.listId, rightKeys.listId),
        eq(rights.kind, rightKeys.kind),
        eq(rights.id, rightKeys.rightId),
        eq(stays.rightId, rights.id),
        eq(stays.rightKind, rights.kind),
        MAY_BE_INSIDE,
      ),
    )
    .orderBy(desc(stays.entryAt))
    .limit(MAX_CANDIDATES)
    .prepare();
  return (values: Record<string, unknown>): readonly StayUnderRight[] =>
    query.all(values).map((found) => ({ stay: read(found), shared: found.spaces !== null }));
}

function read(stay: Seen): InsideStay {
  return {
    stayId: asId<StayId>(stay.id),
    ticketNumber: stay.ticketNumber as TicketNumber,
    plate: stay.plate,
    entryWallMs: stay.entryAt,
    status: stay.status === "open" ? "open" : "provisional",
    right:
      stay.rightKind === null || stay.rightId === null ? null : { kind: stay.rightKind, id: stay.rightId },
    missedExit: stay.review === "missed_exit",
    neutral: stay.neutral,
  };
}
