import { z } from "zod";
import { ALARM_KINDS } from "../domain/alarm.ts";
import { HOLD_CAUSES } from "../domain/gate-record.ts";
import { LANE_INPUTS, LANE_KINDS, LANE_STATES } from "../domain/lane.ts";
import { LANE_MODES } from "../domain/lane-mode.ts";
import { MOVEMENT_KINDS, REVIEW_REASONS, RIGHT_KINDS } from "../domain/stay.ts";

/**
 * The HTTP interface of the edge agent for attendants. Everything but sign-in needs the session cookie. What is about
 * money, tickets and shifts is in `kiosk-desk.ts`.
 *
 * | call                           | body                   | answer                                                            |
 * |--------------------------------|------------------------|-------------------------------------------------------------------|
 * | `POST /api/session`            | {@link signInSchema}   | 204 and the cookie, 401, 429                                      |
 * | `GET /api/session`             |                        | {@link sessionSchema}, 401                                        |
 * | `DELETE /api/session`          |                        | 204                                                               |
 * | `GET /api/live`                |                        | server-sent events `snapshot`, each a {@link kioskSnapshotSchema} |
 * | `POST /api/lanes/{lane}/cash`  | {@link cashSchema}     | {@link cashTakenSchema}, 409 why not                              |
 * | `POST /api/lanes/{lane}/vend`  | {@link vendSchema}     | {@link actionDoneSchema}, 409 why not                             |
 * | `POST /api/lanes/{lane}/reset` | {@link resetSchema}    | {@link actionDoneSchema}, 409 why not                             |
 * | `POST /api/lanes/{lane}/hold`  | {@link holdSchema}     | {@link actionDoneSchema}, 409 why not                             |
 * | `POST /api/lanes/{lane}/turn`  | {@link turnSchema}     | {@link actionDoneSchema}: turned, or as soon as the lane is clear; 409 why not |
 * | `POST /api/modes`              | {@link setModeSchema}  | {@link actionDoneSchema}, 404                                     |
 * | `POST /api/counts`             | {@link countSchema}    | {@link actionDoneSchema}, 404                                     |
 * | `POST /api/passback/reset`     | {@link passbackSchema} | {@link actionDoneSchema}                                          |
 * | `GET /api/alarms?limit=`       |                        | {@link alarmsSchema}: the latest, over or not; 1 to {@link MAX_ALARMS_ASKED}, 50 if not said |
 * | `POST /api/alarms/{id}/ack`    |                        | {@link actionDoneSchema}, also where it was acknowledged before; 404 |
 * | `GET /api/images/{id}`         |                        | image/jpeg, 404                                                   |
 *
 * Posts must carry the header `x-parkme: 1`, which a foreign page cannot send. Refusals are problem details
 * (RFC 9457) with a stable `code`.
 */
export const signInSchema = z.object({ name: z.string().min(1).max(60), pin: z.string().min(1).max(60) });
export type SignIn = z.infer<typeof signInSchema>;
/** A merchant may only look at its offers and validate tickets; everything else is refused (403). */
export const sessionSchema = z.object({
  name: z.string(),
  role: z.enum(["attendant", "merchant"]),
  /** What the page calls who is signed in. */
  title: z.string(),
});
export type Session = z.infer<typeof sessionSchema>;

export const cashSchema = z.object({
  stay_id: z.uuid(),
  /** The fee that the attendant saw: if it is another by now, nothing is taken. */
  amount_minor: z.number().int().nonnegative().max(100_000_000),
  /** What the driver handed over; at least the fee. */
  tendered_minor: z.number().int().nonnegative().max(100_000_000),
  /** The drawer may be short of change (409 `change_short`): taken all the same. */
  accept_short: z.boolean().optional(),
  /** Chosen by the page per attempt; the same key twice takes the money once. */
  idempotency_key: z.uuid(),
});
export type Cash = z.infer<typeof cashSchema>;
export const cashTakenSchema = z.object({
  payment_id: z.uuid(),
  change_minor: z.number().int().nonnegative(),
});

