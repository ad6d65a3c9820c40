import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { BarrierAction, LaneDirection, SensorInput } from "@parkme/shared/domain/lane";
import type { FaultKind } from "./schedule.ts";

/**
 * What truly happened, in order, as somebody sees it who stands beside the lanes and looks into every purse: not what
 * any program believes. The checker judges by this and by the rows on the disks, and a replay is told from it. `atMs` is
 * counted from the beginning by a right clock.
 */
export type Entry = { readonly step: number; readonly atMs: number } & (WorldEntry | DeviceEntry | DeedEntry);

/**
 * Vehicles and the arm. `underneath`: who stands in its way, by the world's geometry. `covered`: those of the lane's
 * fitted safety, closing and photocell inputs that a vehicle is truly over, as detectors without a fault would say.
 */
export type InTheWay = { readonly underneath: readonly number[]; readonly covered: readonly SensorInput[] };

/** `visit` names a vehicle by the number of its visit. */
export type WorldEntry =
  | { readonly kind: "arrived"; readonly visit: number; readonly lane: string }
  /** Stands at a line, its turn now. */
  | { readonly kind: "at_line"; readonly visit: number; readonly lane: string }
  | {
      readonly kind: "passed";
      readonly visit: number;
      readonly lane: string;
      readonly direction: LaneDirection;
    }
  | { readonly kind: "backed_out"; readonly visit: number; readonly lane: string }
  /** `gave_up`: turned away, or out of patience. */
  | {
      readonly kind: "drove_on";
      readonly visit: number;
      readonly reason: "queue_full" | "car_park_full" | "gave_up";
    }
  | {
      readonly kind: "arm_hit";
      readonly visit: number;
      readonly lane: string;
      readonly covered: readonly SensorInput[];
    }
  /** The arm begins to move, or stands still again; 1 = upright. */
  | ({
      readonly kind: "arm";
      readonly lane: string;
      readonly motion: "up" | "down" | "still";
      readonly position: number;
    } & InTheWay);

/** What devices did. */
export type DeviceEntry =
  /** A board pulsed a relay. */
  | ({
      readonly kind: "pulsed";
      readonly lane: string;
      readonly action: BarrierAction;
      readonly commandId: string;
      /** Of the agent's monotonic clock when the relay closed, and until when the command was good. */
      readonly monotonicMs: number;
      readonly deadlineMs: number;
      readonly epoch: number;
    } & InTheWay)
  | {
      readonly kind: "command_dropped";
      readonly lane: string;
      readonly commandId: string;
      readonly reason: string;
    }
  | { readonly kind: "ticket_out"; readonly lane: string; readonly number: string }
  | {
      readonly kind: "ticket_gone";
      readonly lane: string;
      readonly number: string;
      readonly how: "taken" | "retracted";
    }
  /** What an input's detector says from now on: what is there, or something else by an injected fault. */
  | {
      readonly kind: "sensor";
      readonly lane: string;
      readonly input: SensorInput;
      readonly says: "what is there" | "always on" | "always off" | "flickers";
    }
  /** A camera told what it took a vehicle's plate for; null = it saw none. */
  | { readonly kind: "read"; readonly visit: number; readonly lane: string; readonly plate: string | null }
  /** A card was charged, or a charge was undone, as the terminal's own ledger has it. */
  | {
      readonly kind: "charged" | "reversed";
      readonly place: string;
      readonly attemptId: string;
      readonly amountMinor: number;
    };

/** What people and programs did, and what was done to them. */
export type DeedEntry =
  /** An agent wrote this with a turn of a lane. */
  | { readonly kind: "record"; readonly lane: string; readonly record: GateRecord }
  | { readonly kind: "ticket_shown"; readonly visit: number; readonly lane: string; readonly number: string }
  /** Notes and coins that changed hands, minor units; negative = out of the drawer. */
  | {
      readonly kind: "cash";
      readonly actor: string;
      readonly visit: number | null;
      readonly amountMinor: number;
      /** `stray`: nobody booked it, by a fault that was injected. */
      readonly for: "payment" | "change" | "refund" | "float" | "skim" | "stray";
    }
  | { readonly kind: "helped"; readonly actor: string; readonly lane: string; readonly how: string }
  | {
      readonly kind: "agent";
      readonly what: "started" | "killed" | "refused";
      readonly epoch: number | null;
      readonly detail: string;
    }
  | { readonly kind: "cloud"; readonly what: "started" | "killed"; readonly detail: string }
  | { readonly kind: "operator"; readonly what: string; readonly detail: string; readonly ok: boolean }
  /** A remote command was carried out at the gate, or refused there. Its deadline is of the journal's clock. */
  | {
      readonly kind: "remote";
      readonly commandId: string;
      readonly status: string;
      readonly deadlineMs: number;
    }
  | {
      readonly kind: "fault";
      readonly id: number;
      readonly fault: FaultKind;
      readonly on: boolean;
      readonly target: string;
    }
  | { readonly kind: "note"; readonly text: string };

/** An entry as it is told, before it has its time. */
export type Told = WorldEntry | DeviceEntry | DeedEntry;
export type Tell = (told: Told) => void;
