import type { Coming } from "../../traffic/arrivals.ts";
import { misread } from "../../traffic/confusion.ts";
import { drawVehicle, type Vehicle, type VehicleKind } from "../../traffic/demand.ts";
import type { Profile } from "../../traffic/profiles.ts";
import type { Random } from "../../traffic/random.ts";
import type { DriverScript } from "../../world/driver.ts";
import type { Habits, LanePlan, Visit } from "../schedule.ts";
import type { PermitCars } from "./draw-permits.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** Whoever comes back does so after this: queues and faults may have held them up. */
const BACK_AGAIN_MS = 6 * HOUR_MS;
const RETURN_CHANCE = 0.06;
/** Most take the shortest queue; some take the lane that they always take, or that leads where they want to go. */
const OWN_LANE_CHANCE = 0.3;

export type VisitPlan = {
  readonly profile: Profile;
  readonly permits: readonly PermitCars[];
  readonly entries: readonly LanePlan[];
  readonly oddVehicles: boolean;
  /** Every exit has a terminal. */
  readonly cardsEverywhere: boolean;
  /** There is somewhere to pay, and to book, other than at the gate. */
  readonly hasCloud: boolean;
};

type Who = { readonly vehicle: Vehicle; readonly permit: string | null };

/**
 * Makes a visit of each arrival; `comings` have times from the beginning. Each visit is drawn from a sequence of its own,
 * by its number.
 */
export function drawVisits(comings: readonly Coming[], plan: VisitPlan, random: Random): Visit[] {
  const plates = new Present(plan.permits);
  return comings.map(({ atMs, stayMs }, index) => {
    const id = index + 1;
    const own = random.fork(`visit ${id}`);
    const who = whoComes(atMs, plan, plates, own);
    plates.came(who.vehicle, atMs, stayMs);
    const isBooked = who.permit === null && plan.hasCloud && own.chance(plan.profile.bookedPercent / 100);
    return {
      id,
      atMs,
      vehicle: who.vehicle,
      lane: own.chance(OWN_LANE_CHANCE) ? own.pick(plan.entries).name : null,
      stayMs,
      bookedMs: isBooked ? HOUR_MS + own.int(72) * HOUR_MS : null,
      permit: who.permit,
      entry: scriptOf("entry", own),
      exit: scriptOf("exit", own),
      pays: paysBy(plan, own),
      habits: habitsOf(who.vehicle.plate.text, own),
    };
  });
}

/** Which plates are about, and until when they may be expected to be. */
class Present {
  private readonly untilMs = new Map<string, number>();
  private readonly known: Vehicle[] = [];

  constructor(permits: readonly PermitCars[]) {
    for (const { vehicles } of permits)
      for (const { plate } of vehicles) this.untilMs.set(plate.text, -Infinity);
  }

  isTaken = (plate: string): boolean => this.untilMs.has(plate);

  isAway({ plate }: Vehicle, atMs: number): boolean {
    return (this.untilMs.get(plate.text) ?? -Infinity) < atMs;
  }

  came(vehicle: Vehicle, atMs: number, stayMs: number): void {
    if (!this.untilMs.has(vehicle.plate.text)) this.known.push(vehicle);
    this.untilMs.set(vehicle.plate.text, atMs + stayMs + BACK_AGAIN_MS);
  }

  /** Somebody who was here before and has surely left; undefined when none was found. */
  formerGuest(atMs: number, random: Random): Vehicle | undefined {
    const one = this.known[random.int(Math.max(1, this.known.length))];
    return one !== undefined && this.isAway(one, atMs) ? one : undefined;
  }
}

function whoComes(atMs: number, plan: VisitPlan, plates: Present, random: Random): Who {
  if (plan.permits.length > 0 && random.chance(plan.profile.permitPercent / 100)) {
    const { plan: permit, vehicles } = random.pick(plan.permits);
    const vehicle = random.pick(vehicles);
    if (plates.isAway(vehicle, atMs)) return { vehicle, permit: permit.id };
  }
  const guest = random.chance(RETURN_CHANCE) ? plates.formerGuest(atMs, random) : undefined;
  const drawn = guest ?? drawVehicle(random, plates.isTaken);
  const kind = guest === undefined && plan.oddVehicles ? random.pick(ODD_MIX) : null;
  return { vehicle: kind === null ? drawn : { ...drawn, kind }, permit: null };
}

/** Where they may come: of forty, so many are of these kinds instead. */
const ODD_MIX: readonly (VehicleKind | null)[] = [
  ...Array<null>(34).fill(null),
  "scooter",
  "scooter",
  "truck",
  "high_truck",
  "car_with_trailer",
  "car_with_trailer",
];

/** Most drivers just drive. The rest is what attendants tell of, each a few times in a hundred. */
function scriptOf(direction: "entry" | "exit", random: Random): DriverScript {
  const isEntry = direction === "entry";
  const dice = random.next();
  const afterMs = 500 + random.int(6_000);
  if (dice < 0.02)
    return { kind: "back_out", from: isEntry ? random.pick(["waiting", "opened"]) : "waiting", afterMs };
  if (dice < 0.025) return { kind: "back_out", from: "under_arm", afterMs };
  if (dice < 0.04) return { kind: "tailgate" };
  if (dice < 0.05) return { kind: "stall", forMs: 5_000 + random.int(115_000) };
  if (dice < 0.065) return { kind: "creeps", everyM: 0.5 + random.next(), forMs: 500 + random.int(3_500) };
  if (dice < 0.07) return { kind: "reverse_through", afterMs };
  if (dice < 0.075 && isEntry) return { kind: "wrong_way", forMs: 5_000 + random.int(30_000) };
  return { kind: "normal" };
}

function paysBy({ cardsEverywhere, hasCloud }: VisitPlan, random: Random): Visit["pays"] {
  const dice = random.next();
  if (hasCloud && dice < 0.12) return "online";
  return cardsEverywhere && dice < 0.75 ? "card" : "cash";
}

function habitsOf(plate: string, random: Random): Habits {
  return {
    ...misreadsOf(plate, random.next(), random.fork("misread")),
    noPlate: random.chance(0.015),
    losesTicket: random.chance(0.02),
    paysShort: random.chance(0.03),
    dawdlesMs: random.chance(0.06) ? 2_000 + random.int(43_000) : 0,
    patienceMs: Math.round(Math.min(20 * MINUTE_MS, Math.max(45_000, random.logNormal(4 * MINUTE_MS, 0.5)))),
  };
}

/** Of a hundred plates three are misread at the entry, two at the exit: a dirty one at both, and not always alike. */
function misreadsOf(plate: string, dice: number, random: Random): Pick<Habits, "misreadIn" | "misreadOut"> {
  const isReadIn = dice >= 0.03;
  const isReadOut = dice >= 0.04 || (dice >= 0.01 && dice < 0.03);
  return {
    misreadIn: isReadIn ? null : misread(plate, random),
    misreadOut: isReadOut ? null : misread(plate, random),
  };
}
