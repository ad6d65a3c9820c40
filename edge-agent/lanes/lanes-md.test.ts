import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { format } from "prettier";
import { expect, it } from "vitest";
import type { LaneDirection } from "@parkme/shared/domain/lane";
import { lanesDocument, namedTests, note, type NamedTest, type Transitions } from "./testing/diagram.ts";
import { laneIn, situation, SITUATION_NAMES } from "./testing/cell-situations.ts";
import { step } from "./machine/step.ts";
import { eventsFor, seeing } from "./testing/cell-events.ts";
import { countingMint, createBench, vote, type Bench } from "./testing/lane-bench.ts";
import { ROWS_OF_APPROACH } from "./testing/rows-approach.ts";
import { ROWS_OF_PASSAGE } from "./testing/rows-passage.ts";
import { live, situations } from "./testing/situations.ts";

const ROWS = [...ROWS_OF_APPROACH, ...ROWS_OF_PASSAGE];

function noteAll(taken: Transitions, { beats }: Bench): void {
  for (const { before, event, after } of beats) note(taken, before.state, event.kind, after.state);
}

/** What happens in the stories of the rows, in every cell, and in a number of arbitrary stories. */
function transitionsOf(kind: LaneDirection): Transitions {
  const taken: Transitions = new Map();
  for (const { options = {}, story } of ROWS) {
    if ((options.direction ?? "entry") !== kind) continue;
    const bench = createBench(options);
    bench.see();
    story(bench);
    noteAll(taken, bench);
  }
  for (const name of SITUATION_NAMES.filter((one) => situation(one).directions.includes(kind))) {
    const { lane, bench } = laneIn(name, kind);
    noteAll(taken, bench);
    const ctx = { config: bench.config, now: bench.now(), mint: countingMint(), vote };
    for (const event of eventsFor(lane, bench.now().monotonicMs).values()) {
      const { step: done } = step(bench.table, seeing(lane, event), event, ctx);
      note(taken, lane.state, event.kind, done.lane.state);
    }
  }
  fc.assert(
    fc.property(situations, (one) => noteAll(taken, live({ ...one, kind, inner: false }))),
    { numRuns: 1_500, seed: 37 },
  );
  return taken;
}

function testsIn(folder: string): NamedTest[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".test.ts"))
    .toSorted()
    .flatMap((name) => namedTests(name, readFileSync(join(folder, name), "utf8")));
}

it("LANES.md is what the lane machines do", { timeout: 120_000 }, async () => {
  const folder = import.meta.dirname;
  const text = lanesDocument({
    taken: { entry: transitionsOf("entry"), exit: transitionsOf("exit") },
    rows: ROWS,
    tests: [...testsIn(folder), ...testsIn(join(folder, "machine"))],
  });
  const formatted = await format(text, { parser: "markdown", printWidth: 110 });
  await expect(formatted).toMatchFileSnapshot("./LANES.md");
});
