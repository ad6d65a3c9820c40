import { randomUUID } from "node:crypto";
import type { BarrierAction } from "@parkme/shared/domain/lane";
import { createInputBank } from "./input-bank.ts";
import { createRelayBank, type BarrierRelays, type RelayBankOptions } from "./relay-bank.ts";

export type GateBoardOptions = RelayBankOptions & {
  readonly inputs: readonly string[];
  /** Wires the barriers' relays to their arms. */
  readonly onBarrierRelay?: BarrierWire | undefined;
};

/** `number` is the barrier's on its board, from 1. */
export type BarrierWire = (number: number, action: BarrierAction, on: boolean) => void;
export type BoardChange = { readonly kind: "input" | "relay"; readonly name: string; readonly on: boolean };

/**
 * The firmware that every transport shares. Its rules are those of real firmware: the relays of one barrier
 * exclude one another and break before they make; a pulse ends by itself; when the board stops or reboots,
 * every relay falls off.
 */
export type GateBoard = {
  /** The level of an input's contact; throws on a name that the board does not have. */
  readonly setInput: (name: string, on: boolean) => void;
  /** Fault: the input says this level whatever its contact does; null lets it follow again. */
  readonly stickInput: (name: string, level: boolean | null) => void;
  /** Energises a relay for this long; a pulse while one runs restarts its time. */
  readonly pulse: (relay: string, pulseMs: number) => void;
  /** Switches a relay until further notice. */
  readonly latch: (relay: string, on: boolean) => void;
  /** The relays of a barrier, or undefined when the board has no such barrier. */
  readonly barrier: (number: number) => BarrierRelays | undefined;
  readonly inputs: () => Record<string, boolean>;
  /** Rising edges of each input since the boot. */
  readonly edges: () => Record<string, number>;
  readonly relays: () => Record<string, boolean>;
  readonly boot: () => string;
  readonly uptimeMs: () => number;
  /** Power off and on: relays fall off, counters restart, the boot gets a new name. */
  readonly reboot: () => void;
  /** The process ends: its relays fall off, and nothing energises them again. */
  readonly stop: () => void;
};

/** `onChange` hears of every input and relay that changes, after the arm has. */
export function createGateBoard(
  options: GateBoardOptions,
  onChange: (change: BoardChange) => void = () => {},
): GateBoard {
  let boot = randomUUID();
  let bootedMs = performance.now();
  let stopped = false;
  const inputs = createInputBank(options.inputs, (name, on) => onChange({ kind: "input", name, on }));
  const relays = createRelayBank(options, (name, on) => {
    moveArm(name, on);
    onChange({ kind: "relay", name, on });
  });

  function moveArm(relay: string, on: boolean): void {
    options.barriers.forEach((barrier, index) => {
      for (const action of ["open", "close", "stop"] as const) {
        if (barrier[action] === relay) options.onBarrierRelay?.(index + 1, action, on);
      }
    });
  }

  return {
    setInput: inputs.set,
    stickInput: inputs.stick,
    pulse(relay, pulseMs) {
      if (!stopped) relays.pulse(relay, pulseMs);
    },
    latch(relay, on) {
      if (!stopped) relays.latch(relay, on);
    },
    barrier: (number) => options.barriers[number - 1],
    inputs: inputs.levels,
    edges: inputs.edges,
    relays: relays.levels,
    boot: () => boot,
    uptimeMs: () => Math.floor(performance.now() - bootedMs),
    reboot() {
      relays.releaseAll();
      inputs.resetEdges();
      boot = randomUUID();
      bootedMs = performance.now();
    },
    stop() {
      relays.releaseAll();
      stopped = true;
    },
  };
}
