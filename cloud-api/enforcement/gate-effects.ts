import { normalisePlate } from "@parkme/shared/domain/plate";
import type { EventPayload } from "@parkme/shared/protocol/sync";
import type { Tx } from "../db/connection.ts";
import type { Effect } from "../fleet/effect.ts";
import type { Edge } from "../fleet/queries.ts";
import { decimal } from "../platform/fields.ts";
import { findBookingOfPlate, findBookingOfStay, platesOfStays } from "./links.queries.ts";
import { penaltyFor, type PenaltyRow } from "./penalties.queries.ts";
import { auditBySystem, raiseViolation, type Found } from "./raising.ts";
import { plateOfAlarm } from "./rules.ts";

/** Violations that a gate tells of, where its facility has a penalty for them. */

const blockedPlateCame: Effect<"alarm.raised"> = async (tx, edge, told, now) => {
  const rule = await penaltyFor(tx, edge.facilityId, "blocked_plate");
  if (rule === null) return;
  for (const { eventId, payload } of told) {
    const plate = normalisePlate(plateOfAlarm(payload.detail) ?? "");
    const sourceKey = `alarm:${(payload.alarm_id ?? eventId).toLowerCase()}`;
    await raise(tx, edge, rule, { sourceKey, plate, stayId: null, lane: payload.lane, at: payload.at }, now);
  }
};

/** Whoever was let out and paid nothing; what they owe for the stay stays in the gate's ledger. */
const leftOwing: Effect<"ledger.entry"> = async (tx, edge, told, now) => {
  const debts = told.map(({ payload }) => payload);
  const { facilityId } = edge;
  const rule = await penaltyFor(tx, facilityId, "no_payment");
  if (rule === null) return;
  const ids = debts.map(({ stay_id }) => stay_id.toLowerCase());
  const plates = await platesOfStays(tx, facilityId, ids);
  for (const { entry_id, stay_id, place, at, amount_minor, currency, reason } of debts) {
    const stayId = stay_id.toLowerCase();
    const note = `left owing ${decimal(Math.abs(amount_minor), currency)} ${currency}: ${reason}`;
    const sourceKey = `debt:${entry_id.toLowerCase()}`;
    const plate = plates.get(stayId) ?? null;
    await raise(tx, edge, rule, { sourceKey, plate, stayId, lane: place, at, note }, now);
  }
};

type AtGate = Pick<Found, "sourceKey" | "plate" | "stayId"> & {
  readonly lane: string;
  /** RFC 3339. */
  readonly at: string;
  readonly note?: string;
};

async function raise(
  tx: Tx,
  edge: Edge,
  rule: PenaltyRow,
  { sourceKey, plate, stayId, lane, at: told, note }: AtGate,
  now: Date,
): Promise<void> {
  const { facilityId, organisationId } = edge;
  const at = new Date(told);
  const booking =
    (stayId === null ? null : await findBookingOfStay(tx, facilityId, stayId)) ??
    (plate === null ? null : await findBookingOfPlate(tx, facilityId, plate, at));
  const found: Found = {
    source: "gate",
    sourceKey,
    plate,
    stayId,
    bookingId: booking?.id ?? null,
    spotId: null,
    userId: booking?.userId ?? null,
    minutes: null,
    note: note ?? "",
    reportedBy: `${edge.facilitySlug} ${lane}`,
    at,
  };
  await raiseViolation(tx, rule, found, auditBySystem(tx, organisationId, sourceKey, now), now);
}

export const ENFORCEMENT_EFFECTS = {
  "alarm.raised": blockedPlateCame,
  "ledger.entry": leftOwing,
} as const;

/** Of alarms and entries, those that {@link ENFORCEMENT_EFFECTS} are about: a few. */
export const ENFORCEMENT_CONCERNS = {
  "alarm.raised": ({ kind }: EventPayload<"alarm.raised">) => kind === "blocked",
  "ledger.entry": ({ kind }: EventPayload<"ledger.entry">) => kind === "debt",
} as const;
