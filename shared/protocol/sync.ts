import { z } from "zod";
import { ALARM_KINDS, MOVEMENT_KINDS, PAYMENT_METHODS, REVIEW_REASONS } from "../domain/stay.ts";
import { slugSchema } from "./gate-mqtt.ts";

/**
 * What the edge tells the cloud: `POST /api/edge/events` with a bearer token, in order, at most
 * {@link MAX_BATCH_EVENTS} events or {@link MAX_BATCH_BYTES} bytes. The cloud applies a batch and the edge's
 * cursor in one transaction. `seq <= cursor` is a duplicate and changes nothing; `seq > cursor + 1` is a gap,
 * answered 409 with {@link SyncGap}.
 */
export const MAX_BATCH_EVENTS = 500;
export const MAX_BATCH_BYTES = 256 * 1024;

const uuid = z.uuid();
const instant = z.iso.datetime({ offset: true });
const minor = z.number().int().min(Number.MIN_SAFE_INTEGER).max(Number.MAX_SAFE_INTEGER);
const plate = z.string().min(2).max(12).nullable();
const currency = z.string().regex(/^[A-Z]{3}$/);

const stayStartedSchema = z.object({
  stay_id: uuid,
  lane: slugSchema,
  ticket_number: z.string().regex(/^PKM-[0-9A-Z]{8}$/),
  plate,
  entry_at: instant,
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

/** A confirmed passage. It opens the stay it names (entry) or closes it (exit, with the fee). */
const movementRecordedSchema = z.object({
  movement_id: uuid,
  lane: slugSchema,
  direction: z.enum(["in", "out"]),
  kind: z.enum(MOVEMENT_KINDS),
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
  actor: z.string().max(60),
  at: instant,
});

const vendGrantedSchema = z.object({
  command_id: uuid,
  lane: slugSchema,
  actor: z.string().max(60),
  reason: z.string().min(1).max(200),
  at: instant,
});

const laneResetSchema = z.object({
  lane: slugSchema,
  actor: z.string().max(60),
  reason: z.string().min(1).max(200),
  at: instant,
});

const alarmRaisedSchema = z.object({
  lane: slugSchema,
  kind: z.enum(ALARM_KINDS),
  detail: z.string().max(200),
  at: instant,
});

/** Payload of each kind of event, by its name on the wire. */
export const eventPayloads = {
  "stay.started": stayStartedSchema,
  "stay.voided": stayVoidedSchema,
  "stay.flagged": stayFlaggedSchema,
  "movement.recorded": movementRecordedSchema,
  "payment.taken": paymentTakenSchema,
  "vend.granted": vendGrantedSchema,
  "lane.reset": laneResetSchema,
  "alarm.raised": alarmRaisedSchema,
} as const;
export type EventKind = keyof typeof eventPayloads;
export type EventPayload<K extends EventKind> = z.infer<(typeof eventPayloads)[K]>;
/** An event as its producer writes it: kind and payload that belong together. */
export type SyncFact = {
  [K in EventKind]: { readonly kind: K; readonly payload: EventPayload<K> };
}[EventKind];

/** One row of the edge's log as it travels. The payload is checked against its kind when it is applied. */
export const syncEventSchema = z.object({
  seq: z.number().int().positive(),
  event_id: uuid,
  kind: z.string().min(1).max(60),
  schema_version: z.number().int().positive(),
  wall_time: instant,
  payload: z.record(z.string(), z.unknown()),
});
export type SyncEvent = z.infer<typeof syncEventSchema>;

/** A batch. An empty one is a heartbeat: it asks for the cursor and shows that the edge is alive. */
export const syncBatchSchema = z.object({
  edge_id: uuid,
  events: z.array(syncEventSchema).max(MAX_BATCH_EVENTS),
});

/** 200: everything up to and with `cursor` is committed in the cloud. */
export const syncAckSchema = z.object({ cursor: z.number().int().nonnegative() });
export type SyncAck = z.infer<typeof syncAckSchema>;

/** 409: send again from `expected`. */
export const syncGapSchema = z.object({ code: z.literal("sync_gap"), expected: z.number().int().positive() });
export type SyncGap = z.infer<typeof syncGapSchema>;
