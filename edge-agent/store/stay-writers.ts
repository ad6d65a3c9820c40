import { and, desc, eq, lte, sql } from "drizzle-orm";
import type { Credential } from "@parkme/shared/domain/credential";
import type { GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import { plateShape } from "@parkme/shared/domain/plate";
import { CURRENT_LIST } from "./lists.ts";
import type { GateDatabase } from "./open.ts";
import { rights } from "./list-schema.ts";
import { tariffs } from "./money-schema.ts";
import { agentState, movements, stays, tickets, zoneCounts } from "./schema.ts";
import { inserter, type At } from "./statements.ts";
import type { ZoneTree } from "./zone-tree.ts";

type RecordOf<K extends GateRecord["type"]> = Extract<GateRecord, { type: K }>;

/**
 * Writes what happens to stays: they begin, are void, are put up for review.
 *
 * @param capacity spaces of the facility; null = not known.
 */
export function createStayWriter(db: GateDatabase, capacity: number | null) {
  const insertStay = inserter(db, stays);
  const insertTicket = inserter(db, tickets);
  const id = sql.placeholder("id");
  const voidStay = db.update(stays).set({ status: "void" }).where(eq(stays.id, id)).prepare();
  const voidTickets = db
    .update(tickets)
    .set({ voidedAt: sql`${sql.placeholder("at")}` })
    .where(eq(tickets.stayId, id))
    .prepare();
  const review = db
    .update(stays)
    .set({ review: sql`${sql.placeholder("review")}` })
    .where(eq(stays.id, id))
    .prepare();
  const rightColumns = rightReader(db);
  const tariffColumns = tariffAt(db);
  const occupancy = occupancyReader(db, capacity);
  const start = ({ stay, credential, zone }: RecordOf<"stay_started">, { lane, wallMs }: At): void => {
    const { stayId, plate, right } = stay;
    insertStay({
      id: stayId,
      status: "provisional",
      entryLane: lane,
      plate,
      plateShape: plate === null ? null : plateShape(plate),
      entryAt: stay.entryWallMs,
      ...(right === null ? NO_RIGHT : rightColumns(right)),
      ...shownWith(credential),
      zone,
      ...tariffColumns(stay.entryWallMs),
      occupancyPercent: occupancy(),
    });
    insertTicket({ number: stay.ticketNumber, stayId, lane, issuedAt: wallMs });
  };
  return {
    start,
    voidStay: ({ stayId }: RecordOf<"stay_voided">, { wallMs }: At): void => {
      voidStay.run({ id: stayId });
      voidTickets.run({ id: stayId, at: wallMs });
    },
    review: ({ stayId, review: why }: RecordOf<"stay_review">): void => {
      review.run({ id: stayId, review: why });
    },
  };
}

type TariffColumns = Pick<typeof stays.$inferInsert, "tariffId" | "tariffVersion">;

/** The version that was in force then: it prices the stay, whatever comes after. */
export function tariffAt(db: GateDatabase): (wallMs: number) => TariffColumns {
  const inForce = db
    .select({ tariffId: tariffs.tariffId, tariffVersion: tariffs.version })
    .from(tariffs)
    .where(lte(tariffs.fromAt, sql.placeholder("at")))
    .orderBy(desc(tariffs.fromAt), desc(tariffs.id))
    .limit(1)
    .prepare();
  return (at) => inForce.get({ at }) ?? { tariffId: null, tariffVersion: null };
}

/** How full the facility is, in whole percent; null = not known. */
function occupancyReader(db: GateDatabase, capacity: number | null): () => number | null {
  const count = db.select({ inside: agentState.inside }).from(agentState).prepare();
  return () => {
    if (capacity === null || capacity <= 0) return null;
    return Math.max(0, Math.floor(((count.get()?.inside ?? 0) * 100) / capacity));
  };
}

const NO_RIGHT = {
  rightKind: null,
  rightId: null,
  rightAccount: null,
  rightZone: null,
  rightFrom: null,
  rightUntil: null,
  rightPass: null,
};
type RightColumns = Pick<typeof stays.$inferInsert, keyof typeof NO_RIGHT>;

/** A right with what the lists in force say of it, which counts as long as the stay lasts. */
function rightReader(db: GateDatabase): (right: NonNullable<StayInHand["right"]>) => RightColumns {
  const listed = db
    .select({
      rightAccount: rights.account,
      rightZone: rights.zone,
      rightFrom: sql<number>`coalesce(${rights.reservedFrom}, ${rights.validFrom})`,
      rightUntil: rights.validUntil,
      rightPass: rights.pass,
    })
    .from(rights)
    .where(
      and(
        eq(rights.listId, CURRENT_LIST),
        eq(rights.kind, sql.placeholder("kind")),
        eq(rights.id, sql.placeholder("id")),
      ),
    )
    .prepare();
  return ({ kind, id }) => ({ ...NO_RIGHT, ...listed.get({ kind, id }), rightKind: kind, rightId: id });
}

/** A ticket's number is found by itself. */
function shownWith(
  credential: Credential | null,
): Pick<typeof stays.$inferInsert, "credentialKind" | "credential"> {
  if (credential === null || credential.kind === "ticket") return { credentialKind: null, credential: null };
  return { credentialKind: credential.kind, credential: credential.text };
}

/**
 * A vehicle that leaves though nobody saw it come in went where its entry led. The lane that concludes so cannot
 * tell; without this, the way out would count from a zone that nothing was counted into.
 */
export function zoneInferrer(db: GateDatabase, tree: ZoneTree) {
  const zoneOf = zoneQuery(db);
  return (record: RecordOf<"movement">): RecordOf<"movement"> => {
    const { kind, direction, scope, zones, stayId } = record;
    const unseen = kind === "inferred" && direction === "in" && scope === "facility" && zones.length === 0;
    if (!unseen || stayId === null) return record;
    const entered = tree.pathOf(zoneOf.get({ id: stayId })?.zone ?? null);
    return { ...record, zones: entered.map((zone) => ({ zone, by: 1 })) };
  };
}

function zoneQuery(db: GateDatabase) {
  return db
    .select({ zone: stays.zone })
    .from(stays)
    .where(eq(stays.id, sql.placeholder("id")))
    .prepare();
}

/** Writes passages: what they do to the counts, and to the stay they belong to. */
export function createMovementWriter(db: GateDatabase, tree: ZoneTree) {
  const insertMovement = inserter(db, movements);
  const countFacility = db
    .update(agentState)
    .set({ inside: sql`${agentState.inside} + ${sql.placeholder("by")}` })
    .prepare();
  const countZone = db
    .insert(zoneCounts)
    .values({ zone: sql.placeholder("zone"), inside: sql.placeholder("by") })
    .onConflictDoUpdate({
      target: zoneCounts.zone,
      set: { inside: sql`${zoneCounts.inside} + excluded.inside` },
    })
    .prepare();
  const stayWriter = stayMover(db, tree);
  return (record: RecordOf<"movement">, { lane, wallMs }: At): void => {
    const { movementId: id, direction, kind, scope, zones, stayId, plate, review } = record;
    const feeMinor = record.quote?.total.amountMinor ?? null;
    const written = { id, lane, direction, kind, stayId, plate, at: wallMs, review, feeMinor, scope };
    insertMovement({ ...written, zones: JSON.stringify(zones) });
    if (scope === "facility") countFacility.run({ by: direction === "in" ? 1 : -1 });
    for (const { zone, by } of zones) countZone.run({ zone, by });
    if (stayId !== null) stayWriter(record, stayId, wallMs);
  };
}

/** A way in opens the stay, a way out closes it, and one within the facility moves it into another zone. */
function stayMover(db: GateDatabase, tree: ZoneTree) {
  const id = sql.placeholder("id");
  const zoneOf = zoneQuery(db);
  const openStay = db
    .update(stays)
    .set({
      status: "open",
      // Seen to come in, it is in doubt no more; what else there is to look at stays.
      review: sql`coalesce(${sql.placeholder("review")}, nullif(${stays.review}, 'passage_unproven'))`,
      zone: sql`coalesce(${sql.placeholder("zone")}, ${stays.zone})`,
    })
    .where(and(eq(stays.id, id), eq(stays.status, "provisional")))
    .prepare();
  const closeStay = db
    .update(stays)
    .set({
      status: "closed",
      exitAt: sql`${sql.placeholder("exitAt")}`,
      feeMinor: sql`${sql.placeholder("feeMinor")}`,
      passMinutes: sql`${sql.placeholder("passMinutes")}`,
      review: sql`coalesce(${sql.placeholder("review")}, ${stays.review})`,
    })
    .where(eq(stays.id, id))
    .prepare();
  const moveStay = db
    .update(stays)
    .set({ zone: sql`${sql.placeholder("zone")}` })
    .where(eq(stays.id, id))
    .prepare();
  return (record: RecordOf<"movement">, stayId: string, wallMs: number): void => {
    const { direction, scope, zones, review, quote } = record;
    if (scope === "zone") {
      const before = zoneOf.get({ id: stayId })?.zone ?? null;
      moveStay.run({ id: stayId, zone: tree.zoneAfter(before, zones) });
    } else if (direction === "in") {
      openStay.run({ id: stayId, review, zone: tree.zoneAfter(null, zones) });
    } else {
      const feeMinor = quote?.total.amountMinor ?? null;
      const passMinutes = quote?.passMinutes ?? null;
      closeStay.run({ id: stayId, exitAt: wallMs, feeMinor, passMinutes, review });
    }
  };
}
