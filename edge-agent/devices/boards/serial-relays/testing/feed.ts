import fc from "fast-check";
import type { Parsed } from "../../../buses/request-bus.ts";

/** Gives a parser bytes in chunks as a request bus does; null = it waits for more at the end. */
export function feed<T>(
  parse: (received: Uint8Array) => Parsed<T>,
  chunks: readonly Uint8Array[],
): Exclude<Parsed<T>, { kind: "more" | "skip" }> | null {
  let received: Uint8Array = new Uint8Array();
  for (const chunk of chunks) {
    received = Uint8Array.from([...received, ...chunk]);
    while (received.length > 0) {
      const parsed = parse(received);
      if (parsed.kind === "more") break;
      if (parsed.kind !== "skip") return parsed;
      if (parsed.bytes < 1 || parsed.bytes > received.length) throw new Error(`skips ${parsed.bytes} bytes`);
      received = received.subarray(parsed.bytes);
    }
  }
  return null;
}

/** The stream cut at the given places, given as fractions of its length. */
export function chunksOf(stream: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * stream.length)), stream.length].toSorted(
    (a, b) => a - b,
  );
  return places.slice(1).map((end, index) => stream.subarray(places[index], end));
}

export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
export const latin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));
export const joined = (...parts: readonly Uint8Array[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
