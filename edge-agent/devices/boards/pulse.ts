import type { CommandOutcome, RelayCommand } from "../ports.ts";

/** What became of one write to one relay. `done` = the board says the relay is so. */
export type Switched = { readonly outcome: CommandOutcome; readonly detail: string };

export type PulseOptions = {
  /** Energises a relay; not sent after `deadlineMs` (monotonic). Never rejects. */
  readonly on: (relay: string, command: RelayCommand) => Promise<Switched>;
  /** Lets go of a relay. Resolves in bounded time, never rejects. */
  readonly off: (relay: string) => Promise<Switched>;
  /** True = the board ends a pulse itself; false = it must be told to, and is told until it says that it did. */
  readonly endsItself: boolean;
  /** A relay could not be let go of, several times in a row; told once, until none is overdue any more. */
  readonly onOverdue: (relay: string, detail: string) => void;
};

/**
 * Pulses on plain relays: break before make, one outcome for each command, and an end to every pulse. A newer command
 * that names a relay overtakes an older one that has not energised it yet.
 */
export type RelayPulses = {
  /** Resolves with the command's outcome when the relay is energised, not when its pulse has ended. */
  readonly run: (command: RelayCommand) => Promise<Switched>;
  /** The link is gone: nothing is sent to it any more, but what may be energised is remembered. */
  readonly lost: () => void;
  /** The link is there (again): ends the pulses it still owes an end, and these relays, which the board reads as on. */
  readonly found: (on: readonly string[]) => void;
  /** Relays that should be off by now and are not known to be. */
  readonly overdue: () => readonly string[];
  /** Ends what runs, with one try for each relay. */
  readonly stop: () => Promise<void>;
};

const RETRY_MS = 100;
/** One lost answer is no news: the next try is due before anybody could act on it. */
const TRIES_BEFORE_COMPLAINT = 3;

export function createRelayPulses(options: PulseOptions): RelayPulses {
  return new Pulses(options);
}

/** A relay that may be energised. */
type Energised = {
  /** What ends its pulse, or tries again to. */
  timer: NodeJS.Timeout | undefined;
  failures: number;
  overdue: boolean;
};

class Pulses implements RelayPulses {
  readonly #options: PulseOptions;
  readonly #energised = new Map<string, Energised>();
  /** The newest command that named each relay. */
  readonly #newest = new Map<string, RelayCommand>();
  #linked = true;
  #complained = false;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  async run(command: RelayCommand): Promise<Switched> {
    const { relay, release } = command;
    for (const name of relay === null ? release : [relay, ...release]) this.#newest.set(name, command);
    let worst: Switched = { outcome: "done", detail: "let go" };
    for (const other of release) {
      const off = await this.#letGo(other);
      if (off.outcome !== "done") worst = { outcome: off.outcome, detail: `${other} off: ${off.detail}` };
    }
    if (relay === null) return worst;
    if (worst.outcome !== "done") return { outcome: "refused", detail: `not sent, as ${worst.detail}` };
    if (this.#newest.get(relay) !== command) {
      return { outcome: "refused", detail: "overtaken by a newer command" };
    }
    return this.#energise(relay, command);
  }

  lost(): void {
    this.#linked = false;
    for (const energised of this.#energised.values()) {
      clearTimeout(energised.timer);
      // Whenever its pulse was to end: that time will be over when the link is back.
      energised.overdue = true;
    }
  }

  found(on: readonly string[]): void {
    this.#linked = true;
    if (this.#options.endsItself) return;
    for (const relay of on) this.#remember(relay).overdue = true;
    for (const relay of this.overdue()) void this.#letGo(relay);
  }

  overdue(): readonly string[] {
    return [...this.#energised].filter(([, { overdue }]) => overdue).map(([relay]) => relay);
  }

  async stop(): Promise<void> {
    this.#linked = false;
    const relays = [...this.#energised.keys()];
    for (const { timer } of this.#energised.values()) clearTimeout(timer);
    await Promise.all(relays.map((relay) => this.#options.off(relay)));
  }

  async #energise(relay: string, command: RelayCommand): Promise<Switched> {
    if (this.#options.endsItself) return this.#options.on(relay, command);
    const wasOn = this.#energised.has(relay);
    // Before the answer: a link that dies meanwhile may leave the relay energised.
    const energised = this.#remember(relay);
    const on = await this.#options.on(relay, command);
    // Let go of meanwhile, or energised anew, by a newer command.
    if (this.#energised.get(relay) !== energised) return on;
    if (on.outcome === "refused" && !wasOn) this.#forget(relay, energised);
    else if (!this.#linked) energised.overdue = true;
    // Without an answer it may have pulled in, and the wait for it was pulse enough.
    else this.#endLater(relay, energised, on.outcome === "silent" ? 0 : command.pulseMs);
    return on;
  }

  /** A fresh entry for a relay: what was to happen to it before does not any more. */
  #remember(relay: string): Energised {
    clearTimeout(this.#energised.get(relay)?.timer);
    const energised: Energised = { timer: undefined, failures: 0, overdue: false };
    this.#energised.set(relay, energised);
    return energised;
  }

  #forget(relay: string, energised: Energised): void {
    clearTimeout(energised.timer);
    if (this.#energised.get(relay) === energised) this.#energised.delete(relay);
    if (this.overdue().length === 0) this.#complained = false;
  }

  #endLater(relay: string, energised: Energised, ms: number): void {
    clearTimeout(energised.timer);
    energised.timer = setTimeout(() => void this.#letGo(relay), ms);
  }

  /** One try; when it fails, more follow by themselves while the link lasts. */
  async #letGo(relay: string): Promise<Switched> {
    const energised = this.#energised.get(relay);
    clearTimeout(energised?.timer);
    const off = await this.#options.off(relay);
    if (this.#options.endsItself) return off;
    // Energised anew meanwhile: that pulse has an end of its own.
    if (energised !== this.#energised.get(relay)) return off;
    if (off.outcome === "done") {
      if (energised !== undefined) this.#forget(relay, energised);
      return off;
    }
    const owed = energised ?? this.#remember(relay);
    owed.failures += 1;
    if (owed.failures >= TRIES_BEFORE_COMPLAINT) this.#complain(relay, owed, off.detail);
    if (this.#linked) this.#endLater(relay, owed, RETRY_MS);
    return off;
  }

  #complain(relay: string, energised: Energised, detail: string): void {
    energised.overdue = true;
    if (!this.#complained) this.#options.onOverdue(relay, detail);
    this.#complained = true;
  }
}
