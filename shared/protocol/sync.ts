import { z } from "zod";
import { ALARM_KINDS } from "../domain/alarm.ts";
import { HOLD_CAUSES } from "../domain/gate-record.ts";
import { LANE_MODES } from "../domain/lane-mode.ts";
import { DRAWER_MOVES, LEDGER_KINDS } from "../domain/ledger.ts";
import { AMENDMENTS } from "../domain/stay-account.ts";
import {
  ATTEMPT_STATUSES,
  MOVEMENT_KINDS,
  PAYMENT_METHODS,
  REVIEW_REASONS,
  RIGHT_KINDS,
  TICKET_STEPS,
} from "../domain/stay.ts";
import { slugSchema } from "./gate-mqtt.ts";
import { linkPayloads } from "./link-facts.ts";

/** What the edge tells the cloud: the kinds of events in its log, and their payloads. How they travel is in log.ts. */

/**
 * The newest version of the payloads below. Versions 2 to 4 said more in some that the version before had: what they
 * added has a default, which is what that version meant, so that rows of an older agent are still understood.
 */
export const SYNC_SCHEMA_VERSION = 4;

const uuid = z.uuid();
const instant = z.iso.datetime({ offset: true });
const minor = z.number().int().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
const ticketNumber = z.string().regex(/^PKM-[0-9A-Z]{8}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const plate = z.string().min(2).max(12).nullable();
const currency = z.string().regex(/^[A-Z]{3}$/);
const actor = z.string().max(60);
/** Null = no person: a schedule, a panel, a policy. */
const actorOrNobody = actor.nullable();
const detail = z.string().max(200);
const direction = z.enum(["entry", "exit"]);
/** Null = the facility itself. */
const zone = slugSchema.nullable();

const stayStartedSchema = z.object({
  stay_id: uuid,
  lane: slugSchema,
  ticket_number: ticketNumber,
  plate,
  entry_at: instant,
  /** The permit or reservation it was begun under. */
  right: z
    .object({ kind: z.enum(RIGHT_KINDS), id: z.string().min(1).max(80) })
    .nullable()
    .default(null),
  /** The innermost zone that its lane leads into. */
  zone: zone.default(null),
  /** It is inside already: begun by a person, or made out from a ticket that was shown at an exit. */
  inside: z.boolean().default(false),
});

/** The vehicle never came in: the provisional stay is void. */
const stayVoidedSchema = z.object({
  stay_id: uuid,
  lane: slugSchema,
  at: instant,
  reason: z.string().max(80),
});

/** A person should look at this stay. */
const stayFlaggedSchema = z.object({
  stay_id: uuid,
  lane: slugSchema,
  at: instant,
  review: z.enum(REVIEW_REASONS),
});

/**
 * A confirmed passage. It opens the stay it names (entry) or closes it (exit, with the fee); one of scope `zone`
 * goes on within the facility and does neither.
 */
const movementRecordedSchema = z.object({
  movement_id: uuid,
  lane: slugSchema,
  direction: z.enum(["in", "out"]),
  kind: z.enum(MOVEMENT_KINDS),
  scope: z.enum(["facility", "zone"]).default("facility"),
  /** How it changed the zones' counts. */
  zones: z
    .array(z.object({ zone: slugSchema, by: z.union([z.literal(1), z.literal(-1)]) }))
    .max(64)
    .default([]),
  stay_id: uuid.nullable(),
  plate,
  at: instant,
  review: z.enum(REVIEW_REASONS).nullable(),
  fee: z
    .object({
      amount_minor: minor,
      currency,
      applied_rule: z.string().max(80),
      tariff_version: z.number().int(),
    })
    .nullable(),
});

const paymentTakenSchema = z.object({
  payment_id: uuid,
  stay_id: uuid,
  lane: slugSchema,
  method: z.enum(PAYMENT_METHODS),
  amount_minor: minor,
  currency,
  actor,
  at: instant,
  /** Given back of what was handed over, which was this much more than the amount. */
  change_minor: minor.default(0),
  /** A terminal's or a bank's own number of it. */
  reference: z.string().max(80).nullable().default(null),
  /** The shift that took it. */
  shift_id: uuid.nullable().default(null),
  receipt_number: z.number().int().positive().nullable().default(null),
});

/** A step of one card payment. What was taken in the end comes as `payment.taken`. */
const attemptChangedSchema = z.object({
  attempt_id: uuid,
  stay_id: uuid,
  lane: slugSchema,
  amount_minor: minor,
  currency,
  status: z.enum(ATTEMPT_STATUSES),
  /** The terminal's own number. */
  receipt: z.string().max(80).nullable(),
  detail,
  at: instant,
});

/** A step of one ticket on its way to the driver. */
const ticketStepSchema = z.object({
  job_id: uuid,
  stay_id: uuid,
  lane: slugSchema,
  step: z.enum(TICKET_STEPS),
  detail,
  at: instant,
});

const vendGrantedSchema = z.object({
  command_id: uuid,
  lane: slugSchema,
  actor,
  reason: z.string().min(1).max(200),
  at: instant,
});

const laneResetSchema = z.object({
  lane: slugSchema,
  actor,
  reason: z.string().min(1).max(200),
  at: instant,
});

/** The arm is held open from now on, or not any more. */
const holdChangedSchema = z.object({
  lane: slugSchema,
  on: z.boolean(),
  cause: z.enum(HOLD_CAUSES),
  actor: actorOrNobody,
  reason: detail,
  at: instant,
});

const laneTurnedSchema = z.object({ lane: slugSchema, direction, actor: actorOrNobody, at: instant });

const alarmRaisedSchema = z.object({
  /** Null in version 1: such an alarm is known by its event, and was over when it began. */
  alarm_id: uuid.nullable().default(null),
  lane: slugSchema,
  kind: z.enum(ALARM_KINDS),
  detail,
  /** It goes on until `alarm.ended`. */
  lasting: z.boolean().default(false),
  at: instant,
});

const alarmEndedSchema = z.object({
  alarm_id: uuid,
  lane: slugSchema,
  kind: z.enum(ALARM_KINDS),
  at: instant,
});

const alarmAcknowledgedSchema = z.object({ alarm_id: uuid, lane: slugSchema, actor, at: instant });

const modeChangedSchema = z.object({
  scope: z.enum(["facility", "zone", "lane"]),
  name: slugSchema,
  mode: z.enum(LANE_MODES),
  actor: actorOrNobody,
  reason: detail,
  at: instant,
});

/** A count was set to what it should be; `before` may be less than none. */
const countCorrectedSchema = z.object({
  zone,
  before: z.number().int(),
  after: z.number().int().min(0).max(1_000_000),
  cause: z.enum(["attendant", "schedule"]),
  actor: actorOrNobody,
  reason: detail,
  at: instant,
});

/** Anti-passback was reset: so many stays that are open keep nobody out any more. */
const passbackResetSchema = z.object({
  actor,
  reason: detail,
  stays: z.number().int().nonnegative(),
  at: instant,
});

/** An attendant said which stay the vehicle at an exit is. */
const stayIdentifiedSchema = z.object({
  stay_id: uuid,
  lane: slugSchema,
  actor,
  reason: detail,
  at: instant,
});

/** One entry of the ledger. A stay owes the sum of its entries. */
const ledgerEntrySchema = z.object({
  entry_id: uuid,
  stay_id: uuid,
  kind: z.enum(LEDGER_KINDS),
  /** Which sum it belongs to; of a correction, the one that it corrects. */
  side: z.enum(["charged", "validated", "credited"]),
  amount_minor: minor,
  currency,
  method: z.enum(PAYMENT_METHODS).nullable(),
  /** The payment that it is part of; of a refund, the one that is given back. */
  payment_id: uuid.nullable(),
  shift_id: uuid.nullable(),
  /** The lane, desk or pay station. */
  place: slugSchema,
  actor,
  reason: detail,
  debtor: z.string().max(80).nullable(),
  at: instant,
});

const shiftOpenedSchema = z.object({
  shift_id: uuid,
  attendant: actor,
  float_minor: minor,
  currency,
  opened_by_payment: z.boolean(),
  at: instant,
});

const shiftMovedSchema = z.object({
  shift_id: uuid,
  kind: z.enum(DRAWER_MOVES),
  amount_minor: minor,
  currency,
  actor,
  reason: detail,
  at: instant,
});

const shiftClosedSchema = z.object({
  shift_id: uuid,
  /** Without a gap in the facility. */
  z_number: z.number().int().positive(),
  expected_minor: minor,
  counted_minor: minor,
  currency,
  note: detail,
  at: instant,
});

/** A receipt or a credit note. Its text stays at the edge: the hash proves it, and names the one before. */
const receiptIssuedSchema = z.object({
  /** Without a gap in the facility. */
  number: z.number().int().positive(),
  kind: z.enum(["payment", "refund"]),
  payment_id: uuid,
  stay_id: uuid,
  amount_minor: minor,
  currency,
  hash: sha256,
  previous_hash: sha256.nullable(),
  key_id: z.number().int().nonnegative(),
  signature: z.string().max(200),
  at: instant,
});

const validationGivenSchema = z.object({
  validation_id: uuid,
  stay_id: uuid,
  merchant: z.string().max(80),
  name: z.string().max(80),
  value: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("plan"), plan: z.string().max(80) }),
    z.object({ kind: z.literal("minutes"), minutes: minor }),
    z.object({ kind: z.literal("price"), minor }),
    z.object({ kind: z.literal("percent"), bps: minor }),
    z.object({ kind: z.literal("amount"), minor }),
  ]),
  /** Of a code that counts once. */
  serial: z.string().max(80).nullable(),
  actor,
  at: instant,
});

