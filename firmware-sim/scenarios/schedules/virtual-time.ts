import { setImmediate as turn } from "node:timers/promises";
import type { Timers } from "../../../edge-agent/sync/nap.ts";

/** A program that runs, until it is killed: then nothing of what it waits for ever comes. */
export type Life = { alive: boolean };

type Due = { readonly atMs: number; readonly work: () => void | Promise<void> };

/** Rounds of the event loop in which what a step began comes to rest: bodies in memory are read in one. */
const ROUNDS = 2;

/**
 * The only clock of a schedule. Nothing happens between two steps, and a step is over when all that it began waits for
 * another one: so the same seed is the same history, however busy the machine is.
 */
export class VirtualTime {
  nowMs = 0;
  private readonly queue: Due[] = [];

  /** @returns what cancels it. */
  after(ms: number, work: Due["work"]): () => void {
    const due = { atMs: this.nowMs + Math.max(0, ms), work };
    let at = this.queue.length;
    // Of what is due at one moment, what was asked for first comes first.
    while (at > 0 && (this.queue[at - 1]?.atMs ?? 0) > due.atMs) at -= 1;
    this.queue.splice(at, 0, due);
    return () => {
      const index = this.queue.indexOf(due);
      if (index !== -1) this.queue.splice(index, 1);
    };
  }

  /** The timers of one program. */
  timersOf(life: Life): Timers {
    return { after: (ms, work) => this.after(ms, () => (life.alive ? work() : undefined)) };
  }

  /** Jumps to what is due next, and does it. @returns false when nothing ever is. */
  async step(): Promise<boolean> {
    const due = this.queue.shift();
    if (due === undefined) return false;
    this.nowMs = due.atMs;
    await due.work();
    for (let round = 0; round < ROUNDS; round += 1) await turn();
    return true;
  }
}
