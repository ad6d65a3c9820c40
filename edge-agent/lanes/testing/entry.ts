import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { StayStatus } from "@parkme/shared/domain/stay";
import { createBench, type Bench, type BenchOptions } from "./lane-bench.ts";
import { ready } from "./vehicle.ts";

/** An entry, and what came of all that happened there. */

/** The board has answered, the arm is closed and nobody is there. */
export function entry(options: BenchOptions = {}): Bench {
  const bench = createBench({ direction: "entry", ...options });
  ready(bench);
  return bench;
}

/** Every command in the order given; one that needed no authorisation ends with `!`. */
export function actions(bench: Bench): string[] {
  return bench.commands().map(({ action, safety }) => (safety ? `${action}!` : action));
}

/** Status of each stay, in the order they began. */
export function statuses(bench: Bench): StayStatus[] {
  return [...bench.book.stays.values()].map(({ status }) => status);
}

/** Plate of each stay, in the order they began; null where none was read. */
export function plates(bench: Bench): (string | null)[] {
  return [...bench.book.stays.values()].map(({ stay }) => stay.plate);
}

/** Kind of each movement, oldest first. */
export function kinds(bench: Bench): RecordOf<"movement">["kind"][] {
  return bench.records("movement").map(({ kind }) => kind);
}

/** Kind of each alarm, oldest first. */
export function alarms(bench: Bench): RecordOf<"alarm">["kind"][] {
  return bench.records("alarm").map(({ kind }) => kind);
}

type RecordOf<T extends GateRecord["type"]> = Extract<GateRecord, { type: T }>;
