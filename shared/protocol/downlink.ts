import { z } from "zod";
import { slugSchema } from "./gate-mqtt.ts";
import { COMMAND_OUTCOMES } from "./link-facts.ts";
import { sha256Hex } from "./log.ts";
import { slotRangeProblem } from "../domain/capacity-rights.ts";
import { remotePaymentSchema } from "./remote-payments.ts";

/**
 * What the cloud tells an edge, one facility's items in one order: `GET /api/edge/downlink?after=SEQ&head=HASH`. The
 * items are chained like the edge's log: an edge that has taken an item which the cloud does not have (any more) is
 * told 409 `downlink_fork` and where to begin again; every kind of item is safe to take twice. A web socket
 * (`GET /api/edge/live`) only says that there is something: what it says is pulled.
 */
export const MAX_DOWNLINK_ITEMS = 100;
/** Of the items of one answer as JSON, but for a single one that is longer. */
export const MAX_DOWNLINK_BYTES = 40 * 1024;
/** Of an item's body. */
export const MAX_DOWNLINK_BODY = 8 * 1024;

const uuid = z.uuid();
const instant = z.iso.datetime();

/**
 * What headquarters can have done, as an attendant does it at the gate:
 *
 * | act        | what happens                                                                                        |
 * | ---------- | --------------------------------------------------------------------------------------------------- |
 * | `vend`     | the lane's arm is opened for one vehicle                                                            |
 * | `hold`     | the lane's arm is opened, and stays open                                                            |
 * | `close`    | the lane's mode becomes `closed`: no arm moves onto anybody, whoever is in it gets through          |
 * | `release`  | what `hold` or `close` did is undone: an arm that a person holds is let go, the lane's mode is open |
 * | `reset`    | a person's word that the lane is clear: an arm that was left open comes down                        |
 * | `reprint`  | the desk prints a ticket once more                                                                  |
 * | `snapshot` | the gate says at once what it looks like                                                            |
 */
export const REMOTE_ACTS = ["vend", "hold", "release", "close", "reset", "reprint", "snapshot"] as const;
export type RemoteAct = (typeof REMOTE_ACTS)[number];

/** A command of headquarters: done at most once, never after `expires_at` by the cloud's clock. */
export const remoteCommandSchema = z.object({
  command_id: uuid,
  facility_id: uuid,
  act: z.enum(REMOTE_ACTS),
  /** Null = the facility (`snapshot`). */
  lane: slugSchema.nullable(),
  /** Of `reprint`: the ticket's number. */
  ticket_number: z.string().max(20).nullable(),
  actor: z.string().min(1).max(60),
  reason: z.string().min(1).max(200),
  issued_at: instant,
  expires_at: instant,
  /** The edge's log epoch as the cloud knew it: an edge that was restored since does not know what has become of it. */
  epoch: z.number().int().positive(),
  /** Ed25519 over {@link signedCommandText}, base64. */
  signature: z.string().max(120),
});
export type RemoteCommand = z.infer<typeof remoteCommandSchema>;

/** What the signature of a command covers. */
export function signedCommandText(command: Omit<RemoteCommand, "signature">): string {
  const { command_id, facility_id, act, lane, ticket_number, actor, reason, issued_at, expires_at, epoch } =
    command;
  return `parkme-command\n${JSON.stringify([command_id, facility_id, act, lane, ticket_number, actor, reason, issued_at, expires_at, epoch])}`;
}

const rightsBody = z.object({
  class: slugSchema,
  /** Slots: whole hours of UTC, from `from` to before `until`. */
  from: instant,
  until: instant,
  amount: z.number().int().positive().max(1_000_000),
});
const notSlots = {
  error: "from and until must be full hours of UTC, at most a month apart",
  path: ["until"],
};
function areSlots({ from, until }: { readonly from: string; readonly until: string }): boolean {
  return slotRangeProblem({ fromMs: Date.parse(from), untilMs: Date.parse(until) }) === null;
}

/** Rights that the cloud has debited itself: the edge credits itself, once for each `transfer_id`. */
const rightsTransferSchema = rightsBody.extend({ transfer_id: uuid }).refine(areSlots, notSlots);
export type RightsTransfer = z.infer<typeof rightsTransferSchema>;

/** The cloud would like to sell more. What is given to it has the request's id as its `transfer_id`. */
const rightsRequestSchema = rightsBody
  // By the cloud's clock: an edge that hears of it later gives nothing.
  .extend({ request_id: uuid, expires_at: instant })
  .refine(areSlots, notSlots);
export type RightsRequest = z.infer<typeof rightsRequestSchema>;

export const downlinkBodies = {
  payment: remotePaymentSchema,
  command: remoteCommandSchema,
  rights_transfer: rightsTransferSchema,
  rights_request: rightsRequestSchema,
  /** A newer manifest is there to be pulled. */
  manifest: z.object({ version: z.number().int().positive() }),
  /** Say which rows of a day you have: `POST /api/edge/equality`. See equality.ts. */
  equality_drill: z.object({ day: z.iso.date(), subject: z.string().max(40) }),
} as const;
export type DownlinkKind = keyof typeof downlinkBodies;
export type DownlinkBody<K extends DownlinkKind> = z.infer<(typeof downlinkBodies)[K]>;

