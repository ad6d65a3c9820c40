import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { VEHICLE_COLOURS, VEHICLE_KINDS } from "./traffic/demand.ts";
import { paintedPlate, PLATE_COUNTRIES } from "./traffic/plates.ts";
import type { ParkedVehicle } from "./world/spots.ts";

const stateSchema = z.object({
  version: z.literal(1),
  parked: z
    .array(
      z.object({
        plate: z.string().min(2).max(20),
        country: z.enum(PLATE_COUNTRIES),
        kind: z.enum(VEHICLE_KINDS),
        colour: z.enum(VEHICLE_COLOURS),
        remaining_ms: z.number().int().nonnegative(),
      }),
    )
    .max(10_000),
});
type State = z.infer<typeof stateSchema>;

/**
 * The vehicles that were inside when the simulator last wrote; none when it never did. Throws on a file that
 * it cannot read or did not write, rather than forget everybody inside.
 */
export function readParked(file: string): ParkedVehicle[] {
  if (!existsSync(file)) return [];
  try {
    return parseParked(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`${file} does not say who is inside; move it away to begin with nobody`, {
      cause: error,
    });
  }
}

function parseParked(text: string): ParkedVehicle[] {
  return stateSchema.parse(JSON.parse(text)).parked.map(({ plate, country, kind, colour, remaining_ms }) => ({
    vehicle: { plate: paintedPlate(plate, country), kind, colour },
    remainingMs: remaining_ms,
  }));
}

/** Writes the state whole or not at all: another file first, then its name. */
export function writeParked(file: string, parked: readonly ParkedVehicle[]): void {
  const state: State = {
    version: 1,
    parked: parked.map(({ vehicle, remainingMs }) => ({
      plate: vehicle.plate.painted,
      country: vehicle.plate.country,
      kind: vehicle.kind,
      colour: vehicle.colour,
      remaining_ms: Math.round(remainingMs),
    })),
  };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(state)}\n`);
  renameSync(`${file}.new`, file);
}

/** Writes at most once a second, and never forgets the last change. */
export type StateKeeper = { readonly changed: () => void; readonly stop: () => void };

const WRITE_AFTER_MS = 1_000;

/** A write that fails goes to `onProblem`; the next change tries again. */
export function keepState(
  file: string,
  parked: () => readonly ParkedVehicle[],
  onProblem: (error: unknown) => void,
): StateKeeper {
  let timer: NodeJS.Timeout | null = null;
  const write = (): void => {
    timer = null;
    try {
      writeParked(file, parked());
    } catch (error) {
      onProblem(error);
    }
  };
  return {
    changed() {
      timer ??= setTimeout(write, WRITE_AFTER_MS);
    },
    stop() {
      if (timer !== null) clearTimeout(timer);
      write();
    },
  };
}
