import { drawVehicle, type Vehicle } from "../../traffic/demand.ts";
import type { Random } from "../../traffic/random.ts";
import type { PermitPlan } from "../schedule.ts";

/** A permit and the vehicles whose plates are on it. */
export type PermitCars = { readonly plan: PermitPlan; readonly vehicles: readonly Vehicle[] };

const DAY_MS = 86_400_000;
/** Season parkers are away some days. */
const VISITS_PER_PERMIT_AND_DAY = 0.7;

export type PermitNeeds = {
  /** Season parkers' visits of a mean day. */
  readonly perDay: number;
  readonly lengthMs: number;
  readonly zones: readonly string[];
};

/**
 * As many permits as season parkers come. Some are of one account that has more cars than permits; some begin or end in
 * the middle; some are for one zone only.
 */
export function drawPermits(needs: PermitNeeds, random: Random): PermitCars[] {
  const count = Math.ceil(needs.perDay / VISITS_PER_PERMIT_AND_DAY);
  const permits: PermitCars[] = [];
  const own = new Set<string>();
  for (let i = 1; i <= count; i += 1) {
    const permit = random.fork(`permit ${i}`);
    const vehicles = Array.from({ length: permit.chance(0.15) ? 2 : 1 }, () => {
      const vehicle = drawVehicle(permit, (text) => own.has(text));
      own.add(vehicle.plate.text);
      return vehicle;
    });
    permits.push({ plan: planOf(i, vehicles, needs, permit), vehicles });
  }
  return permits;
}

function planOf(
  number: number,
  vehicles: readonly Vehicle[],
  needs: PermitNeeds,
  random: Random,
): PermitPlan {
  const { lengthMs, zones } = needs;
  const beginsLate = random.chance(0.05);
  const endsEarly = random.chance(0.08);
  const fromMs = beginsLate ? random.int(lengthMs) : -(1 + random.int(200)) * DAY_MS;
  const untilMs = endsEarly
    ? Math.max(fromMs + DAY_MS, random.int(lengthMs))
    : lengthMs + (30 + random.int(300)) * DAY_MS;
  return {
    id: `P-${number}`,
    // Every fourth is a company's, with others.
    account: random.chance(0.25) ? `company-${1 + random.int(3)}` : `person-${number}`,
    plates: vehicles.map(({ plate }) => plate.text),
    fromMs,
    untilMs,
    zone: zones.length > 0 && random.chance(0.15) ? random.pick(zones) : null,
  };
}
