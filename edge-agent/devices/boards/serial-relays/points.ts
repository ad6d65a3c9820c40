import type { Parsed } from "../../buses/request-bus.ts";

/** `r1` to `rN`. */
export function relayNames(channels: number): string[] {
  return Array.from({ length: channels }, (_, index) => `r${index + 1}`);
}

/** The number in a point's name: `r3` and `in3` are 3. */
export function channelOf(point: string): number {
  return Number(/\d+$/.exec(point)?.[0]);
}

/** Levels of the points 1, 2, 3..., by their names. */
export function named(prefix: "r" | "in", levels: readonly boolean[]): Record<string, boolean> {
  return Object.fromEntries(levels.map((on, index) => [`${prefix}${index + 1}`, on]));
}

/** The same, with the answer's value made into another one. */
export function mapAnswer<T, U>(parsed: Parsed<T>, map: (value: T) => U): Parsed<U> {
  return parsed.kind === "answer" ? { kind: "answer", value: map(parsed.value) } : parsed;
}

/** Matches the names `prefix1` to `prefixN`, and none where N is 0. */
export function numbered(prefix: string, count: number): RegExp {
  const names = Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`);
  return names.length === 0 ? /(?!)/ : new RegExp(`^(?:${names.join("|")})$`);
}
