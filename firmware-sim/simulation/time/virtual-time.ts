import { setImmediate as turn } from "node:timers/promises";
import type { Timers } from "../../../edge-agent/sync/nap.ts";

/** A program that runs, until it is killed: then nothing of what it waits for ever comes. */
export type Life = {
  alive: boolean;
  /** Waits for what its steps began outside of this process: work of a database. */
  readonly idle?: () => Promise<void>;
};

/** @returns false when it began nothing that a step would have to wait for. */
type Work = () => void | boolean | Promise<void>;
type Due = {
  readonly atMs: number;
  readonly work: Work;
  /** Whose it is; null = the world's, which is never killed. */
  readonly life: Life | null;
  isOver: boolean;
};

/** Rounds of the event loop in which what a step began comes to rest: bodies in memory are read in one. */
const ROUNDS = 2;

/**
 * The only clock of a simulation. Nothing happens between two steps, and a step is over when all that it began waits for
 * another one: so the same seed is the same history, however busy the machine is.
 */
export class VirtualTime {
  nowMs = 0;
  /** How many steps there were. */
  steps = 0;
  /** Whose step this is: what it begins is its own, and ends with it. */
  life: Life | null = null;
  private readonly queue: Due[] = [];

  /** @returns what cancels it. */
  after(ms: number, work: Work, { life = this.life }: { readonly life?: Life | null } = {}): () => void {
    // NaN and negative delays are what they are to real timers: now. A clock shows whole milliseconds.
    const due: Due = { atMs: this.nowMs + (ms > 0 ? Math.ceil(ms) : 0), work, life, isOver: false };
    let at = this.queue.length;
    // Of what is due at one moment, what was asked for first comes first.
    while (at > 0 && (this.queue[at - 1]?.atMs ?? 0) > due.atMs) at -= 1;
    this.queue.splice(at, 0, due);
    return (): void => {
      if (due.isOver) return;
      due.isOver = true;
      const index = this.queue.indexOf(due);
      if (index !== -1) this.queue.splice(index, 1);
    };
  }

  /** The timers of one program. */
  timersOf(life: Life): Timers {
    return { after: (ms, work) => this.after(ms, work, { life }) };
  }

  /** Does something as a program does it: whatever it begins is that program's. */
  within<T>(life: Life | null, work: () => T): T {
    const before = this.life;
    this.life = life;
    try {
      return work();
    } finally {
      this.life = before;
    }
  }

  /** As {@link within}, for work that takes several turns of the event loop: nothing else happens until it is done. */
  async during<T>(life: Life | null, work: () => Promise<T>): Promise<T> {
    const before = this.life;
    this.life = life;
    try {
      return await work();
    } finally {
      this.life = before;
    }
  }

  /** When something is due next, in milliseconds of this clock; Infinity when nothing ever is. */
  nextMs(): number {
    return this.queue[0]?.atMs ?? Infinity;
  }

  /** Jumps to what is due next, and does it. @returns false when nothing ever is. */
  async step(): Promise<boolean> {
    const due = this.queue.shift();
    if (due === undefined) return false;
    due.isOver = true;
    this.nowMs = due.atMs;
    if (due.life !== null && !due.life.alive) return true;
    this.steps += 1;
    this.life = due.life;
    try {
      await this.perform(due);
    } catch (error) {
      // A program that dies in the middle of a step goes no further: whatever it threw on the way is nobody's.
      if (due.life?.alive !== false) throw error;
    } finally {
      this.life = null;
    }
    return true;
  }

  private async perform({ work, life }: Due): Promise<void> {
    const working = work();
    if (working === false) return;
    if (typeof working === "object") await working;
    await this.settle();
    if (life?.idle !== undefined) await life.idle();
  }

  /** Does at once what a program would do by itself within so long: its last words before it serves somebody else. */
  async finish(life: Life, withinMs: number): Promise<void> {
    const isLast = (due: Due): boolean => due.life === life && due.atMs <= this.nowMs + withinMs;
    for (let at = this.queue.findIndex(isLast); at !== -1; at = this.queue.findIndex(isLast)) {
      const [due] = this.queue.splice(at, 1);
      if (due === undefined || due.isOver) continue;
      due.isOver = true;
      await this.during(life, async () => {
        await due.work();
        await this.settle();
        await life.idle?.();
      });
    }
  }

  /** Until all that was begun waits for a later step. */
  async settle(): Promise<void> {
    for (let round = 0; round < ROUNDS; round += 1) await turn();
  }
}
