import type { SensorInput } from "@parkme/shared/domain/lane";
import type { FaultKind } from "../schedule.ts";
import type { Listeners } from "./listeners.ts";

/** Something that was broken on purpose, or a program that did not run. */
export type TroubleKind = FaultKind | "agent_down" | "sensor_lies";
export type Trouble = {
  readonly kind: TroubleKind;
  /** Empty = the whole site. */
  readonly lane: string;
  /** Of a sensor that lies: which. */
  readonly input: SensorInput | null;
  readonly fromMs: number;
  /** Infinity while it lasts. */
  untilMs: number;
};

/** Detectors that say other things than what is there. */
const LOOP_FAULTS: readonly TroubleKind[] = ["loop_stuck_on", "loop_stuck_off", "loop_flickers"];
const LOOPS: readonly SensorInput[] = ["arming", "safety", "closing"];

/** The troubles of a history, by their times: what excuses what is each rule's own to say. */
export class Troubles {
  private readonly all: Trouble[] = [];
  private readonly open = new Map<string, Trouble>();
  /** Lanes whose device tells which of its inputs lie; of others, all loops are taken to. */
  private readonly toldOf = new Set<string>();

  readonly listeners: Listeners = {
    fault: ({ id, fault, on, target, atMs }) => this.set(`fault ${id}`, fault, target, null, on, atMs),
    sensor: ({ lane, input, says, atMs }) => {
      this.toldOf.add(lane);
      this.set(`${lane} ${input}`, "sensor_lies", lane, input, says !== "what is there", atMs);
    },
    agent: ({ what, atMs }) => this.set("agent", "agent_down", "", null, what !== "started", atMs),
  };

  private set(
    key: string,
    kind: TroubleKind,
    lane: string,
    input: SensorInput | null,
    on: boolean,
    atMs: number,
  ): void {
    const open = this.open.get(key);
    if (on === (open !== undefined)) return;
    if (open !== undefined) {
      open.untilMs = atMs;
      this.open.delete(key);
      return;
    }
    const begun: Trouble = { kind, lane, input, fromMs: atMs, untilMs: Infinity };
    this.open.set(key, begun);
    this.all.push(begun);
  }

  /** One of these kinds that was at this lane, or everywhere, at some time between. */
  find(lane: string, kinds: ReadonlySet<TroubleKind>, fromMs: number, toMs: number): Trouble | null {
    for (let i = this.all.length - 1; i >= 0; i -= 1) {
      const one = this.all[i];
      if (one === undefined || one.fromMs > toMs || one.untilMs < fromMs) continue;
      if ((one.lane === "" || one.lane === lane) && kinds.has(one.kind)) return one;
    }
    return null;
  }

  /** One of these kinds began or ended between: with clocks, that is when they are set. */
  changed(kinds: ReadonlySet<TroubleKind>, fromMs: number, toMs: number): boolean {
    const isBetween = (atMs: number): boolean => atMs >= fromMs && atMs <= toMs;
    return this.all.some((one) => kinds.has(one.kind) && (isBetween(one.fromMs) || isBetween(one.untilMs)));
  }

  /** For how long between any of these kinds was at this lane, or everywhere, ms. */
  lastedMs(lane: string, kinds: ReadonlySet<TroubleKind>, fromMs: number, toMs: number): number {
    let [sum, untilMs] = [0, fromMs];
    // They are in the order in which they began.
    for (const one of this.all) {
      if ((one.lane !== "" && one.lane !== lane) || !kinds.has(one.kind)) continue;
      const [begunMs, endMs] = [Math.max(one.fromMs, untilMs), Math.min(one.untilMs, toMs)];
      if (endMs <= begunMs) continue;
      sum += endMs - begunMs;
      untilMs = endMs;
    }
    return sum;
  }

  /** Of these kinds, wherever and whenever. */
  ever(kinds: ReadonlySet<TroubleKind>): boolean {
    return this.all.some(({ kind }) => kinds.has(kind));
  }

  list(): readonly Trouble[] {
    return this.all;
  }

  /** Inputs of a lane that may say other things than what is there. */
  liars(lane: string, fromMs: number, toMs: number): ReadonlySet<SensorInput> {
    const liars = new Set<SensorInput>();
    for (const one of this.all) {
      if (one.lane !== lane || one.fromMs > toMs || one.untilMs < fromMs) continue;
      if (one.input !== null) liars.add(one.input);
      else if (LOOP_FAULTS.includes(one.kind) && !this.toldOf.has(lane))
        LOOPS.forEach((loop) => liars.add(loop));
    }
    return liars;
  }
}