/** An item as it travels: its body is text, because the chain is over its bytes. */
export const downlinkItemSchema = z.object({
  seq: z.number().int().positive(),
  kind: z.string().min(1).max(40),
  body: z.string().max(MAX_DOWNLINK_BODY),
});
export type DownlinkItem = z.infer<typeof downlinkItemSchema>;

/** The bytes that an item's hash covers, after the hash of the item before. */
export function downlinkText({ seq, kind, body }: DownlinkItem): string {
  return `${seq}\n${kind}\n${body}`;
}

export const downlinkAnswerSchema = z.object({
  items: z.array(downlinkItemSchema).max(MAX_DOWNLINK_ITEMS),
  /** The newest manifest. */
  manifest: z.number().int().nonnegative(),
  /** The cloud's clock: deadlines of commands are by it. */
  now: instant,
});
export type DownlinkAnswer = z.infer<typeof downlinkAnswerSchema>;

/** 409: the cloud was restored. Begin again after this item, whose hash is this one. */
export const downlinkForkSchema = z.object({
  code: z.literal("downlink_fork"),
  restart_after: z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  restart_hash: sha256Hex,
});
export type DownlinkFork = z.infer<typeof downlinkForkSchema>;

/** The query of the request. */
export const downlinkQuerySchema = z.object({
  after: z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
  head: sha256Hex,
});

/**
 * `POST /api/facilities/{id}/commands`, with a session, the header `x-parkme: 1` and the header `idempotency-key`: a
 * UUID that the command has from then on. Sent again, it answers what it answered.
 */
export const newCommandSchema = z
  .object({
    act: z.enum(REMOTE_ACTS),
    lane: slugSchema.nullable().default(null),
    ticket_number: z.string().trim().min(1).max(20).nullable().default(null),
    reason: z.string().trim().min(3).max(200),
    /** From now on, by the cloud's clock: later than that it is not done any more. */
    deadline_s: z.number().int().min(5).max(300),
  })
  .superRefine(({ act, lane, ticket_number }, ctx) => {
    const ofTheLane = act !== "reprint" && act !== "snapshot";
    const wrong = (field: string, message: string) =>
      ctx.addIssue({ code: "custom", path: [field], message });
    if (ofTheLane && lane === null) wrong("lane", "the lane is missing");
    if (!ofTheLane && lane !== null) wrong("lane", "this is not done at a lane");
    if (act === "reprint" && ticket_number === null) wrong("ticket_number", "the ticket's number is missing");
    if (act !== "reprint" && ticket_number !== null) wrong("ticket_number", "this is not about a ticket");
  });
export type NewCommand = z.infer<typeof newCommandSchema>;

/** `waiting` = it may still be done; `no_answer` = its deadline is over for long, and nothing was heard. */
const COMMAND_STATUSES = ["waiting", "no_answer", ...COMMAND_OUTCOMES] as const;

export const commandViewSchema = z.object({
  command_id: uuid,
  act: z.enum(REMOTE_ACTS),
  lane: z.string().nullable(),
  ticket_number: z.string().nullable(),
  actor: z.string(),
  reason: z.string(),
  issued_at: instant,
  expires_at: instant,
  status: z.enum(COMMAND_STATUSES),
  detail: z.string().nullable(),
  answered_at: instant.nullable(),
});
export type CommandView = z.infer<typeof commandViewSchema>;
/** `GET /api/facilities/{id}/commands`: newest first, at most {@link MAX_COMMANDS_SHOWN}. */
export const commandsSchema = z.object({ commands: z.array(commandViewSchema) });
export const MAX_COMMANDS_SHOWN = 100;

/** Of a message of the web socket, either way, and of a posted state. */
export const MAX_LIVE_BYTES = 256 * 1024;
/** Both sides ping the web socket this often; a peer that is silent for two of these is gone. */
export const LIVE_PING_MS = 25_000;
/** Why the cloud closes a web socket: somebody else speaks for this edge, or its credential counts no more. */
export const LIVE_CLOSED = {
  replaced: 4000,
  unknown_edge: 4001,
  fenced: 4003,
  not_understood: 4004,
} as const;

/** What the cloud says on the web socket. */
export const liveHintSchema = z.object({ hint: z.enum(["downlink", "manifest"]) });
export type LiveHint = z.infer<typeof liveHintSchema>;

/**
 * The state of the gate right now: over the web socket, or `POST /api/edge/state`. It goes beside the log: weeks of
 * history may still be on their way.
 */
export const liveStateSchema = z.object({
  boot_id: z.string().min(1).max(64),
  /** Counts up within one start: an older state never replaces a newer one. */
  serial: z.number().int().nonnegative(),
  wall_time: z.iso.datetime({ offset: true }),
  inside: z.number().int(),
  capacity: z.number().int().nonnegative(),
  zones: z
    .array(z.object({ zone: slugSchema, inside: z.number().int(), capacity: z.number().int().nullable() }))
    .max(256),
  lanes: z
    .array(
      z.object({
        lane: slugSchema,
        state: z.string().max(40),
        mode: z.string().max(40),
        /** Board or camera that does not answer. */
        trouble: z.string().max(200).nullable(),
      }),
    )
    .max(64),
  alarms: z.number().int().nonnegative(),
  waiting: z.number().int().nonnegative(),
  manifest: z.number().int().nonnegative(),
});
export type LiveState = z.infer<typeof liveStateSchema>;
