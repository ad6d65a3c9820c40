import { isTimeZone } from "@parkme/shared/domain/local-day";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { z } from "zod";
import { deviceKinds } from "./devices/kinds.ts";

/** The shape of a site file, line by line; what its parts have to do with each other is checked in site-file.ts. */

const chance = z.number().min(0).max(1).default(0);
const path = z.string().min(1).max(4_000);
const httpUrl = z.url({ protocol: /^http$/, error: "must be an http:// address" });
const mqttUrl = z.url({ protocol: /^mqtts?$/, error: "must be an mqtt:// address" });
const framing = z.enum(["a6a9", "star"]).default("a6a9");
/** `in1`, `2.in1` of the second unit on a Modbus line, `17` of a GPIO chip. */
const point = z.string().regex(/^[a-z0-9.]{1,12}$/, "must be an input or relay such as in1");
const hostPort = z.string().regex(/^[^\s:]{1,255}:\d{1,5}$/, "must be host:port");

const boardSchema = z.discriminatedUnion("transport", [
  z.strictObject({ name: slugSchema, transport: z.literal("mqtt") }),
  z.strictObject({
    name: slugSchema,
    transport: z.literal("pcless-tcp"),
    host: z.string().max(255).default("127.0.0.1"),
    port: z.number().int().min(0).max(65_535),
    framing,
  }),
  z.strictObject({
    name: slugSchema,
    transport: z.literal("pcless-serial"),
    path,
    baud: z.number().int().min(300).max(921_600).default(9_600),
    framing,
  }),
]);

const habits = { misread_chance: chance, repeat_chance: chance };
const cameraSchema = z.discriminatedUnion("transport", [
  z.strictObject({
    name: slugSchema,
    transport: z.literal("hikvision"),
    key_file: path,
    /** Where to push, without the key; the agent's camera address without it. */
    url: httpUrl.optional(),
    ...habits,
  }),
  z.strictObject({ name: slugSchema, transport: z.literal("mqtt"), ...habits }),
]);

const deviceKind = z
  .string()
  .refine((kind) => Object.hasOwn(deviceKinds, kind) && kind !== "tcp-cable", "no such kind of device");
/** Any device of `parkme-sim device`, on one wire. */
const deviceSchema = z
  .strictObject({
    name: slugSchema,
    kind: deviceKind,
    serial: path.optional(),
    baud: z.number().int().min(300).max(921_600).default(9_600),
    listen: hostPort.optional(),
    /** On the site's broker. */
    mqtt: z.literal(true).optional(),
    folder: path.optional(),
    settings: z.record(z.string().max(40), z.string().max(4_000)).default({}),
  })
  .refine(
    ({ serial, listen, mqtt, folder }) =>
      [serial, listen, mqtt, folder].filter((wire) => wire !== undefined).length === 1,
    "needs one wire: serial, listen, mqtt or folder",
  );

const cableSchema = z.strictObject({ name: slugSchema, listen: hostPort, to: hostPort });

const laneSchema = z.strictObject({
  name: slugSchema,
  direction: z.enum(["entry", "exit"]),
  camera: slugSchema,
  barrier: z.strictObject({
    board: slugSchema,
    number: z.number().int().min(1).max(4).default(1),
    rated_ms: z.number().int().min(300).max(20_000).default(1_500),
    /** Relays of a board among `devices`. */
    relays: z.strictObject({ open: point, close: point, stop: point.optional() }).optional(),
  }),
  inputs: z.strictObject({
    arming: point,
    safety: point,
    closing: point.optional(),
    photocell: point.optional(),
    open_limit: point.optional(),
    closed_limit: point,
    /** The ticket button that a driver presses. */
    button: point.optional(),
  }),
  /** Of `devices`: what stands at this lane beside its board. */
  devices: z.array(slugSchema).max(10).default([]),
  queue_limit: z.number().int().min(1).max(50).default(8),
});

export const siteSchema = z.strictObject({
  facility: slugSchema,
  time_zone: z.string().max(60).default("UTC").refine(isTimeZone, "must be an IANA time zone"),
  mqtt: z.strictObject({
    url: mqttUrl,
    username: z.string().max(200).optional(),
    password_file: path.optional(),
  }),
  agent: z.strictObject({ url: httpUrl }),
  seed: z.string().max(100).default("1"),
  speed: z.number().min(1).max(100).default(1),
  capacity: z.number().int().min(1).max(10_000).default(100),
  arrivals_per_hour: z.number().min(0).max(2_000).default(60),
  mean_stay_minutes: z.number().min(0.1).max(10_080).default(90),
  back_out_chance: chance,
  attendant: z.strictObject({ name: z.string().min(1).max(60), pin_file: path }).optional(),
  state_file: path,
  boards: z.array(boardSchema).max(50).default([]),
  devices: z.array(deviceSchema).max(200).default([]),
  cameras: z.array(cameraSchema).min(1).max(50),
  lanes: z.array(laneSchema).min(1).max(50),
  network: z.strictObject({ cables: z.array(cableSchema).max(20) }).default({ cables: [] }),
  drivers: z
    .strictObject({
      lost_ticket_chance: chance,
      /** Who waits for an attendant instead of paying at the card terminal. */
      cash_chance: chance,
    })
    .default({ lost_ticket_chance: 0, cash_chance: 0 }),
  /** Where the control page is served, `host:port`. */
  control: hostPort.optional(),
});

export type SiteFile = z.infer<typeof siteSchema>;
export type SiteDevice = SiteFile["devices"][number];
