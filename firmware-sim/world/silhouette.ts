import { VEHICLE_LENGTH_M, type VehicleKind } from "../traffic/demand.ts";

/** A stretch of a vehicle, in metres behind its front bumper. */
export type Block = { readonly fromM: number; readonly toM: number };

/** What of a vehicle each kind of sensor makes out. */
export type Silhouette = {
  readonly lengthM: number;
  /** For the loops before and under the arm. */
  readonly loops: readonly Block[];
  /** For the loop behind the arm. */
  readonly closing: readonly Block[];
  /** For the light beam across the lane, some 55 cm above the ground. */
  readonly beam: readonly Block[];
};

/** A loop notices a bumper only when so much of the vehicle is over it: the field is weak at the wires. */
const EDGE_M = 0.2;

/**
 * A loop's field reaches about two thirds of its shorter side upwards (HySecurity StrongArm M30 manual, "Loop layout": 1 m
 * over a loop of 1.5 m), so that metal above that is not there for it.
 *
 * - A motorcycle is its engine and frame; the wheels' rims are too little. A scooter has less metal still, and a loop that
 *   is set to ignore the traffic behind the arm misses it.
 * - A trailer's drawbar (1.3 m from bumper to body) is a thin pipe at 40 cm: below the beam, too little for a loop.
 * - A high bed is seen at its cab and its rear axles. The beam meets its side guards, which UN Regulation 73 has reach
 *   down to 55 cm.
 */
export const SILHOUETTES: Readonly<Record<VehicleKind, Silhouette>> = {
  car: whole("car"),
  van: whole("van"),
  truck: whole("truck"),
  motorcycle: parts("motorcycle", [{ fromM: 0.4, toM: 1.8 }]),
  scooter: { ...parts("scooter", [{ fromM: 0.5, toM: 1.2 }]), closing: [] },
  high_truck: parts("high_truck", [
    { fromM: EDGE_M, toM: 2.4 },
    { fromM: 7, toM: 9.4 },
  ]),
  car_with_trailer: {
    ...parts("car_with_trailer", [
      { fromM: EDGE_M, toM: 4.5 - EDGE_M },
      { fromM: 5.8 + EDGE_M, toM: 8.8 - EDGE_M },
    ]),
    beam: [
      { fromM: 0, toM: 4.5 },
      { fromM: 5.8, toM: 8.8 },
    ],
  },
};

function whole(kind: VehicleKind): Silhouette {
  return parts(kind, [{ fromM: EDGE_M, toM: VEHICLE_LENGTH_M[kind] - EDGE_M }]);
}

/** Metal at these places for loops; the beam sees all of it. */
function parts(kind: VehicleKind, loops: readonly Block[]): Silhouette {
  const lengthM = VEHICLE_LENGTH_M[kind];
  return { lengthM, loops, closing: loops, beam: [{ fromM: 0, toM: lengthM }] };
}
