import type { BarrierAction } from "@parkme/shared/domain/lane";

/** Names of a barrier's relays on its board. `stop` is null where none is wired. */
export type BarrierRelays = { readonly open: string; readonly close: string; readonly stop: string | null };

/** How long a relay may be reported on after its pulse should have ended: a poll and a line's delay. */
const LINGER_MS = 1_500;
/** The part of a pulse in which a relay that pulls must have been seen to. */
const SURE_PART = 0.7;

type Pulse = {
  readonly id: string;
  readonly action: BarrierAction;
  readonly sentMs: number;
  readonly deadlineMs: number;
  readonly pulseMs: number;
  readonly doneMs: number | null;
  readonly seenOff: boolean;
};

/**
 * Compares what the relays of one barrier read back with what was commanded (safety invariant 5). Pure but for
 * what it remembers; times are monotonic milliseconds.
 */
export function createReadback(relays: BarrierRelays) {
  let pulse: Pulse | null = null;
  /** A coil that was told to pull and did not, until it is seen to. */
  let dead: BarrierAction | null = null;

  function mayBeOn(action: BarrierAction, nowMs: number): boolean {
    // The board may begin as late as the deadline.
    return pulse?.action === action && nowMs <= pulse.deadlineMs + pulse.pulseMs + LINGER_MS;
  }

  function notePulse(outputs: Readonly<Record<string, boolean>>, nowMs: number): void {
    if (pulse === null) return;
    const relay = relays[pulse.action];
    const level = relay === null ? undefined : outputs[relay];
    if (level === undefined) return;
    if (level) {
      if (dead === pulse.action) dead = null;
      pulse = { ...pulse, doneMs: null };
      return;
    }
    if (pulse.doneMs === null) return;
    if (nowMs <= pulse.sentMs + pulse.pulseMs * SURE_PART) pulse = { ...pulse, seenOff: true };
    else if (pulse.seenOff) {
      dead = pulse.action;
      pulse = { ...pulse, doneMs: null };
    }
  }

  return {
    sent: (
      command: { id: string; action: BarrierAction; pulseMs: number; deadlineMs: number },
      nowMs: number,
    ): void => {
      pulse = { ...command, sentMs: nowMs, doneMs: null, seenOff: false };
    },
    done: (id: string, nowMs: number): void => {
      if (pulse?.id === id) pulse = { ...pulse, doneMs: nowMs };
    },
    /** What is wrong, in words; null when nothing is. `outputs` null = the board cannot read back. */
    seen: (outputs: Readonly<Record<string, boolean>> | null, nowMs: number): string | null => {
      if (outputs === null) return null;
      notePulse(outputs, nowMs);
      const open = outputs[relays.open] === true;
      const close = outputs[relays.close] === true;
      if (open && close) return "the relays for OPEN and CLOSE are energised together";
      if (open && !mayBeOn("open", nowMs)) return "the relay for OPEN is energised without a command";
      if (close && !mayBeOn("close", nowMs)) return "the relay for CLOSE is energised without a command";
      return dead === null
        ? null
        : `the relay for ${dead.toUpperCase()} does not pull though its board says so`;
    },
  };
}
