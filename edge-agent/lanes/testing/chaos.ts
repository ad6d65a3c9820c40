import fc from "fast-check";
import { LANE_INPUTS, type LaneInput } from "@parkme/shared/domain/lane";
import type { StayId } from "@parkme/shared/domain/ids";
import type { Levels } from "./board.ts";
import type { Bench } from "./lane-bench.ts";
import { arrive, driveThrough } from "./vehicle.ts";

/** One thing that may happen to a lane; printed by fast-check when it finds a bad order of them. */
export type Happening = { readonly what: string; readonly act: (bench: Bench) => void };

const PLATES = ["BAB1234", "8AB1234", "HHCD77", "MXY999"] as const;
const NOBODY = "01890000-0000-7000-8000-000000000001" as StayId;

const loops = ["arming", "safety", "closing", "photocell"] as const;

function happening(what: string, act: Happening["act"]): Happening {
  return { what, act };
}

const levels: fc.Arbitrary<Levels> = fc.dictionary(fc.constantFrom(...LANE_INPUTS), fc.boolean(), {
  minKeys: 1,
  maxKeys: 6,
});

const switched = levels.map((patch) =>
  happening(`set ${JSON.stringify(patch)}`, (bench) => bench.set(patch)),
);
const flicker = fc
  .constantFrom<LaneInput>(...LANE_INPUTS)
  .map((input) => happening(`toggle ${input}`, (bench) => bench.set({ [input]: !bench.levels()[input] })));
const waited = fc
  .constantFrom(1, 100, 300, 500, 1_000, 1_500, 2_250, 2_500, 5_000, 30_000, 70_000)
  .map((ms) => happening(`wait ${ms}`, (bench) => bench.wait(ms)));
const readPlate = fc
  .tuple(fc.constantFrom(...PLATES, null), fc.constantFrom(0.4, 0.7, 0.95))
  .map(([plate, confidence]) =>
    happening(`read ${plate} ${confidence}`, (bench) => bench.read(plate, { confidence })),
  );
const answered = fc.tuple(fc.nat(2), fc.constantFrom("done", "refused", "silent")).map(([back, outcome]) =>
  happening(`answer ${back} ${outcome}`, (bench) => {
    const command = bench.commands().at(-1 - back);
    if (command !== undefined) bench.answer(command.id, outcome);
  }),
);
const paid = fc.constantFrom(0, 499, 500, 2_000).map((minor) =>
  happening(`cash ${minor}`, (bench) => {
    bench.cash(bench.lane().stay?.stayId ?? NOBODY, minor);
  }),
);
const missed = fc
  .option(fc.constantFrom<LaneInput>(...LANE_INPUTS))
  .map((input) => happening(`miss ${input}`, (bench) => bench.miss(input)));

const deeds: readonly Happening[] = [
  happening("vend", (bench) => void bench.vend()),
  happening("reset", (bench) => void bench.reset()),
  happening("lose", (bench) => bench.lose()),
  happening("see", (bench) => bench.see()),
  happening("reboot", (bench) => {
    bench.reboot();
    bench.see();
  }),
  happening("restart", (bench) => {
    bench.restart();
    bench.see();
  }),
  happening("arm dead", (bench) => bench.setArm(false)),
  happening("arm obeys", (bench) => bench.setArm(true)),
];

const driven = fc
  .constantFrom(...PLATES)
  .map((plate) => happening(`arrive ${plate}`, (b) => arrive(b, plate)));
const through = fc.constant(happening("drive through", driveThrough));
const cleared = fc.constant(
  happening("clear", (bench) => bench.set(Object.fromEntries(loops.map((input) => [input, false])))),
);

/** Any order of things, likely ones oftener, so that the deep states are reached. */
export const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: flicker },
    { weight: 2, arbitrary: switched },
    { weight: 6, arbitrary: waited },
    { weight: 2, arbitrary: readPlate },
    { weight: 3, arbitrary: driven },
    { weight: 2, arbitrary: through },
    { weight: 1, arbitrary: cleared },
    { weight: 1, arbitrary: answered },
    { weight: 1, arbitrary: paid },
    { weight: 1, arbitrary: missed },
    { weight: 3, arbitrary: fc.constantFrom(...deeds) },
  ),
  { maxLength: 40, size: "max" },
);
