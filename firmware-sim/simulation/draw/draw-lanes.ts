import type { Random } from "../../traffic/random.ts";
import type { LanePlan, ZonePlan } from "../schedule.ts";

/**
 * Lanes as sites have them: not every one has every sensor or device, but whoever comes in by any entry can be made out at
 * any exit without an attendant, by the plate or by a ticket.
 */

const RATED_MS = [900, 1_500, 2_500, 4_000, 6_000];
/** As many as a lane serves within the worst hour without a queue that never ends. */
const PER_LANE_AND_HOUR = 150;
const MOST_LANES = 3;

type Identification = "plates" | "tickets" | "both";

export function drawZones(random: Random): ZonePlan[] {
  if (!random.chance(0.4)) return [];
  const zones: ZonePlan[] = [
    { name: "level-1", capacity: 0, parent: null },
    { name: "level-2", capacity: 0, parent: null },
  ];
  if (random.chance(0.5)) zones.push({ name: "charging", capacity: 0, parent: "level-1" });
  return zones;
}

export type LaneNeeds = {
  readonly zones: readonly ZonePlan[];
  /** The most that come, or leave, in one hour. */
  readonly busiestHour: number;
  /** Vehicles of which loops see only parts come here. */
  readonly oddVehicles: boolean;
};

export function drawLanes(needs: LaneNeeds, random: Random): LanePlan[] {
  const identification = random.pick<Identification>(["plates", "tickets", "both", "both", "both"]);
  const count = (): number => {
    const needed = Math.ceil(needs.busiestHour / PER_LANE_AND_HOUR);
    return Math.min(MOST_LANES, Math.max(needed, random.pick([1, 1, 1, 2, 2, 3])));
  };
  const zone = zoneOfAll(needs.zones, random.fork("zone"));
  const lanes: LanePlan[] = [];
  for (const direction of ["entry", "exit"] as const) {
    for (let i = 0, lanesOfIt = count(); i < lanesOfIt; i += 1) {
      const lane = random.fork(`${direction} ${i}`);
      lanes.push({
        name: `${direction}-${i + 1}`,
        direction,
        zone,
        ratedMs: lane.pick(RATED_MS),
        has: equipmentOf(direction, identification, needs.oddVehicles, lane),
        ticket:
          identification === "plates" || (identification === "both" && lane.chance(0.5))
            ? "no_plate"
            : "always",
      });
    }
  }
  return lanes;
}

/**
 * Whoever came in by a lane of one zone and left by a lane of another would be counted in the first for ever: so all lanes
 * of a site lead into the same one, and out of it.
 */
function zoneOfAll(zones: readonly ZonePlan[], random: Random): string | null {
  return zones.length === 0 || random.chance(0.2) ? null : random.pick(zones).name;
}

function equipmentOf(
  direction: "entry" | "exit",
  identification: Identification,
  oddVehicles: boolean,
  random: Random,
): LanePlan["has"] {
  const isEntry = direction === "entry";
  const plates = identification !== "tickets";
  const tickets = identification !== "plates";
  return {
    // Where trailers and high beds come, installers put both: neither alone sees them all the way through.
    closing: oddVehicles || random.chance(0.8),
    photocell: oddVehicles || random.chance(0.5),
    openLimit: random.chance(0.8),
    camera: plates,
    // Who has no plate gets a ticket where there is a printer.
    printer: isEntry && tickets,
    scanner: !isEntry && tickets,
    terminal: !isEntry && random.chance(0.75),
  };
}
