import { gzipSync } from "node:zlib";
import type { CloudReach } from "../../../edge-agent/link-parts.ts";
import type { LiveLink, LiveLinkOptions } from "../../../edge-agent/sync/live-link.ts";
import type { Timers } from "../../../edge-agent/sync/nap.ts";
import type { LiveHint } from "@parkme/shared/protocol/downlink";
import type { Life, VirtualTime } from "../time/virtual-time.ts";

/**
 * When the line is up. `windows`: so long, every so often, and whenever somebody asks for it. `slow`: always, but whatever
 * the gate does by itself every few seconds it does so many times as seldom; what it is poked to do, it does at once.
 */
export type LinePlan =
  | { readonly kind: "windows"; readonly everyMs: number; readonly forMs: number }
  | { readonly kind: "slow"; readonly times: number };

export const WINDOWS: LinePlan = { kind: "windows", everyMs: 6 * 3_600_000, forMs: 8_000 };
export const SLOW: LinePlan = { kind: "slow", times: 60 };
/** As it is. */
export const AS_IT_IS: LinePlan = { kind: "slow", times: 1 };

/** Shorter pauses follow from something that happened. */
const BY_ITSELF_MS = 1_000;
const HINT_MS = 40;
/** States of the gate go up at most so often: each replaces the one before. */
const STATE_EVERY_MS = 900_000;

export type LineParts = {
  readonly time: VirtualTime;
  readonly plan: LinePlan;
  /** Nothing gets through now, whatever the plan says. */
  readonly isCut: () => boolean;
  readonly fetchOf: (life: Life) => typeof fetch;
  /** Takes a state of the gate to the cloud. */
  readonly takeState: (text: string) => void;
};

type Waiting = {
  readonly wantedMs: number;
  readonly life: Life;
  readonly work: () => void;
  cancel: () => void;
};

/**
 * The gate's line to the cloud as its programs have it. Where it is up in windows only, all that the link waits for falls
 * into the next one: between two of them nothing happens, and nothing is spent.
 */
export class Line {
  private plan: LinePlan;
  private openUntilMs = 0;
  private readonly parts: LineParts;
  private readonly waiting = new Set<Waiting>();
  private readonly live = new Set<VirtualLine>();

  constructor(parts: LineParts) {
    this.parts = parts;
    this.plan = parts.plan;
  }

  /** How a program reaches the cloud. */
  reach(life: Life): CloudReach {
    return {
      fetch: this.parts.fetchOf(life),
      timers: this.timersOf(life),
      // By another thread, it would be done at no moment of this time.
      compress: (text) => Promise.resolve(gzipSync(text, { level: 1 })),
      createLiveLink: (options) => {
        const line = new VirtualLine(this, life, options, this.parts);
        this.live.add(line);
        return line;
      },
    };
  }

  /**
   * Whether there is a live line. In the windows that come by themselves there is none: all that waits is asked for then,
   * and to look at the whole gate for a state that nobody sees costs more than all of that.
   */
  isLive(): boolean {
    return !this.parts.isCut() && (this.plan.kind === "slow" || this.parts.time.nowMs < this.openUntilMs);
  }

  /** Somebody has to do with the gate: the line is up for so long from now on. */
  open(forMs: number): void {
    const { nowMs } = this.parts.time;
    if (this.plan.kind === "slow" || this.openUntilMs >= nowMs + forMs) return;
    this.openUntilMs = nowMs + forMs;
    this.setAnew();
  }

  /** From now on it is up as this says. */
  follow(plan: LinePlan): void {
    this.plan = plan;
    this.setAnew();
  }

  /** The network, or the far end, is another than it was a moment ago. */
  changed(): void {
    for (const line of this.live) line.look();
  }

  /** The cloud has something for the gate. */
  hint(what: LiveHint["hint"]): void {
    for (const line of this.live) line.hint(what);
  }

  forget(line: VirtualLine): void {
    this.live.delete(line);
  }

  private timersOf(life: Life): Timers {
    const { time } = this.parts;
    return {
      after: (ms, work) => {
        const slower = this.plan.kind === "slow" && ms >= BY_ITSELF_MS ? this.plan.times : 1;
        const waiting: Waiting = {
          wantedMs: time.nowMs + Math.max(0, ms) * slower,
          life,
          work: () => {
            this.waiting.delete(waiting);
            work();
          },
          cancel: () => undefined,
        };
        this.waiting.add(waiting);
        this.set(waiting);
        return () => {
          this.waiting.delete(waiting);
          waiting.cancel();
        };
      },
    };
  }

  private set(waiting: Waiting): void {
    const { time } = this.parts;
    const atMs = this.upFrom(Math.max(time.nowMs, waiting.wantedMs));
    waiting.cancel = time.after(atMs - time.nowMs, waiting.work, { life: waiting.life });
  }

  /** What waits was set for another plan. */
  private setAnew(): void {
    for (const waiting of this.waiting) {
      waiting.cancel();
      if (waiting.life.alive) this.set(waiting);
      else this.waiting.delete(waiting);
    }
    this.changed();
  }

  /** The first moment from `ms` on at which the line is up. */
  private upFrom(ms: number): number {
    if (this.plan.kind === "slow" || ms < this.openUntilMs) return ms;
    const { everyMs, forMs } = this.plan;
    // The first window is at once: a gate that was just set up gets what it needs.
    const sinceMs = ms % everyMs;
    return sinceMs < forMs ? ms : ms - sinceMs + everyMs;
  }
}

/** In the place of a web socket: hints come down, states go up. */
class VirtualLine implements LiveLink {
  private isStarted = false;
  private wasUp = false;
  private downSinceMs: number;
  private stateMs = -Infinity;
  private readonly line: Line;
  private readonly life: Life;
  private readonly options: LiveLinkOptions;
  private readonly parts: LineParts;

  constructor(line: Line, life: Life, options: LiveLinkOptions, parts: LineParts) {
    [this.line, this.life, this.options, this.parts] = [line, life, options, parts];
    this.downSinceMs = parts.time.nowMs;
  }

  start = (): void => {
    this.isStarted = true;
    this.look();
  };

  connected = (): boolean => this.isStarted && this.life.alive && this.line.isLive();

  /** Only what is cut is down: between two windows nobody misses it. */
  downForMs = (): number => {
    this.look();
    return this.parts.isCut() ? this.parts.time.nowMs - this.downSinceMs : 0;
  };

  send = (text: string): boolean => {
    if (!this.connected()) return false;
    const { nowMs } = this.parts.time;
    if (nowMs - this.stateMs < STATE_EVERY_MS) return true;
    this.stateMs = nowMs;
    this.parts.takeState(text);
    return true;
  };

  stop = (): Promise<void> => {
    this.isStarted = false;
    this.line.forget(this);
    return Promise.resolve();
  };

  /** Whether it is open now, and was not before. */
  look(): void {
    if (!this.life.alive) return this.line.forget(this);
    const isUp = this.connected();
    if (isUp === this.wasUp) return;
    this.wasUp = isUp;
    if (!isUp) this.downSinceMs = this.parts.time.nowMs;
    else this.soon(() => this.options.opened());
  }

  hint(what: LiveHint["hint"]): void {
    if (this.connected()) this.soon(() => this.options.hint(what));
  }

  private soon(work: () => void): void {
    this.parts.time.after(HINT_MS, () => (this.connected() ? work() : undefined), { life: this.life });
  }
}
