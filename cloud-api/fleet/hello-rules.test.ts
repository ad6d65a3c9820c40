import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { GENESIS_HASH, type LogPlace } from "@parkme/shared/protocol/log";
import { hashAfter } from "../testing/events.ts";
import { judge } from "./hello-rules.ts";

/** A log of so many lines; from line `parted` on it is another one for each name. */
function logOf(length: number, parted = Infinity, name = ""): string[] {
  const hashes = [GENESIS_HASH];
  for (let seq = 1; seq <= length; seq++)
    hashes.push(hashAfter(hashes[seq - 1] ?? "", `line ${seq}${seq >= parted ? name : ""}`));
  return hashes;
}

const place = (log: readonly string[], seq: number, epoch = 1): LogPlace => ({
  epoch,
  seq,
  hash: log[seq] ?? "",
});

/** From the end backwards, ever further apart, down to where the edge's log begins. */
function locatorOf(log: readonly string[], pruned: number, from = log.length - 1): LogPlace[] {
  const places: LogPlace[] = [];
  for (let [seq, step] = [from, 1]; seq > pruned; seq -= step, step *= 2) places.push(place(log, seq));
  return [...places, place(log, pruned)];
}

/** As the cloud judges it, and the edge asks again where it has to. */
function settle(cloud: readonly string[], edge: readonly string[], pruned: number) {
  const end = cloud.length - 1;
  const hashes = new Map(cloud.map((hash, seq) => [seq, hash]));
  const head = place(cloud, end);
  const first = judge(head, { head: place(edge, edge.length - 1), locator: locatorOf(edge, pruned) }, hashes);
  const isOurs = end <= pruned || edge[end] === cloud[end];
  if (first.verdict === "adopt" || isOurs) return first;
  const locator = locatorOf(edge, pruned, end);
  return judge(head, { head: place(edge, edge.length - 1), locator }, hashes);
}

describe("judge", () => {
  it("lets an edge go on exactly when our log is a beginning of its own", () => {
    const size = fc.nat({ max: 40 });
    fc.assert(
      fc.property(
        size,
        size,
        fc.integer({ min: 1, max: 45 }),
        fc.nat({ max: 40 }),
        (ours, its, parted, cut) => {
          const cloud = logOf(ours, parted, "cloud");
          const edge = logOf(its, parted, "edge");
          const pruned = Math.min(cut, its);
          const judged = settle(cloud, edge, pruned);
          const shared = Math.min(ours, its, parted - 1);
          const isBeginning = shared === ours && pruned <= ours;
          expect(judged.verdict).toBe(isBeginning ? "go_on" : "adopt");
          expect(judged.head).toEqual(place(cloud, ours));
          expect(judged.common.seq).toBeLessThanOrEqual(shared);
          expect(judged.common.hash).toBe(cloud[judged.common.seq]);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("finds the last place that both have, where the edge names it", () => {
    const cloud = logOf(100, 91, "cloud");
    const edge = logOf(95, 91, "edge");
    const hashes = new Map(cloud.map((hash, seq) => [seq, hash]));
    const locator = [place(edge, 92), place(edge, 90), place(edge, 40)];
    const judged = judge(place(cloud, 100), { head: place(edge, 95), locator }, hashes);
    expect(judged).toEqual({ verdict: "adopt", common: place(edge, 90), head: place(cloud, 100) });
  });

  it("does not let a history go on that is over, though the lines are the same", () => {
    const log = logOf(10);
    const hashes = new Map(log.map((hash, seq) => [seq, hash]));
    const hello = { head: place(log, 10, 2), locator: [] };
    expect(judge({ ...place(log, 10), epoch: 3 }, hello, hashes).verdict).toBe("adopt");
    expect(judge({ ...place(log, 10), epoch: 2 }, hello, hashes).verdict).toBe("go_on");
  });

  it("believes an edge of before lines were chained, once", () => {
    const log = logOf(10);
    const hello = { head: place(log, 10), locator: [place(log, 8), place(log, 5)] };
    const judged = judge(
      { epoch: 1, seq: 8, hash: null },
      hello,
      new Map([
        [8, null],
        [5, null],
      ]),
    );
    expect(judged).toEqual({ verdict: "go_on", common: place(log, 8), head: place(log, 8) });
  });
});
