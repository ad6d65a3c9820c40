import { z } from "zod";
import { LANE_STATES } from "../domain/lane.ts";
import { MOVEMENT_KINDS, REVIEW_REASONS } from "../domain/stay.ts";

/**
 * The HTTP interface of the edge agent for attendants. Everything but sign-in needs the session cookie.
 *
 * | call                                | body                | answer                                |
 * |-------------------------------------|---------------------|---------------------------------------|
 * | `POST /api/session`                 | {@link signInSchema}  | 204 and the cookie, 401, 429          |
 * | `GET /api/session`                  |                     | {@link sessionSchema}, 401              |
 * | `DELETE /api/session`               |                     | 204                                   |
 * | `GET /api/live`                     |                     | server-sent events `snapshot`, each a {@link kioskSnapshotSchema} |
 * | `POST /api/lanes/{lane}/cash`       | {@link cashSchema}    | {@link cashTakenSchema}, 409 why not    |
 * | `POST /api/lanes/{lane}/vend`       | {@link vendSchema}    | 200 {@link actionDoneSchema}, 409 why not |
 * | `POST /api/lanes/{lane}/reset`      | {@link resetSchema}   | 200 {@link actionDoneSchema}, 409 why not |
 * | `GET /api/images/{id}`              |                     | image/jpeg, 404                       |
 *
 * Posts must carry the header `x-parkme: 1`, which a foreign page cannot send.
 */
export const signInSchema = z.object({ name: z.string().min(1).max(60), pin: z.string().min(1).max(60) });
export type SignIn = z.infer<typeof signInSchema>;
export const sessionSchema = z.object({ name: z.string() });

export const cashSchema = z.object({
  stay_id: z.uuid(),
  /** The fee that the attendant saw: if it is another by now, nothing is taken. */
  amount_minor: z.number().int().nonnegative().max(100_000_000),
  /** What the driver handed over; at least the fee. */
  tendered_minor: z.number().int().nonnegative().max(100_000_000),
  /** Chosen by the page per attempt; the same key twice takes the money once. */
  idempotency_key: z.uuid(),
});
export type Cash = z.infer<typeof cashSchema>;
export const cashTakenSchema = z.object({
  payment_id: z.uuid(),
  change_minor: z.number().int().nonnegative(),
});

export const vendSchema = z.object({ reason: z.string().trim().min(3).max(200), idempotency_key: z.uuid() });
export type Vend = z.infer<typeof vendSchema>;
export const resetSchema = z.object({ reason: z.string().trim().min(3).max(200) });
export type Reset = z.infer<typeof resetSchema>;
export const actionDoneSchema = z.object({ done: z.literal(true) });

const inputView = z.enum(["on", "off", "unknown", "absent"]);
const instant = z.iso.datetime();

export const laneViewSchema = z.object({
  lane: z.string(),
  name: z.string(),
  direction: z.enum(["entry", "exit"]),
  state: z.enum(LANE_STATES),
  since: instant,
  /** Why the lane is degraded or blocked, in words; empty when it is healthy. */
  troubles: z.array(z.string()),
  inputs: z.object({
    arming: inputView,
    safety: inputView,
    closing: inputView,
    photocell: inputView,
    open_limit: inputView,
    closed_limit: inputView,
  }),
  /** What the driver is told. */
  display: z.string(),
  read: z
    .object({
      plate: z.string(),
      confidence: z.number().nullable(),
      at: instant,
      camera: z.string(),
      image_url: z.string().nullable(),
    })
    .nullable(),
  stay: z
    .object({
      stay_id: z.uuid(),
      ticket_number: z.string(),
      plate: z.string().nullable(),
      entry_at: instant,
      /** Present while a fee is asked for. */
      fee: z
        .object({
          amount_minor: z.number().int(),
          applied_rule: z.string(),
          duration_minutes: z.number().int(),
          trace: z.array(z.string()),
        })
        .nullable(),
    })
    .nullable(),
});
export type LaneView = z.infer<typeof laneViewSchema>;

export const movementViewSchema = z.object({
  movement_id: z.uuid(),
  lane: z.string(),
  direction: z.enum(["in", "out"]),
  kind: z.enum(MOVEMENT_KINDS),
  plate: z.string().nullable(),
  ticket_number: z.string().nullable(),
  at: instant,
  fee_minor: z.number().int().nullable(),
  review: z.enum(REVIEW_REASONS).nullable(),
});
export type MovementView = z.infer<typeof movementViewSchema>;

export const kioskSnapshotSchema = z.object({
  at: instant,
  facility: z.object({
    slug: z.string(),
    name: z.string(),
    time_zone: z.string(),
    currency: z.string(),
    minor_digits: z.number().int(),
    capacity: z.number().int(),
  }),
  inside: z.number().int(),
  today: z.object({ in: z.number().int(), out: z.number().int(), cash_minor: z.number().int() }),
  /** Null where no cloud is configured. */
  cloud: z
    .object({
      connected: z.boolean(),
      pending_events: z.number().int(),
      last_ack_at: instant.nullable(),
    })
    .nullable(),
  lanes: z.array(laneViewSchema),
  /** Newest first, at most 20. */
  movements: z.array(movementViewSchema).max(20),
});
export type KioskSnapshot = z.infer<typeof kioskSnapshotSchema>;
