import type { SensorInput } from "@parkme/shared/domain/lane";
import type { LaneVehicle } from "./driver.ts";
import type { LaneGeometry, Span } from "./geometry.ts";
import type { Block } from "./silhouette.ts";

/** What the contacts of a lane say, as honest detectors would. */
export type Contacts = Readonly<Record<SensorInput, boolean>>;

/** The lane's contacts now; `before` itself when none of them has changed. */
export function contactsOf(
  lane: readonly LaneVehicle[],
  armPosition: number,
  geometry: LaneGeometry,
  before: Contacts,
): Contacts {
  let arming = false;
  let safety = false;
  let closing = false;
  let photocell = false;
  for (const vehicle of lane) {
    const { loops, closing: behind, beam } = vehicle.silhouette;
    arming ||= covers(vehicle, loops, geometry.arming);
    safety ||= covers(vehicle, loops, geometry.safety);
    closing ||= covers(vehicle, behind, geometry.closing);
    photocell ||= covers(vehicle, beam, geometry.photocell);
  }
  const open_limit = armPosition === 1;
  const closed_limit = armPosition === 0;
  return before.arming === arming &&
    before.safety === safety &&
    before.closing === closing &&
    before.photocell === photocell &&
    before.open_limit === open_limit &&
    before.closed_limit === closed_limit
    ? before
    : { arming, safety, closing, photocell, open_limit, closed_limit };
}

function covers({ frontM, rearM, isWrongWay }: LaneVehicle, blocks: readonly Block[], span: Span): boolean {
  if (rearM >= span.toM || frontM <= span.fromM) return false;
  for (const { fromM, toM } of blocks) {
    // Blocks are measured from the bumper that goes first.
    const from = isWrongWay ? rearM + fromM : frontM - toM;
    const to = isWrongWay ? rearM + toM : frontM - fromM;
    if (from < span.toM && to > span.fromM) return true;
  }
  return false;
}
