import type { Random } from "./random.ts";
import { drawPlate, type Plate } from "./plates.ts";

/** What drives up: its size, its looks, and the plate on it. */
export type Vehicle = {
  readonly plate: Plate;
  readonly kind: VehicleKind;
  readonly colour: VehicleColour;
};

/** `scooter` is so light that some loops miss it; `high_truck` has its bed far above the ground. */
export const VEHICLE_KINDS = [
  "car",
  "van",
  "motorcycle",
  "scooter",
  "truck",
  "high_truck",
  "car_with_trailer",
] as const;
export type VehicleKind = (typeof VEHICLE_KINDS)[number];
export const VEHICLE_COLOURS = [
  "white",
  "silver",
  "grey",
  "black",
  "blue",
  "red",
  "green",
  "yellow",
] as const;
export type VehicleColour = (typeof VEHICLE_COLOURS)[number];

/** From the first bumper to the last, in metres. */
export const VEHICLE_LENGTH_M: Record<VehicleKind, number> = {
  car: 4.5,
  van: 6,
  motorcycle: 2.2,
  scooter: 1.8,
  truck: 7.5,
  high_truck: 10,
  car_with_trailer: 8.8,
};

/** Who comes when, and for how long. `speed` (1..100) shortens gaps and stays alike. */
export type Demand = {
  readonly arrivalsPerHour: number;
  readonly meanStayMinutes: number;
  readonly speed: number;
};

/** Simulated milliseconds until the next arrival; Infinity when nobody comes. */
export function nextArrivalGapMs(demand: Demand, random: Random): number {
  if (demand.arrivalsPerHour <= 0) return Infinity;
  return random.exponential(3_600_000 / (demand.arrivalsPerHour * demand.speed));
}

/** The logarithm's spread of stays: a third stay less than half the mean, few stay more than thrice. */
const STAY_SIGMA = 0.8;

/** How long a driver stays inside, in simulated milliseconds: log-normal, within 1/20 and 10 times the mean. */
export function drawStayMs(demand: Demand, random: Random): number {
  const meanMs = (demand.meanStayMinutes * 60_000) / demand.speed;
  const stayMs = random.logNormal(meanMs, STAY_SIGMA);
  return Math.round(Math.min(Math.max(stayMs, meanMs / 20), meanMs * 10));
}

// Motorcycles and vans are rare; white, grey and black are not.
const KIND_MIX: readonly VehicleKind[] = [
  ...Array<VehicleKind>(16).fill("car"),
  "van",
  "van",
  "van",
  "motorcycle",
];
const COLOUR_MIX: readonly VehicleColour[] = [
  ...VEHICLE_COLOURS,
  ...(["white", "white", "silver", "grey", "grey", "black", "black", "blue"] as const),
];

/** Draws a vehicle whose plate `taken` does not know. */
export function drawVehicle(random: Random, taken: (text: string) => boolean): Vehicle {
  return { plate: drawPlate(random, taken), kind: random.pick(KIND_MIX), colour: random.pick(COLOUR_MIX) };
}
