/** A stretch of the lane, in metres. */
export type Span = { readonly fromM: number; readonly toM: number };

/**
 * Where things are along a lane, in metres; vehicles drive towards larger numbers and the arm is at 0. The
 * loops' distances are those of installers' manuals: the safety loop reaches at least 0.5 m to either side of
 * the arm, and no gap between two loops is longer than the shortest vehicle.
 */
export type LaneGeometry = {
  readonly arming: Span;
  readonly safety: Span;
  readonly closing: Span;
  readonly photocell: Span;
  /** Where a driver waits, front bumper. */
  readonly stopLineM: number;
  /** From here on the camera sees the plate. */
  readonly cameraM: number;
  /** Where vehicles come into the lane, when nobody stands there. */
  readonly entranceM: number;
  /** A vehicle whose rear is beyond has left. */
  readonly endM: number;
};

export const STANDARD_GEOMETRY: LaneGeometry = {
  arming: { fromM: -4, toM: -2 },
  safety: { fromM: -0.75, toM: 0.75 },
  closing: { fromM: 1.5, toM: 3 },
  photocell: { fromM: -0.1, toM: 0.1 },
  stopLineM: -1.2,
  cameraM: -3,
  entranceM: -12,
  endM: 6,
};
