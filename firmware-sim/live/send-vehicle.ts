import { problem, type Problem } from "@parkme/shared/domain/errors";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { z } from "zod";
import type { Simulator } from "../simulator.ts";
import type { Random } from "../traffic/random.ts";
import { VEHICLE_COLOURS, type Vehicle } from "../traffic/demand.ts";
import { paintedPlate } from "../traffic/plates.ts";
import type { Gate } from "../world/gate.ts";
import type { departSchema, Sent, vehicleSchema } from "./contract.ts";
import { SCRIPTS } from "./scripts.ts";

/** Sends a vehicle to a lane; at an exit, one that is parked sets out, and a stranger comes from nowhere. */
export function sendVehicle(
  { world, pace }: Simulator,
  wish: z.output<typeof vehicleSchema>,
  random: Random,
): Result<Sent, Problem> {
  const vehicle = vehicleOf(wish, random);
  if (vehicle === null) return err(problem(400, "invalid_body", "This is not a plate.", "plate"));
  const plate = vehicle.plate.text;
  const inLane = laneWith(world, plate);
  if (inLane !== null) return err(problem(409, "present", `${plate} is in ${inLane} already.`, "plate"));
  const gate = wish.lane === undefined ? null : world.gates.get(wish.lane);
  if (gate === undefined) return err(problem(404, "no_lane", "There is no such lane.", "lane"));
  const script = SCRIPTS[wish.script];
  const isParked = world.inside().some((one) => one.vehicle.plate.text === plate);
  if (wish.script === "wrong_way") return driveInto(gate, vehicle, isParked);
  if (gate?.direction === "exit") {
    if (!gate.hasRoom()) return err(problem(409, "queue_full", `There is no room in ${gate.name}.`, "lane"));
    if (isParked) world.depart(plate, script, gate.name);
    else gate.enter(vehicle, script);
    return ok({ plate, lane: gate.name });
  }
  if (isParked) return err(problem(409, "present", `${plate} is parked inside.`, "plate"));
  const stay = wish.stay_minutes;
  const isLetIn = world.arrive({
    vehicle,
    script,
    ...(gate === null ? {} : { lane: gate.name }),
    ...(stay === undefined ? {} : { stayMs: Math.round((stay * 60_000) / pace.speed()) }),
  });
  const lane = laneWith(world, plate);
  if (!isLetIn || lane === null)
    return err(problem(409, "drove_on", `${plate} found no room and drove on.`, "lane"));
  return ok({ plate, lane });
}

/** Sends a vehicle into an exit from outside. */
function driveInto(gate: Gate | null, vehicle: Vehicle, isParked: boolean): Result<Sent, Problem> {
  const plate = vehicle.plate.text;
  if (gate?.direction !== "exit")
    return err(problem(409, "no_exit", "Only an exit can be driven into the wrong way.", "lane"));
  if (isParked) return err(problem(409, "present", `${plate} is parked inside.`, "plate"));
  if (!gate.enterWrongWay(vehicle, SCRIPTS.wrong_way, null))
    return err(problem(409, "queue_full", `Somebody is in ${gate.name}.`, "lane"));
  return ok({ plate, lane: gate.name });
}

/** Makes a parked driver head for an exit now. */
export function sendOut(
  { world }: Simulator,
  plateText: string,
  { lane, script }: z.output<typeof departSchema>,
): Result<null, Problem> {
  const plate = plateText.replaceAll(/[^\p{L}\p{Nd}]/gu, "");
  if (lane !== undefined && world.gates.get(lane)?.direction !== "exit")
    return err(problem(404, "no_lane", "There is no such exit lane.", "lane"));
  if (!world.depart(plate, SCRIPTS[script], lane))
    return err(problem(404, "not_parked", `${plate.slice(0, 20)} is not parked.`));
  return ok(null);
}

function vehicleOf(wish: z.output<typeof vehicleSchema>, random: Random): Vehicle | null {
  try {
    const plate = paintedPlate(wish.plate.toUpperCase(), "D");
    return { plate, kind: wish.kind, colour: wish.colour ?? random.pick(VEHICLE_COLOURS) };
  } catch {
    return null;
  }
}

function laneWith(world: Simulator["world"], plate: string): string | null {
  for (const gate of world.gates.values()) {
    if (gate.vehicles().some(({ vehicle }) => vehicle.plate.text === plate)) return gate.name;
  }
  return null;
}