/** A person changed what is known of a stay. */
const stayAmendedSchema = z.object({
  stay_id: uuid,
  what: z.enum(AMENDMENTS),
  /** As text: an instant, a name, JSON. */
  before: detail,
  after: detail,
  actor,
  reason: detail,
  at: instant,
});

const ticketReplacedSchema = z.object({
  stay_id: uuid,
  old_number: ticketNumber,
  new_number: ticketNumber,
  actor,
  reason: detail,
  at: instant,
});

/** A version of the tariff was taken over: in force from then on. */
const tariffTakenSchema = z.object({
  tariff_id: z.string().max(80),
  version: z.number().int(),
  from: instant,
  /** Where it came from. */
  source: detail,
  at: instant,
});

/** A tariff was offered that is not valid: the last good one stays. */
const tariffRefusedSchema = z.object({
  tariff_id: z.string().max(80).nullable(),
  version: z.number().int().nullable(),
  source: detail,
  problem: detail,
  at: instant,
});

/** Payload of each kind of event, by its name on the wire. */
export const eventPayloads = {
  "stay.started": stayStartedSchema,
  "stay.voided": stayVoidedSchema,
  "stay.flagged": stayFlaggedSchema,
  "stay.identified": stayIdentifiedSchema,
  "movement.recorded": movementRecordedSchema,
  "payment.taken": paymentTakenSchema,
  "attempt.changed": attemptChangedSchema,
  "ticket.step": ticketStepSchema,
  "vend.granted": vendGrantedSchema,
  "lane.reset": laneResetSchema,
  "hold.changed": holdChangedSchema,
  "lane.turned": laneTurnedSchema,
  "alarm.raised": alarmRaisedSchema,
  "alarm.ended": alarmEndedSchema,
  "alarm.acknowledged": alarmAcknowledgedSchema,
  "mode.changed": modeChangedSchema,
  "count.corrected": countCorrectedSchema,
  "passback.reset": passbackResetSchema,
  "ledger.entry": ledgerEntrySchema,
  "shift.opened": shiftOpenedSchema,
  "shift.moved": shiftMovedSchema,
  "shift.closed": shiftClosedSchema,
  "receipt.issued": receiptIssuedSchema,
  "validation.given": validationGivenSchema,
  "stay.amended": stayAmendedSchema,
  "ticket.replaced": ticketReplacedSchema,
  "tariff.taken": tariffTakenSchema,
  "tariff.refused": tariffRefusedSchema,
  ...linkPayloads,
} as const;
export type EventKind = keyof typeof eventPayloads;
export type EventPayload<K extends EventKind> = z.infer<(typeof eventPayloads)[K]>;
/** An event as its producer writes it: kind and payload that belong together. */
export type SyncFact = {
  [K in EventKind]: { readonly kind: K; readonly payload: EventPayload<K> };
}[EventKind];
