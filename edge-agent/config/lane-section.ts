import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { timeOfDay, title } from "./facility-section.ts";

/** One lane: which way it leads, what it is wired to, and what the site wants where more than one thing is right. */

const ms = (min: number, max: number, usual: number) => z.number().int().min(min).max(max).default(usual);

const timers = z.strictObject({
  arm_ms: ms(0, 5_000, 300),
  read_ms: ms(0, 30_000, 2_500),
  back_ms: ms(0, 30_000, 1_500),
  clear_ms: ms(0, 30_000, 1_000),
  no_entry_ms: ms(1_000, 600_000, 25_000),
  stuck_ms: ms(1_000, 3_600_000, 60_000),
  take_ms: ms(2_000, 600_000, 20_000),
  pay_ms: ms(5_000, 600_000, 90_000),
});

/** A point of the barrier's board, or `board/point` for one wired elsewhere. */
const point = z
  .string()
  .regex(/^([a-z0-9][a-z0-9-]{0,39}\/)?[a-z0-9_]{1,20}$/, "must be a point, or board/point");
const debounceMs = z.number().int().min(0).max(2_000);

/** A sensor that is not known counts as occupied wherever that is the safe side: this cannot be configured. */
const sensor = z.union([
  point.transform((at) => ({ point: at, contact: "closes" as const, debounce_ms: 0 })),
  z.strictObject({
    point,
    /** Whether the contact closes or opens when the input is on: fail-safe detectors open. */
    contact: z.enum(["closes", "opens"]).default("closes"),
    debounce_ms: debounceMs.default(0),
  }),
]);

/** A switch; `unknown_is` says what it counts as while its board is silent. */
function switchInput(unknownIs: "on" | "off") {
  const usual = { contact: "closes" as const, debounce_ms: 30, unknown_is: unknownIs };
  return z.union([
    point.transform((at) => ({ point: at, ...usual })),
    z.strictObject({
      point,
      contact: z.enum(["closes", "opens"]).default(usual.contact),
      debounce_ms: debounceMs.default(usual.debounce_ms),
      unknown_is: z.enum(["on", "off"]).default(unknownIs),
    }),
  ]);
}

const relay = z.string().regex(/^[a-z0-9_]{1,20}$/, "must be the name of a relay");

const barrier = z.strictObject({
  board: slugSchema,
  /** On boards that know barriers. */
  number: z.number().int().min(1).max(4).default(1),
  /** On boards with plain relays: which of them opens, closes and stops. */
  relays: z.strictObject({ open: relay, close: relay, stop: relay.optional() }).optional(),
  pulse_ms: ms(50, 2_000, 500),
  /** How long the arm takes to move, by its plate; half as long again is waited before it counts as stuck. */
  rated_ms: ms(100, 30_000, 3_000),
});

const turn = z.strictObject({
  days: z
    .array(z.enum(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]))
    .min(1)
    .default(["mon", "tue", "wed", "thu", "fri", "sat", "sun"]),
  at: timeOfDay,
  direction: z.enum(["entry", "exit"]),
});

export const laneSection = z.strictObject({
  name: slugSchema,
  title,
  direction: z.enum(["entry", "exit", "reversible"]),
  /** When a reversible lane turns. Between these it can be turned by hand. */
  schedule: z.array(turn).max(64).default([]),
  /** The zone it leads into; none = the facility at large. */
  zone: slugSchema.optional(),
  /** The zone it leads out of, for a lane within the facility: no stay begins or ends there. */
  from_zone: slugSchema.optional(),
  inner: z.boolean().default(false),
  /** For an entry of one kind of vehicle only: how its stays are priced, by the names in the tariff. */
  vehicle: z
    .strictObject({
      type: z
        .string()
        .regex(/^[a-z][a-z0-9_-]{0,39}$/, "must be a name in small letters")
        .default("car"),
      ev: z.boolean().default(false),
      accessible: z.boolean().default(false),
    })
    .optional(),
  camera: slugSchema.optional(),
  /** A reversible lane's camera for vehicles that go out. */
  exit_camera: slugSchema.optional(),
  readers: z.array(slugSchema).max(8).default([]),
  printer: slugSchema.optional(),
  /** Who is given a ticket, where there is a printer. */
  ticket: z.enum(["no_plate", "always"]).default("no_plate"),
  display: slugSchema.optional(),
  terminal: slugSchema.optional(),
  barrier,
  inputs: z.strictObject({
    arming: sensor,
    safety: sensor,
    closing: sensor.optional(),
    photocell: sensor.optional(),
    open_limit: sensor.optional(),
    closed_limit: sensor,
    button: switchInput("off").optional(),
    fire: switchInput("off").optional(),
    // A cut wire must stop the arm as the switch does.
    stop: switchInput("on").optional(),
    key_switch: switchInput("off").optional(),
  }),
  timers: timers.default(timers.parse({})),
  policy: z
    .strictObject({
      /** A sensor fails: leave the arm as it is, or open it and hold it open. */
      sensor_failure: z.enum(["hold", "open"]).default("hold"),
      /** The disk fails: the same choice; without a word, exits open and entries hold. */
      store_failure: z.enum(["hold", "open"]).optional(),
      /** The printer fails: let in by the plate alone, or leave it to an attendant. */
      printer_failure: z.enum(["admit", "deny"]).default("admit"),
    })
    .default({ sensor_failure: "hold", printer_failure: "admit" }),
});
export type LaneSection = z.infer<typeof laneSection>;
