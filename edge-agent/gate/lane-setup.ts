import type { Facility } from "@parkme/shared/domain/facility";
import type { LaneDirection, LaneInput, SwitchInput } from "@parkme/shared/domain/lane";
import { SWITCH_INPUTS } from "@parkme/shared/domain/lane";
import { placeOf } from "../config/checks.ts";
import type { LaneSection } from "../config/lane-section.ts";
import type { BarrierRelays } from "../lanes/inputs/readback.ts";
import type { InputWire, LaneWiring } from "../lanes/inputs/sight.ts";
import type { LaneConfig } from "../lanes/machine/model.ts";
import type { Store } from "../store/store.ts";
import { zoneChanges } from "../lanes/zones.ts";

/** A lane's section of the configuration, as its parts take it. */

export function wiringOf({ inputs, barrier }: LaneSection): LaneWiring {
  const wiring = new Map<LaneInput, InputWire>();
  for (const [name, wire] of Object.entries(inputs)) {
    if (wire === undefined) continue;
    const input = name as LaneInput;
    wiring.set(input, {
      ...placeOf(wire.point, barrier.board),
      inverted: wire.contact === "opens",
      debounceMs: wire.debounce_ms,
      whenUnknown: isSwitch(input) && "unknown_is" in wire ? wire.unknown_is === "on" : null,
    });
  }
  return wiring;
}

function isSwitch(input: LaneInput): input is SwitchInput {
  return SWITCH_INPUTS.some((name) => name === input);
}

/** A board that knows barriers by number names their relays itself. */
export function relaysOf({ barrier }: LaneSection): BarrierRelays {
  const { number, relays } = barrier;
  if (relays === undefined) return { open: `open${number}`, close: `close${number}`, stop: `stop${number}` };
  return { open: relays.open, close: relays.close, stop: relays.stop ?? null };
}

export function laneConfigOf(
  section: LaneSection,
  wiring: LaneWiring,
  passback: LaneConfig["policy"]["passback"],
  facility: Facility,
): LaneConfig {
  const { name, title, direction: kind, barrier, timers, policy, inner, vehicle } = section;
  const path = { from: section.from_zone ?? null, to: section.zone ?? null };
  return {
    name,
    title,
    kind,
    inner,
    zones: zoneChanges(path, facility.zones),
    wired: new Set(wiring.keys()),
    pulseMs: barrier.pulse_ms,
    ticket: section.printer === undefined ? "never" : section.ticket,
    terminal: section.terminal !== undefined,
    vehicle: vehicle ?? null,
    policy: { passback, printerFailure: policy.printer_failure, outage: policy.sensor_failure },
    timers: {
      armMs: timers.arm_ms,
      readMs: timers.read_ms,
      backMs: timers.back_ms,
      clearMs: timers.clear_ms,
      noEntryMs: timers.no_entry_ms,
      stuckMs: timers.stuck_ms,
      moveMs: Math.round(barrier.rated_ms * 1.5),
      takeMs: timers.take_ms,
      payMs: timers.pay_ms,
    },
  };
}

/** Who a failing disk may not hold up: a site may say otherwise, but nobody is locked in by default. */
export function storeFailureOf({ policy, direction }: LaneSection): "hold" | "open" {
  return policy.store_failure ?? (direction === "exit" ? "open" : "hold");
}

/** Which way a lane goes when the agent starts. */
export function directionOf(
  { name, direction }: LaneSection,
  store: Pick<Store, "directionOf">,
): LaneDirection {
  return direction === "reversible" ? (store.directionOf(name) ?? "entry") : direction;
}
