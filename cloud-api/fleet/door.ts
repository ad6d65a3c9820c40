import type { Clock } from "@parkme/shared/domain/clock";
import type { Window } from "@parkme/shared/protocol/log";
import { answerAt, EMPTY, smoothed, windowAt, type AdmissionLimits, type Crowd } from "./admission.ts";

/** Lets batches in by the rules of admission.ts: those of one edge one after another, those of several at a time. */
export type Door = {
  /** @returns what the work came to, or after how many milliseconds to come again. */
  readonly pass: <T>(edgeId: string, work: () => Promise<T>) => Promise<Passed<T>>;
  /** What an edge's next batch is granted. @param hasMore lines wait behind the batch that it sent. */
  readonly window: (hasMore: boolean) => Window;
};

export type Passed<T> =
  { readonly kind: "done"; readonly result: T } | { readonly kind: "busy"; readonly retryAfterMs: number };

export type DoorDeps = {
  readonly clock: Pick<Clock, "monotonicMs">;
  /** 0 to below 1. */
  readonly random: () => number;
};

/** Who waits to be let in. */
type Waiting = { readonly edgeId: string; readonly letIn: () => void };

export function createDoor(limits: AdmissionLimits, { clock, random }: DoorDeps): Door {
  const running = new Set<string>();
  let waiting: readonly Waiting[] = [];
  let { serviceMs, lineMs } = EMPTY;
  const crowd = (): Crowd => ({ running: running.size, waiting: waiting.length, serviceMs, lineMs });

  /** The first who may: of an edge that has a batch inside, the next one waits. */
  function letNextIn(): void {
    if (running.size >= limits.running) return;
    const next = waiting.find(({ edgeId }) => !running.has(edgeId));
    if (next === undefined) return;
    waiting = waiting.filter((one) => one !== next);
    running.add(next.edgeId);
    next.letIn();
  }

  /** @returns null = in. */
  async function enter(edgeId: string): Promise<number | null> {
    const nowMs = clock.monotonicMs();
    // An edge sends its batches one after another: one that comes beside the last may wait, not a third.
    const crowded = waiting.some((one) => one.edgeId === edgeId);
    const answer = answerAt(
      crowded ? { ...crowd(), waiting: limits.waiting } : crowd(),
      limits,
      nowMs,
      random(),
    );
    if (answer.kind === "busy") {
      if (!crowded) ({ lineMs } = answer);
      return answer.retryAfterMs;
    }
    await new Promise<void>((letIn) => {
      waiting = [...waiting, { edgeId, letIn }];
      letNextIn();
    });
    return null;
  }

  return {
    async pass(edgeId, work) {
      const retryAfterMs = await enter(edgeId);
      if (retryAfterMs !== null) return { kind: "busy", retryAfterMs };
      const startedMs = clock.monotonicMs();
      try {
        return { kind: "done", result: await work() };
      } finally {
        serviceMs = smoothed(serviceMs, clock.monotonicMs() - startedMs);
        running.delete(edgeId);
        letNextIn();
      }
    },
    window(hasMore) {
      const granted = windowAt(crowd(), limits, clock.monotonicMs(), hasMore);
      ({ lineMs } = granted);
      return granted.window;
    },
  };
}