/** What the office reads afterwards. */
const reason = z.string().trim().min(3).max(200);

export const vendSchema = z.object({ reason, idempotency_key: z.uuid() });
export type Vend = z.infer<typeof vendSchema>;
export const resetSchema = z.object({ reason });
export type Reset = z.infer<typeof resetSchema>;
/** Opens the arm and leaves it open until a reset. */
export const holdSchema = z.object({ reason });
export type Hold = z.infer<typeof holdSchema>;
/** The way that a reversible lane is to go. */
export const turnSchema = z.object({ direction: z.enum(["entry", "exit"]) });
export type Turn = z.infer<typeof turnSchema>;

const MODE_SCOPES = ["facility", "zone", "lane"] as const;
/** `name` is the facility's slug, or the zone's or lane's name. */
export const setModeSchema = z.object({
  scope: z.enum(MODE_SCOPES),
  name: z.string().min(1).max(40),
  mode: z.enum(LANE_MODES),
  reason,
});
export type SetMode = z.infer<typeof setModeSchema>;

/** How many vehicles there are, as a person counted them. */
export const countSchema = z.object({
  /** Null = in the facility. */
  zone: z.string().min(1).max(40).nullable(),
  count: z.number().int().nonnegative().max(1_000_000),
  reason,
  /** A count is true at one moment: sent again a minute later, it must not undo the movements since. */
  idempotency_key: z.uuid(),
});
export type Count = z.infer<typeof countSchema>;
/** From now on nobody minds stays that are open: each vehicle may come in once although it never left. */
export const passbackSchema = z.object({ reason, idempotency_key: z.uuid() });
export type Passback = z.infer<typeof passbackSchema>;
export const actionDoneSchema = z.object({ done: z.literal(true) });

const inputView = z.enum(["on", "off", "unknown", "absent"]);
/**
 * `ok`; `degraded` = it goes on with less: a device is faulty, or only an attendant can open; `out_of_order` =
 * nothing goes until a person or a board is back.
 */
export const LANE_HEALTHS = ["ok", "degraded", "out_of_order"] as const;
export type LaneHealth = (typeof LANE_HEALTHS)[number];
const instant = z.iso.datetime();

const CARD_STATUSES = ["under_way", "stopping", "in_doubt", "giving_back"] as const;

export const laneViewSchema = z.object({
  lane: z.string(),
  name: z.string(),
  kind: z.enum(LANE_KINDS),
  /** Which way vehicles go now. */
  direction: z.enum(["entry", "exit"]),
  /** The way a reversible lane will go as soon as it is clear; null when it goes as it should. */
  turn_to: z.enum(["entry", "exit"]).nullable(),
  /** The mode in force: the strictest of the lane's own, its zone's and the facility's. */
  mode: z.enum(LANE_MODES),
  state: z.enum(LANE_STATES),
  /** In HELD_OPEN: what holds the arm open. */
  held_by: z.enum(HOLD_CAUSES).nullable(),
  since: instant,
  health: z.enum(LANE_HEALTHS),
  /** Why it is not healthy, in words; empty when it is. */
  troubles: z.array(z.string()),
  inputs: z.record(z.enum(LANE_INPUTS), inputView),
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
      /** The permit or reservation that it was begun under. */
      right: z.enum(RIGHT_KINDS).nullable(),
      /** Present while a fee is asked for, and while it is in doubt whether it was paid. */
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
  /** A ticket on its way to the driver: in the printer, or out and waiting to be taken. */
  ticket: z.enum(["printing", "to_take"]).nullable(),
  /**
   * A card payment that the terminal has not settled: under way, told to stop, in doubt whether it was charged, or
   * charged and being given back.
   */
  card: z.object({ status: z.enum(CARD_STATUSES), amount_minor: z.number().int().nonnegative() }).nullable(),
  /** Card payments of vehicles that have left, still to be settled or given back. */
  cards_left_open: z.number().int().nonnegative(),
});
export type LaneView = z.infer<typeof laneViewSchema>;

