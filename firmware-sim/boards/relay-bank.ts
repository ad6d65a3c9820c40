import type { BarrierAction } from "@parkme/shared/domain/lane";

export type BarrierRelays = { readonly [Action in BarrierAction]: string };

export type RelayBankOptions = {
  /** Relay names of barrier 1, 2, ... */
  readonly barriers: readonly BarrierRelays[];
  /** Relays that drive no barrier. */
  readonly spareRelays?: readonly string[];
  /** No pulse is longer, whatever a command says. */
  readonly maxPulseMs?: number;
};

/** Relays with timed pulses. Those of one barrier exclude one another, and break before they make. */
export type RelayBank = {
  /** Energises a relay for this long; a pulse while one runs restarts its time. */
  readonly pulse: (relay: string, pulseMs: number) => void;
  /** Switches a relay until further notice. */
  readonly latch: (relay: string, on: boolean) => void;
  readonly releaseAll: () => void;
  readonly levels: () => Record<string, boolean>;
};

const MAX_PULSE_MS = 2_000;

/** `onChange` hears of every contact that moves, in the order in which they move. */
export function createRelayBank(
  options: RelayBankOptions,
  onChange: (relay: string, on: boolean) => void,
): RelayBank {
  const levels = new Map<string, boolean>();
  const releases = new Map<string, NodeJS.Timeout>();
  const barriers = options.barriers.map((relays) => Object.values(relays));
  for (const name of [...barriers.flat(), ...(options.spareRelays ?? [])]) levels.set(name, false);

  function set(relay: string, on: boolean): void {
    const before = levels.get(relay);
    if (before === undefined) throw new RangeError(`no relay ${relay}`);
    clearTimeout(releases.get(relay));
    releases.delete(relay);
    if (before === on) return;
    levels.set(relay, on);
    onChange(relay, on);
  }

  function energise(relay: string): void {
    const rivals = barriers.filter((relays) => relays.includes(relay)).flat();
    // Break before make: a motor fed both ways burns.
    for (const rival of rivals) if (rival !== relay) set(rival, false);
    set(relay, true);
  }

  return {
    pulse(relay, pulseMs) {
      energise(relay);
      const lengthMs = Math.min(pulseMs, options.maxPulseMs ?? MAX_PULSE_MS);
      releases.set(
        relay,
        setTimeout(() => set(relay, false), lengthMs),
      );
    },
    latch(relay, on) {
      if (on) energise(relay);
      else set(relay, false);
    },
    releaseAll() {
      for (const relay of levels.keys()) set(relay, false);
    },
    levels: () => Object.fromEntries(levels),
  };
}
