import type { StayInHand } from "@parkme/shared/domain/gate-record";
import type { AttemptStatus } from "@parkme/shared/domain/stay";
import { createBench, type Bench, type BenchOptions } from "./lane-bench.ts";
import { arrive, ready } from "./vehicle.ts";

/** An exit, and what came of all that happened there. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;

/** The board has answered, the arm is closed and nobody is there. */
export function exit(options: BenchOptions = {}): Bench {
  const bench = createBench({ direction: "exit", ...options });
  ready(bench);
  return bench;
}

/** An exit with one vehicle inside that owes five euros, standing at the arm. */
export function owing(options: BenchOptions = {}): { readonly bench: Bench; readonly stay: StayInHand } {
  const bench = exit(options);
  const stay = bench.parked("BAB1234", 2 * HOUR_MS);
  arrive(bench, "BAB1234");
  return { bench, stay };
}

/** As {@link owing}, where a terminal is asked for the money. */
export function owingByCard(options: BenchOptions = {}): {
  readonly bench: Bench;
  readonly stay: StayInHand;
} {
  return owing({ ...options, lane: { terminal: true, ...options.lane } });
}

/** What was ordered of devices, in order. */
export function orders(bench: Bench): string[] {
  return bench.orders().map((order) => (order.kind === "indicate" ? order.signal : order.kind));
}

/** The steps of all card payments, in order. */
export function attempts(bench: Bench): AttemptStatus[] {
  return bench.records("attempt").map(({ status }) => status);
}
