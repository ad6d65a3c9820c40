import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { windowSchema, logRefusalSchema } from "@parkme/shared/protocol/log";
import { ADMISSION_LIMITS, answerAt, EMPTY, smoothed, windowAt, type Crowd } from "./admission.ts";

const LIMITS = ADMISSION_LIMITS;
const FULL: Crowd = { ...EMPTY, running: LIMITS.running, waiting: LIMITS.waiting };

describe("answerAt", () => {
  it("lets in while there is room, has some wait, and sends the others away", () => {
    expect(answerAt(EMPTY, LIMITS, 0, 0)).toEqual({ kind: "run" });
    expect(answerAt({ ...EMPTY, running: LIMITS.running }, LIMITS, 0, 0)).toEqual({ kind: "wait" });
    expect(answerAt({ ...EMPTY, running: 1, waiting: 1 }, LIMITS, 0, 0)).toEqual({ kind: "wait" });
    expect(answerAt(FULL, LIMITS, 0, 0).kind).toBe("busy");
  });

  it("gives each who is sent away a later time than the one before, within what the protocol allows", () => {
    const anything = fc.record({
      serviceMs: fc.double({ min: 0, max: 1e7, noNaN: true }),
      lineMs: fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      random: fc.double({ min: 0, max: 0.999, noNaN: true }),
    });
    fc.assert(
      fc.property(anything, ({ serviceMs, lineMs, random }) => {
        const answer = answerAt({ ...FULL, serviceMs, lineMs }, LIMITS, 0, random);
        if (answer.kind !== "busy") throw new Error("it was let in");
        expect(answer.lineMs).toBeGreaterThanOrEqual(lineMs);
        const refusal = { code: "busy", retry_after_ms: answer.retryAfterMs };
        expect(logRefusalSchema.safeParse(refusal).success).toBe(true);
      }),
    );
  });
});

describe("windowAt", () => {
  it("grants less, and later, the more others there are", () => {
    const window = (crowd: Partial<Crowd>, nowMs: number, hasMore = true) =>
      windowAt({ ...EMPTY, ...crowd }, LIMITS, nowMs, hasMore).window;
    expect(window({}, 5)).toEqual({ events: 500, pause_ms: 0 });
    expect(window({ waiting: 20 }, 5)).toEqual({ events: 250, pause_ms: 0 });
    const [one, next] = [window({ lineMs: 900 }, 500), window({ lineMs: 1_900 }, 500)];
    expect([one.events, next.events]).toEqual([250, 250]);
    expect(one.pause_ms).toBeGreaterThan(400);
    expect(next.pause_ms).toBeGreaterThan(one.pause_ms);
    expect(windowSchema.safeParse(window({ lineMs: 1e12 }, 0)).success).toBe(true);
  });

  it("keeps no place in the line for an edge that has nothing more", () => {
    const crowd = { ...FULL, lineMs: 900 };
    expect(windowAt(crowd, LIMITS, 500, false).lineMs).toBe(900);
    expect(windowAt(crowd, LIMITS, 500, true).lineMs).toBeGreaterThan(900);
  });
});

type Edge = { left: number; refused: number; worst: number };

/** A crowd of edges with a backlog each, played through: everybody comes at once. */
function simulate(count: number, batches: number, serviceMs: number) {
  let seed = 7;
  const random = () => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
  const edges = Array.from({ length: count }, (): Edge => ({ left: batches, refused: 0, worst: 0 }));
  const events: { at: number; edge: Edge; done: boolean }[] = edges.map((edge) => ({
    at: random() * 50,
    edge,
    done: false,
  }));
  const waiting: Edge[] = [];
  let [running, busyMs, last, crowd] = [0, 0, 0, EMPTY];
  const look = (): Crowd => ({ ...crowd, running, waiting: waiting.length });
  const begin = (edge: Edge, at: number): void => {
    const took = serviceMs * (0.5 + random());
    running += 1;
    busyMs += took;
    events.push({ at: at + took, edge, done: true });
    crowd = { ...crowd, serviceMs: smoothed(crowd.serviceMs, took) };
  };
  while (events.length > 0) {
    events.sort((one, other) => other.at - one.at);
    const { at, edge, done } = events.pop()!;
    last = at;
    if (done) {
      running -= 1;
      edge.left -= 1;
      edge.worst = Math.max(edge.worst, edge.refused);
      edge.refused = 0;
      const { window, lineMs } = windowAt(look(), LIMITS, at, edge.left > 0);
      crowd = { ...crowd, lineMs };
      if (edge.left > 0) events.push({ at: at + 5 + window.pause_ms, edge, done: false });
      const next = waiting.shift();
      if (next !== undefined) begin(next, at);
      continue;
    }
    const answer = answerAt(look(), LIMITS, at, random());
    if (answer.kind === "run") begin(edge, at);
    else if (answer.kind === "wait") waiting.push(edge);
    else {
      crowd = { ...crowd, lineMs: answer.lineMs };
      edge.refused += 1;
      events.push({ at: at + answer.retryAfterMs, edge, done: false });
    }
  }
  const rounds = Math.max(...edges.map(({ worst }) => worst));
  return {
    served: edges.filter(({ left }) => left === 0).length,
    rounds,
    busy: busyMs / LIMITS.running / last,
  };
}

describe("a crowd that comes back at once", () => {
  it.each([
    [1_000, 5, 20],
    [1_000, 20, 50],
    [50, 100, 20],
    [40, 100, 20],
    [5_000, 1, 20],
  ])("of %i edges with %i batches each is served, nobody sent away often", (count, batches, serviceMs) => {
    const { served, rounds, busy } = simulate(count, batches, serviceMs);
    expect(served).toBe(count);
    expect(rounds).toBeLessThanOrEqual(4);
    // And the places inside are hardly ever empty meanwhile.
    expect(busy).toBeGreaterThan(0.85);
  });
});
