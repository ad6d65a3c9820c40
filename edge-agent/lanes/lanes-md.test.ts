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
import type { RowStory } from "./testing/row-story.ts";
import { live, situations } from "./testing/situations.ts";
import { arrive } from "./testing/vehicle.ts";

const ROWS = [...ROWS_OF_APPROACH, ...ROWS_OF_PASSAGE];

/** What is too rare for arbitrary stories to come upon. */
const RARE: readonly Pick<RowStory, "options" | "story">[] = [
  ...(["entry", "exit"] as const).map((direction) => ({
    options: { direction },
    story: (bench: Bench) => {
      bench.set({ stop: true, fire: true });
      bench.set({ stop: false });
      bench.reset();
    },
  })),
  ...(["entry", "exit"] as const).flatMap((direction) => [
    {
      options: { direction, armObeys: false },
      story: (bench: Bench) => {
        arrive(bench, null);
        bench.vend();
        for (let tries = 0; tries < 2; tries++) {
          const command = bench.commands().at(-1);
          if (command !== undefined) bench.answer(command.id, "refused");
        }
      },
    },
    {
      options: { direction },
      story: (bench: Bench) => {
        arrive(bench, null);
        bench.setArm(false);
        bench.vend();
        bench.wait(5_000);
        bench.miss("photocell");
        bench.reset();
      },
    },
  ]),
  ...[-200, -500].map((adjusted) => ({
    options: { direction: "exit", lane: { terminal: true } } as const,
    story: (bench: Bench) => {
      const stay = bench.parked("BAB1234", 7_200_000);
      arrive(bench, "BAB1234");
      bench.terminal({ kind: "unknown", reason: "line lost" });
      bench.changeDue(stay.stayId, { adjusted });
    },
  })),
];

function noteAll(taken: Transitions, { beats }: Bench): void {
  for (const { before, event, after } of beats) note(taken, before.state, event.kind, after.state);
}

/** What happens in the stories of the rows, in every cell, and in a number of arbitrary stories. */
function transitionsOf(kind: LaneDirection): Transitions {
  const taken: Transitions = new Map();
  for (const { options = {}, story } of [...ROWS, ...RARE]) {
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
    { numRuns: 3_000, seed: 37 },
  );
  return taken;
}

function testsIn(folder: string): NamedTest[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".test.ts"))
    .toSorted()
    .flatMap((name) => namedTests(name, readFileSync(join(folder, name), "utf8")));
}

it("LANES.md is what the lane machines do", { timeout: 300_000 }, async () => {
  const folder = import.meta.dirname;
  const text = lanesDocument({
    taken: { entry: transitionsOf("entry"), exit: transitionsOf("exit") },
    rows: ROWS,
    tests: [...testsIn(folder), ...testsIn(join(folder, "machine"))],
  });
  const formatted = await format(text, { parser: "markdown", printWidth: 110 });
  await expect(formatted).toMatchFileSnapshot("./LANES.md");
});
