import type { Vehicle, VehicleKind } from "../../traffic/demand.ts";
import { paintedPlate } from "../../traffic/plates.ts";
import { createGate, type Gate, type GateEvent } from "../gate.ts";

export const STEP_MS = 20;

export function vehicle(painted: string, kind: VehicleKind = "car"): Vehicle {
  return { plate: paintedPlate(painted, "D"), kind, colour: "blue" };
}

export function gateOf(direction: "entry" | "exit" = "entry"): Gate {
  return createGate({ name: "lane", direction, ratedMs: 1_500 });
}

/** Opens for who waits on the arming loop, closes a second after the passage is complete. */
export function carefulAttendant(gate: Gate): (dtMs: number) => void {
  let clearMs = 0;
  let passing = false;
  return (dtMs) => {
    const inputs = gate.inputs();
    const free = !inputs.safety && !inputs.closing && !inputs.photocell;
    passing = passing || !free;
    clearMs = free ? clearMs + dtMs : 0;
    const arm = gate.arm();
    if (!free && arm.motion === "down") pulse(gate, "open");
    if (inputs.closed_limit && inputs.arming) pulse(gate, "open");
    const leftAgain = !inputs.arming && clearMs > 3_000;
    if (inputs.open_limit && clearMs > 1_000 && (passing || leftAgain)) {
      pulse(gate, "close");
      passing = false;
    }
  };
}

export function pulse(gate: Gate, action: "open" | "close" | "stop"): void {
  gate.relay(action, true);
  gate.relay(action, false);
}

/** Runs a lane with its attendant; `each` is called after every step. */
export function runGate(
  gate: Gate,
  forMs: number,
  each: (events: readonly GateEvent[]) => void = () => undefined,
  stepMs = STEP_MS,
): GateEvent[] {
  const attend = carefulAttendant(gate);
  const all: GateEvent[] = [];
  for (let ms = 0; ms < forMs; ms += stepMs) {
    attend(stepMs);
    const events = gate.step(stepMs);
    each(events);
    all.push(...events);
  }
  return all;
}

export function kindsOf<Kind extends string>(events: readonly { readonly kind: Kind }[]): Kind[] {
  return events.map(({ kind }) => kind);
}
