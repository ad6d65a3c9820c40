import { z } from "zod";
import { VEHICLE_COLOURS, VEHICLE_KINDS } from "../traffic/demand.ts";
import type { VehicleColour, VehicleKind } from "../traffic/demand.ts";
import type { Wired } from "../wiring/lane-wiring.ts";

/**
 * The control interface of a running simulator.
 *
 * | call                            | body                   | answer                                                     |
 * |---------------------------------|------------------------|------------------------------------------------------------|
 * | `GET /state`                    |                        | {@link LiveState}                                          |
 * | `GET /events`                   |                        | server-sent events `state` ({@link LiveState}) and `note` ({@link Note}) |
 * | `POST /faults`                  | {@link faultSchema}    | 204, 404 no such thing, 409 it refuses                     |
 * | `DELETE /faults`                |                        | 204: everything is mended                                  |
 * | `POST /vehicles`                | {@link vehicleSchema}  | {@link Sent}, 404 no such lane, 409 why it drove on         |
 * | `POST /vehicles/{plate}/depart` | {@link departSchema}   | 204, 404 it is not parked                                  |
 * | `POST /speed`                   | {@link speedSchema}    | 204                                                        |
 * | `POST /pause`                   | {@link pauseSchema}    | 204                                                        |
 *
 * Bodies are JSON and say so; a page of another origin is refused. Refusals are problem details (RFC 9457).
 */

const name = z.string().min(1).max(80);

export const faultSchema = z.strictObject({
  /** Of {@link ThingView.target}. */
  target: name,
  /** Of {@link FaultView.what}. */
  what: name,
  /** False mends it; what happens in a moment, such as a reboot, cannot be mended. */
  on: z.boolean().default(true),
});
export type FaultWish = z.input<typeof faultSchema>;

/** How a driver behaves at the gate; the world's `DriverScript`s with usual figures. */
export const SCRIPT_NAMES = [
  "normal",
  "back_out",
  "tailgate",
  "stall",
  "creeps",
  "reverse_through",
  /** Into an exit, from outside. */
  "wrong_way",
] as const;
export type ScriptName = (typeof SCRIPT_NAMES)[number];

export const vehicleSchema = z.strictObject({
  /** As it is painted; blanks and dashes may stand in it. */
  plate: z
    .string()
    .trim()
    .min(2)
    .max(20)
    .regex(/^[\p{L}\p{Nd} .-]+$/u, "has letters, digits, blanks and dashes only"),
  /** Without it, the entry with the shortest queue. At an exit it is one that leaves, whether it was inside or not. */
  lane: name.optional(),
  kind: z.enum(VEHICLE_KINDS).default("car"),
  colour: z.enum(VEHICLE_COLOURS).optional(),
  script: z.enum(SCRIPT_NAMES).default("normal"),
  /** At speed x1; at x10 it is a tenth. Without it, drawn at random. */
  stay_minutes: z.number().min(0).max(10_080).optional(),
});
export type VehicleWish = z.input<typeof vehicleSchema>;
export type Sent = { readonly plate: string; readonly lane: string };

export const departSchema = z.strictObject({
  lane: name.optional(),
  script: z.enum(SCRIPT_NAMES).default("normal"),
});
export const speedSchema = z.strictObject({ speed: z.number().min(1).max(100) });
export const pauseSchema = z.strictObject({ paused: z.boolean() });

export type LiveState = {
  readonly facility: string;
  /** Milliseconds that the world has lived. */
  readonly world_ms: number;
  readonly speed: number;
  readonly paused: boolean;
  readonly capacity: number;
  readonly counters: {
    readonly inside: number;
    readonly in: number;
    readonly out: number;
    readonly drove_on: number;
    readonly backed_out: number;
    /** How often an arm came down on a vehicle: must stay 0. */
    readonly arm_hits: number;
  };
  readonly lanes: readonly LaneLive[];
  readonly things: readonly ThingView[];
  /** Who leaves next, first; at most {@link MAX_INSIDE_SHOWN}. */
  readonly inside: readonly InsideView[];
};
export const MAX_INSIDE_SHOWN = 100;

type Span = { readonly from_m: number; readonly to_m: number };

/** Distances are in metres along the lane; vehicles drive towards larger numbers, and the arm is at 0. */
export type LaneLive = {
  readonly name: string;
  readonly direction: "entry" | "exit";
  readonly entrance_m: number;
  readonly end_m: number;
  readonly stop_line_m: number;
  readonly arm: { readonly position: number; readonly motion: "up" | "down" | "still" };
  readonly contacts: readonly ContactView[];
  readonly vehicles: readonly {
    readonly plate: string;
    readonly kind: VehicleKind;
    readonly colour: VehicleColour;
    readonly front_m: number;
    readonly rear_m: number;
    /** It came into an exit from outside: its nose is at `rear_m`. */
    readonly wrong_way: boolean;
    readonly phase: string;
  }[];
  /** What the lane's displays show, a line each. */
  readonly sign: readonly string[];
};

export type ContactView = {
  readonly input: Wired;
  /** Where it lies; null for a switch. */
  readonly span: Span | null;
  readonly on: boolean;
  readonly covered: boolean;
  readonly stuck: "on" | "off" | null;
};

export const THING_KINDS = [
  "contact",
  "arm",
  "board",
  "camera",
  "printer",
  "scanner",
  "reader",
  "display",
  "terminal",
  "cable",
] as const;
export type ThingKind = (typeof THING_KINDS)[number];

/** Something that faults can be done to. */
export type ThingView = {
  readonly target: string;
  readonly kind: ThingKind;
  readonly title: string;
  readonly lane: string | null;
  /** What a look at it shows, in a few words. */
  readonly status: string;
  readonly faults: readonly FaultView[];
};

export type FaultView = {
  readonly what: string;
  readonly title: string;
  /** Null for what happens in a moment and is over. */
  readonly on: boolean | null;
};

export type InsideView = {
  readonly plate: string;
  readonly kind: VehicleKind;
  readonly leaves_in_s: number;
  readonly ticket: boolean;
};

/** A line of the event log. */
export type Note = {
  readonly seq: number;
  readonly at: string;
  readonly kind: "movement" | "driver" | "device" | "fault" | "trouble";
  readonly text: string;
};
