import { randomUUID } from "node:crypto";
import type { BarrierAction } from "@parkme/shared/domain/lane";

export type BarrierRelays = { readonly [Action in BarrierAction]: string };

export type GateBoardOptions = {
  readonly inputs: readonly string[];
  /** Relay names of barrier 1, 2, ... */
  readonly barriers: readonly BarrierRelays[];
  /** Relays that drive no barrier. */
  readonly spareRelays?: readonly string[];
  /** No pulse is longer, whatever a command says. */
  readonly maxPulseMs?: number;
  /** Wires a barrier's relay to its arm. */
  readonly onBarrierRelay?: BarrierWire;
};

export type BarrierWire = (barrier: number, action: BarrierAction, on: boolean) => void;
export type BoardChange = { readonly kind: "input" | "relay"; readonly name: string; readonly on: boolean };

/**
 * The firmware that every transport shares: inputs with edge counters, relays with timed pulses. Its rules are
 * those of real firmware: the relays of one barrier exclude one another and break before they make; a pulse
 * ends by itself; when the board stops or reboots every relay falls off.
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
  /** The process ends, its relays fall off. */
  readonly stop: () => void;
};

const MAX_PULSE_MS = 2_000;

export function createGateBoard(
  options: GateBoardOptions,
  onChange: (change: BoardChange) => void = () => {},
): GateBoard {
  const contacts = new Map(options.inputs.map((name) => [name, false]));
  const stuck = new Map<string, boolean>();
  const edges = new Map(options.inputs.map((name) => [name, 0]));
  const relays = new Map<string, boolean>();
  const releases = new Map<string, NodeJS.Timeout>();
  for (const { open, close, stop } of options.barriers)
    for (const name of [open, close, stop]) relays.set(name, false);
  for (const name of options.spareRelays ?? []) relays.set(name, false);
  let boot = randomUUID();
  let bootedMs = performance.now();
  let stopped = false;

  function level(input: string): boolean {
    const contact = contacts.get(input);
    if (contact === undefined) throw new RangeError(`no input ${input}`);
    return stuck.get(input) ?? contact;
  }

  function changeInput(name: string, change: () => void): void {
    const before = level(name);
    change();
    const on = level(name);
    if (on === before) return;
    if (on) edges.set(name, (edges.get(name) ?? 0) + 1);
    onChange({ kind: "input", name, on });
  }

  function setRelay(name: string, on: boolean): void {
    const before = relays.get(name);
    if (before === undefined) throw new RangeError(`no relay ${name}`);
    clearTimeout(releases.get(name));
    releases.delete(name);
    if (before === on) return;
    relays.set(name, on);
    options.barriers.forEach((barrier, index) => {
      for (const action of ["open", "close", "stop"] as const) {
        if (barrier[action] === name) options.onBarrierRelay?.(index + 1, action, on);
      }
    });
    onChange({ kind: "relay", name, on });
  }

  function energise(name: string): void {
    if (stopped) return;
    const rivals = options.barriers.flatMap((barrier) =>
      Object.values(barrier).includes(name) ? Object.values(barrier) : [],
    );
    // Break before make: a motor fed both ways burns.
    for (const rival of rivals) if (rival !== name) setRelay(rival, false);
    setRelay(name, true);
  }

  function releaseAll(): void {
    for (const name of relays.keys()) setRelay(name, false);
  }

  return {
    setInput: (name, on) => changeInput(name, () => contacts.set(name, on)),
    stickInput: (name, value) =>
      changeInput(name, () => (value === null ? stuck.delete(name) : stuck.set(name, value))),
    pulse(relay, pulseMs) {
      energise(relay);
      const lengthMs = Math.min(pulseMs, options.maxPulseMs ?? MAX_PULSE_MS);
      if (relays.get(relay) === true)
        releases.set(
          relay,
          setTimeout(() => setRelay(relay, false), lengthMs),
        );
    },
    latch(relay, on) {
      if (on) energise(relay);
      else setRelay(relay, false);
    },
    barrier: (number) => options.barriers[number - 1],
    inputs: () => Object.fromEntries(options.inputs.map((name) => [name, level(name)])),
    edges: () => Object.fromEntries(edges),
    relays: () => Object.fromEntries(relays),
    boot: () => boot,
    uptimeMs: () => Math.floor(performance.now() - bootedMs),
    reboot() {
      releaseAll();
      for (const name of edges.keys()) edges.set(name, 0);
      boot = randomUUID();
      bootedMs = performance.now();
    },
    stop() {
      releaseAll();
      stopped = true;
    },
  };
}