export const alarmViewSchema = z.object({
  alarm_id: z.string(),
  lane: z.string(),
  kind: z.enum(ALARM_KINDS),
  detail: z.string(),
  started_at: instant,
  /** Null while it goes on; the time it started at where it is over at once. */
  ended_at: instant.nullable(),
  acknowledged_at: instant.nullable(),
  acknowledged_by: z.string().nullable(),
});
export type AlarmView = z.infer<typeof alarmViewSchema>;
export const MAX_ALARMS_ASKED = 200;
export const MAX_ALARMS_SHOWN = 50;
export const alarmsSchema = z.object({ alarms: z.array(alarmViewSchema).max(MAX_ALARMS_ASKED) });

export const modeViewSchema = z.object({
  scope: z.enum(MODE_SCOPES),
  name: z.string(),
  mode: z.enum(LANE_MODES),
  since: instant,
  /** Who set it; null = the schedule. */
  actor: z.string().nullable(),
  reason: z.string(),
});
export type ModeView = z.infer<typeof modeViewSchema>;

const zoneViewSchema = z.object({
  name: z.string(),
  title: z.string(),
  /** The zone that it lies in; null = in the facility directly. */
  parent: z.string().nullable(),
  capacity: z.number().int(),
  inside: z.number().int(),
  /** Spaces kept for reservations whose vehicles are expected now. */
  held: z.number().int(),
});

const DEVICE_KINDS = ["board", "camera", "reader", "printer", "display", "terminal"] as const;
export const deviceViewSchema = z.object({
  name: z.string(),
  kind: z.enum(DEVICE_KINDS),
  driver: z.string(),
  ok: z.boolean(),
  /** What is wrong, in words; where nothing is, what else there is to say, such as that paper is low. */
  reason: z.string(),
});
export type DeviceView = z.infer<typeof deviceViewSchema>;

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
  /** Spaces kept for reservations whose vehicles are expected now. */
  held: z.number().int(),
  today: z.object({
    in: z.number().int(),
    out: z.number().int(),
    cash_minor: z.number().int(),
    card_minor: z.number().int(),
  }),
  /** Null where no cloud is configured. */
  cloud: z
    .object({
      connected: z.boolean(),
      pending_events: z.number().int(),
      last_ack_at: instant.nullable(),
      /**
       * `not_enrolled` = nobody has enrolled this gate; `shut_out` = the cloud takes nothing from it any more;
       * `restoring` = what a restored database lacks is being fetched.
       */
      state: z.enum(["linked", "not_enrolled", "shut_out", "restoring"]),
      /** In words, where the state needs any. */
      detail: z.string().nullable(),
      /** What headquarters has decided, as far as the gate knows; null = it has decided nothing yet. */
      manifest: z.object({ version: z.number().int(), made_at: instant, age_s: z.number().int() }).nullable(),
      /** Why a newer manifest is not in force. */
      manifest_refused: z.string().nullable(),
    })
    .nullable(),
  lanes: z.array(laneViewSchema),
  /** Alarms that go on or wait to be acknowledged: first those that go on, then the others, each newest first. */
  alarms: z.array(alarmViewSchema).max(MAX_ALARMS_SHOWN),
  /** How many alarms wait to be acknowledged, also those that are not among the above. */
  alarms_waiting: z.number().int().nonnegative(),
  /** Where a mode other than `open` was set. What is not among these is open. */
  modes: z.array(modeViewSchema),
  zones: z.array(zoneViewSchema),
  /** Faulty ones first. */
  devices: z.array(deviceViewSchema),
  /** The lists of who may park that are in force, and as of when; null where there never were any. */
  lists: z
    .object({
      as_of: instant,
      permits: z.number().int(),
      reservations: z.number().int(),
      blocked: z.number().int(),
      watched: z.number().int(),
    })
    .nullable(),
  /** Newest first, at most 20. */
  movements: z.array(movementViewSchema).max(20),
});
export type KioskSnapshot = z.infer<typeof kioskSnapshotSchema>;
