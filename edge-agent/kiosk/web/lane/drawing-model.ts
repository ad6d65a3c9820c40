import type { LaneState, SensorInput } from "@parkme/shared/domain/lane";
import type { LaneView } from "@parkme/shared/protocol/kiosk";

/** What the drawing shows of the inputs: the switches are shown elsewhere. */
type Inputs = Pick<LaneView["inputs"], SensorInput>;
export type InputView = Inputs["arming"];

export type ArmView = "closed" | "open" | "opening" | "closing" | "unknown";

/**
 * Where the arm is. Its limit switches are believed before the lane's state; where neither of them says, the
 * state does, unless a switch that should say stays silent.
 */
export function armView(state: LaneState, { open_limit, closed_limit }: Inputs): ArmView {
  if (closed_limit === "on") return open_limit === "on" ? "unknown" : "closed";
  if (open_limit === "on") return "open";
  switch (state) {
    case "OPENING":
      return "opening";
    case "CLOSING":
      return "closing";
    case "OPEN":
    case "PASSING":
    case "CLEARING":
    case "HELD_OPEN":
      if (open_limit === "off") return "opening";
      return open_limit === "absent" && closed_limit !== "unknown" ? "open" : "unknown";
    case "IDLE":
    case "ARMED":
    case "DECIDING":
    case "PRINTING":
    case "WAIT_TAKE":
    case "PAYING":
    case "PAY_UNKNOWN":
    case "DENIED":
      return closed_limit === "absent" ? "closed" : "unknown";
    case "UNKNOWN":
    case "STOPPED":
    case "DEGRADED":
    case "FAULT":
      return "unknown";
    default:
      return state satisfies never;
  }
}

export const ARM_WORDS: Record<ArmView, string> = {
  closed: "Arm down",
  open: "Arm up",
  opening: "Arm going up",
  closing: "Arm coming down",
  unknown: "Arm unknown",
};

/** Distances along the lane, in units of the drawing, from where vehicles come to where they go. */
export const LENGTH = 720;
export const LOOPS = {
  arming: { at: 168, length: 136 },
  safety: { at: 360, length: 124 },
  closing: { at: 552, length: 136 },
} as const;
export type Loop = keyof typeof LOOPS;
export const ARM_AT = LOOPS.safety.at;

/** A silhouette: its middle along the lane, and whether it covers everything from the first loop to the last. */
export type Vehicle = { readonly at: number; readonly long: boolean };

/** What stands on the loops, foremost first. Neighbouring loops are one vehicle; a gap between them makes two. */
export function vehiclesOn({ arming, safety, closing }: Inputs): readonly Vehicle[] {
  const [a, s, c] = [arming === "on", safety === "on", closing === "on"];
  const between = (from: Loop, to: Loop): number => (LOOPS[from].at + LOOPS[to].at) / 2;
  if (a && s && c) return [{ at: LOOPS.safety.at, long: true }];
  if (s) {
    const at = a ? between("arming", "safety") : c ? between("safety", "closing") : LOOPS.safety.at;
    return [{ at, long: false }];
  }
  const vehicles: Vehicle[] = [];
  if (c) vehicles.push({ at: LOOPS.closing.at, long: false });
  if (a) vehicles.push({ at: LOOPS.arming.at, long: false });
  return vehicles;
}

/** A silhouette over time: the same `id` moves, one that is `gone` fades out the way it went. */
export type Track = Vehicle & { readonly id: number; readonly gone: "forward" | "back" | "away" | null };

/** No vehicle moves further than this between two snapshots; a silhouette further off is another vehicle. */
const MAX_STEP = 300;
const MAX_GONE = 2;

/** Carries silhouettes over to what the loops say now, so that a vehicle glides instead of jumping. */
export function advanceTracks(tracks: readonly Track[], vehicles: readonly Vehicle[]): readonly Track[] {
  const present = tracks.filter((track) => track.gone === null);
  let nextId = Math.max(0, ...tracks.map((track) => track.id)) + 1;
  const moved = vehicles.map((vehicle): Track => {
    const distance = (track: Track): number => Math.abs(track.at - vehicle.at);
    const nearest = present.toSorted((x, y) => distance(x) - distance(y))[0];
    if (nearest === undefined || distance(nearest) > MAX_STEP)
      return { ...vehicle, id: nextId++, gone: null };
    present.splice(present.indexOf(nearest), 1);
    return { ...vehicle, id: nearest.id, gone: null };
  });
  const left = present.map((track): Track => ({ ...track, gone: wayOut(track.at) }));
  const faded = [...left, ...tracks.filter((track) => track.gone !== null)].slice(0, MAX_GONE);
  return [...moved, ...faded];
}

function wayOut(at: number): Track["gone"] {
  if (at > LOOPS.safety.at) return "forward";
  return at < LOOPS.safety.at ? "back" : "away";
}

const INPUT_WORDS: Record<InputView, string> = {
  on: "occupied",
  off: "clear",
  unknown: "unknown",
  absent: "not fitted",
};

/** The drawing in a sentence, for those who do not see it. */
export function describeDrawing(arm: ArmView, inputs: Inputs): string {
  const loops = (["arming", "safety", "closing"] as const).map(
    (loop) => `${loop} loop ${INPUT_WORDS[inputs[loop]]}`,
  );
  const beam = inputs.photocell === "absent" ? [] : [`photocell ${INPUT_WORDS[inputs.photocell]}`];
  return [ARM_WORDS[arm], ...loops, ...beam].join(", ");
}
