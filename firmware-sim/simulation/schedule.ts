import type { Vehicle } from "../traffic/demand.ts";
import type { DriverScript } from "../world/driver.ts";

/**
 * All that a simulation is given, drawn from a seed before anything happens: the same schedule is the same history. Each
 * visit, fault and deed is a thing of its own that follows from no other, so that any of them can be left out when a
 * failing schedule is made short. Times are milliseconds from the beginning.
 */
export type Schedule = {
  readonly seed: number;
  /** When drivers stop coming and operators stop acting; then everything heals and comes to rest. */
  readonly lengthMs: number;
  readonly site: SitePlan;
  readonly visits: readonly Visit[];
  readonly faults: readonly Fault[];
  readonly deeds: readonly Deed[];
};

/** A car park. */
export type SitePlan = {
  readonly slug: string;
  readonly facilityId: string;
  readonly name: string;
  readonly timeZone: string;
  readonly currency: string;
  /** Unix ms of the beginning, by a right clock. */
  readonly startMs: number;
  readonly capacity: number;
  readonly zones: readonly ZonePlan[];
  readonly lanes: readonly LanePlan[];
  /** Tariff documents (shared/pricing/TARIFFS.md), version = place in the list + 1; the first is in force at the start. */
  readonly tariffs: readonly object[];
  readonly permits: readonly PermitPlan[];
  readonly antiPassback: "hard" | "soft" | "neutral";
  readonly attendants: readonly string[];
  /** Cash that a drawer begins a shift with, minor units. */
  readonly floatMinor: number;
  /** How long a driver at an exit waits at the most before somebody comes, ms. */
  readonly helpMs: number;
  /** Without it the gate knows of no cloud at all. */
  readonly hasCloud: boolean;
  /** Whether the line to the cloud is always up, or for some minutes every few hours: then a day costs less. */
  readonly link: "always" | "windows";
};

export type ZonePlan = { readonly name: string; readonly capacity: number; readonly parent: string | null };

export type LanePlan = {
  readonly name: string;
  readonly direction: "entry" | "exit";
  /** The innermost zone that it leads into; null = the facility. */
  readonly zone: string | null;
  /** How long the arm takes, ms. */
  readonly ratedMs: number;
  /** What it has beside its loops before and under the arm, and the closed limit. */
  readonly has: {
    readonly closing: boolean;
    readonly photocell: boolean;
    readonly openLimit: boolean;
    readonly camera: boolean;
    readonly printer: boolean;
    readonly scanner: boolean;
    readonly terminal: boolean;
  };
  readonly ticket: "no_plate" | "always";
};

/** Somebody who may park without a ticket: by their plate, or a card. */
export type PermitPlan = {
  readonly id: string;
  readonly account: string;
  readonly plates: readonly string[];
  readonly fromMs: number;
  readonly untilMs: number;
  readonly zone: string | null;
};

/** One vehicle's coming and going. */
export type Visit = {
  /** Names the vehicle in every story; unique within the schedule. */
  readonly id: number;
  readonly atMs: number;
  readonly vehicle: Vehicle;
  /** The entry lane it drives up to; null = the one with the shortest queue. */
  readonly lane: string | null;
  /** From when it is parked until it heads for an exit. */
  readonly stayMs: number;
  /** A booking by its class, made so long before arriving; null = none. */
  readonly bookedMs: number | null;
  /** The permit it has; null = none. */
  readonly permit: string | null;
  readonly entry: DriverScript;
  readonly exit: DriverScript;
  readonly pays: "card" | "cash" | "online";
  /** Chances of this driver's own that things go as they should not. */
  readonly habits: Habits;
};

export type Habits = {
  /** The plate that a camera takes it for, at the entry and at the exit; null = reads it right. */
  readonly misreadIn: string | null;
  readonly misreadOut: string | null;
  /** A camera sees no plate at all. */
  readonly noPlate: boolean;
  readonly losesTicket: boolean;
  /** Hands over too little first, then the rest. */
  readonly paysShort: boolean;
  /** Takes so long to take the ticket, or to show it; beyond the gate's patience it is forgotten there. */
  readonly dawdlesMs: number;
  /** Until the driver gives up at an entry that does not open. */
  readonly patienceMs: number;
};

/** What may be done to a site, by group; `--faults` takes groups and kinds. */
export const FAULT_KINDS = {
  device: [
    "loop_stuck_on",
    "loop_stuck_off",
    "loop_flickers",
    "arm_jammed",
    "arm_slow",
    "board_silent",
    "board_reboots",
    "camera_dead",
    "camera_repeats",
    "paper_out",
    "printer_jams",
    "printer_silent",
    "scanner_dead",
    "terminal_declines",
    "terminal_vague",
    "terminal_silent",
  ],
  message: ["commands_lost", "answers_lost", "events_doubled", "events_late"],
  process: ["agent_killed", "agent_killed_in_turn", "agent_killed_at_start"],
  disk: ["disk_full"],
  clock: ["clock_steps"],
  link: ["link_cut", "link_bad", "cloud_down"],
  restore: ["edge_restored", "cloud_restored"],
  rival: ["second_agent"],
} as const satisfies Readonly<Record<string, readonly string[]>>;
export type FaultGroup = keyof typeof FAULT_KINDS;
export type FaultKind = (typeof FAULT_KINDS)[FaultGroup][number];

/** Something goes wrong, and is mended by itself after a while. */
export type Fault = {
  readonly id: number;
  readonly kind: FaultKind;
  readonly atMs: number;
  readonly forMs: number;
  /** A lane; empty = the whole site. */
  readonly lane: string;
  /** Of the kind: which loop, how far a clock steps (ms), how slow an arm is; a number in [0, 1) to choose by. */
  readonly choice: number;
};

/** What somebody at headquarters or at the desk does beside helping drivers. */
export const DEED_KINDS = [
  "tariff_published",
  "remote_vend",
  "remote_hold",
  "remote_reset",
  "permit_revoked",
  "shift_changed",
  "count_corrected",
  "merchant_validates",
  "refund",
] as const;
export type DeedKind = (typeof DEED_KINDS)[number];
export type Deed = {
  readonly id: number;
  readonly kind: DeedKind;
  readonly atMs: number;
  /** Chooses among what there is then, in [0, 1). */
  readonly choice: number;
};
