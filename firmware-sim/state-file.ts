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
        /** The code on the ticket that the driver carries. */
        ticket: z.string().min(1).max(4_000).optional(),
      }),
    )
    .max(10_000),
});
type State = z.infer<typeof stateSchema>;

/** Who is inside, and the codes of the tickets that they carry, by plate. */
export type Inside = {
  readonly parked: readonly ParkedVehicle[];
  readonly tickets: ReadonlyMap<string, string>;
};

/**
 * The vehicles that were inside when the simulator last wrote; none when it never did. Throws on a file that
 * it cannot read or did not write, rather than forget everybody inside.
 */
export function readParked(file: string): Inside {
  if (!existsSync(file)) return { parked: [], tickets: new Map() };
  try {
    return parseParked(readFileSync(file, "utf8"));
  } catch (error) {
    throw new Error(`${file} does not say who is inside; move it away to begin with nobody`, {
      cause: error,
    });
  }
}

function parseParked(text: string): Inside {
  const tickets = new Map<string, string>();
  const parked = stateSchema.parse(JSON.parse(text)).parked.map((one): ParkedVehicle => {
    const { kind, colour, ticket } = one;
    const plate = paintedPlate(one.plate, one.country);
    if (ticket !== undefined) tickets.set(plate.text, ticket);
    return { vehicle: { plate, kind, colour }, remainingMs: one.remaining_ms };
  });
  return { parked, tickets };
}

/** Writes the state whole or not at all: another file first, then its name. */
export function writeParked(file: string, { parked, tickets }: Inside): void {
  const state: State = {
    version: 1,
    parked: parked.map(({ vehicle, remainingMs }) => {
      const ticket = tickets.get(vehicle.plate.text);
      return {
        plate: vehicle.plate.painted,
        country: vehicle.plate.country,
        kind: vehicle.kind,
        colour: vehicle.colour,
        remaining_ms: Math.round(remainingMs),
        ...(ticket === undefined ? {} : { ticket }),
      };
    }),
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
  inside: () => Inside,
  onProblem: (error: unknown) => void,
): StateKeeper {
  let timer: NodeJS.Timeout | null = null;
  const write = (): void => {
    timer = null;
    try {
      writeParked(file, inside());
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
