import { z } from "zod";
import { isUuid } from "@parkme/shared/domain/ids";
import { isTimeZone } from "@parkme/shared/domain/local-day";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { boardConfigSchema } from "../devices/registry/boards.ts";
import { cameraConfigSchema } from "../devices/registry/cameras.ts";

/** The agent's configuration file, `edge.yaml`: shapes, ranges and defaults. Secrets are named by file, never by value. */

const path = z.string().min(1).max(500);
const name = z.string().trim().min(1).max(80);
/** Ids are compared as text everywhere, so they have one spelling. */
const uuid = z.string().toLowerCase().refine(isUuid, "must be a UUID");
const host = z.string().min(1).max(253);
const port = z.number().int().min(0).max(65_535);

/** An address without a user and a password: those belong into files. */
function address(protocol: RegExp, error: string) {
  return z
    .url({ protocol, error, abort: true })
    .refine((text) => !/^[a-z]+:\/\/[^/?#]*@/i.test(text), "must not hold a user or a password");
}

const facility = z.strictObject({
  id: uuid,
  slug: slugSchema,
  name,
  time_zone: z.string().refine(isTimeZone, "must be an IANA time zone, such as Europe/Berlin"),
  currency: z.string().regex(/^[A-Z]{3}$/, "must be an ISO 4217 code, such as EUR"),
  capacity: z.number().int().min(0).max(1_000_000),
});

const timers = z.strictObject({
  arm_ms: z.number().int().min(0).max(5_000).default(300),
  read_ms: z.number().int().min(0).max(30_000).default(2_500),
  back_ms: z.number().int().min(0).max(30_000).default(1_500),
  clear_ms: z.number().int().min(0).max(30_000).default(1_000),
  no_entry_ms: z.number().int().min(1_000).max(600_000).default(25_000),
  stuck_ms: z.number().int().min(1_000).max(3_600_000).default(60_000),
});

/** An input is a point of the barrier's board, or `board/point` for one wired elsewhere. */
const point = z
  .string()
  .regex(/^([a-z0-9][a-z0-9-]{0,39}\/)?[a-z0-9_]{1,20}$/, "must be a point, or board/point");

const lane = z.strictObject({
  name: slugSchema,
  title: name,
  direction: z.enum(["entry", "exit"]),
  camera: slugSchema.optional(),
  barrier: z.strictObject({
    board: slugSchema,
    number: z.number().int().min(1).max(4).default(1),
    pulse_ms: z.number().int().min(50).max(2_000).default(500),
    /** How long the arm takes to move, by its plate; half as long again is waited before it counts as stuck. */
    rated_ms: z.number().int().min(100).max(30_000).default(3_000),
  }),
  inputs: z.strictObject({
    arming: point,
    safety: point,
    closing: point.optional(),
    photocell: point.optional(),
    open_limit: point.optional(),
    closed_limit: point,
  }),
  timers: timers.default(timers.parse({})),
});

export const edgeConfigSchema = z.strictObject({
  facility,
  data_dir: path.default("./data"),
  http: z
    .strictObject({ host: host.default("127.0.0.1"), port: port.default(8081) })
    .default({ host: "127.0.0.1", port: 8081 }),
  mqtt: z.strictObject({
    url: address(/^mqtts?$/, "must be mqtt://host:port or mqtts://host:port"),
    username: z.string().min(1).max(120).optional(),
    password_file: path.optional(),
  }),
  cloud: z
    .strictObject({
      url: address(/^https?$/, "must be http:// or https://"),
      edge_id: uuid,
      token_file: path,
    })
    .optional(),
  attendants: z
    // A name goes with every payment and vend to the cloud, which takes 60 characters.
    .array(z.strictObject({ name: name.max(60), pin_file: path }))
    .max(200)
    .default([]),
  /** Pictures and plate reads older than this are deleted. */
  retention_days: z.number().int().min(1).max(3_650).default(30),
  tariff: z
    .strictObject({ id: slugSchema, version: z.number().int().min(1), document: z.unknown() })
    .optional(),
  boards: z.array(boardConfigSchema).min(1).max(64),
  cameras: z.array(cameraConfigSchema).max(64).default([]),
  lanes: z.array(lane).min(1).max(64),
});
export type EdgeFile = z.infer<typeof edgeConfigSchema>;
export type LaneSection = EdgeFile["lanes"][number];
