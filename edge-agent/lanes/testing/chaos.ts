import fc from "fast-check";
import { SENSOR_INPUTS, SWITCH_INPUTS, type LaneInput, type SensorInput } from "@parkme/shared/domain/lane";
import { LANE_MODES } from "@parkme/shared/domain/lane-mode";
import { asId, type AttemptId, type JobId, type StayId } from "@parkme/shared/domain/ids";
import type { Credential } from "@parkme/shared/domain/credential";
import type { Levels } from "./board.ts";
import type { PrinterWay } from "./devices.ts";
import type { TerminalWay } from "./terminal.ts";
import type { Bench } from "./lane-bench.ts";
import { arrive, driveBack, driveThrough } from "./vehicle.ts";

/** One thing that may happen to a lane; printed by fast-check when it finds a bad order of them. */
export type Happening = { readonly what: string; readonly act: (bench: Bench) => void };

const PLATES = ["BAB1234", "8AB1234", "HHCD77", "MXY999"] as const;
const NOBODY = "01890000-0000-7000-8000-000000000001";

const loops = ["arming", "safety", "closing", "photocell"] as const;

function happening(what: string, act: Happening["act"]): Happening {
  return { what, act };
}

const levels: fc.Arbitrary<Levels> = fc.dictionary(fc.constantFrom(...SENSOR_INPUTS), fc.boolean(), {
  minKeys: 1,
  maxKeys: 6,
});

const switched = levels.map((patch) =>
  happening(`set ${JSON.stringify(patch)}`, (bench) => bench.set(patch)),
);
const toggle = (input: LaneInput): Happening =>
  happening(`toggle ${input}`, (bench) => bench.set({ [input]: !bench.levels()[input] }));
const flicker = fc.constantFrom<SensorInput>(...SENSOR_INPUTS).map(toggle);
const pressed = fc.constantFrom<LaneInput>(...SWITCH_INPUTS, "button", "button", "key_switch").map(toggle);
const waited = fc
  .constantFrom(1, 100, 300, 500, 1_000, 1_500, 2_250, 2_500, 5_000, 20_000, 30_000, 90_000)
  .map((ms) => happening(`wait ${ms}`, (bench) => bench.wait(ms)));
const readPlate = fc
  .tuple(fc.constantFrom(...PLATES, null), fc.constantFrom(0.4, 0.7, 0.95))
  .map(([plate, confidence]) =>
    happening(`read ${plate} ${confidence}`, (bench) => bench.read(plate, { confidence })),
  );
const shown = fc.constantFrom<Credential["text"]>("CARD-1", "CARD-2", "CODE-1", "ticket").map((text) =>
  happening(`show ${text}`, (bench) => {
    const [parked] = bench.book.stays.values();
    if (text === "ticket") bench.show({ kind: "ticket", text: parked?.stay.ticketNumber ?? "PKM-00000000" });
    else bench.show({ kind: text.startsWith("CARD") ? "card" : "code", text });
  }),
);
const answered = fc.tuple(fc.nat(2), fc.constantFrom("done", "refused", "silent")).map(([back, outcome]) =>
  happening(`answer ${back} ${outcome}`, (bench) => {
    const command = bench.commands().at(-1 - back);
    if (command !== undefined) bench.answer(command.id, outcome);
  }),
);
const paid = fc.constantFrom(0, 499, 500, 2_000).map((minor) =>
  happening(`cash ${minor}`, (bench) => {
    bench.cash(bench.lane().stay?.stayId ?? asId<StayId>(NOBODY), minor);
  }),
);
/** Somebody else takes money for a stay, validates it or adds to it; the oldest ones are those parked at the start. */
const elsewhere = fc
  .tuple(
    fc.constantFrom(0, 0, 1, 2),
    fc.constantFrom("paid", "half", "validated", "penalty", "card", "card", "charged", "not charged"),
  )
  .map(([which, what]) =>
    happening(`${what} elsewhere ${which}`, (bench) => {
      const booked = inside(bench)[which];
      if (booked === undefined) return;
      const { stayId } = booked.stay;
      if (what === "paid") bench.payElsewhere(stayId);
      if (what === "half") bench.payElsewhere(stayId, Math.floor(bench.due(stayId) / 2));
      if (what === "validated") bench.changeDue(stayId, { adjusted: -200 });
      if (what === "penalty") bench.changeDue(stayId, { adjusted: 300 });
      if (what === "card") bench.chargeElsewhere(stayId);
      if (what === "charged") bench.settleElsewhere(stayId, true);
      if (what === "not charged") bench.settleElsewhere(stayId, false);
    }),
  );
const inside = (bench: Bench) => [...bench.book.stays.values()].filter(({ status }) => status === "open");
const known = fc.option(fc.nat(2), { nil: null }).map((which) =>
  happening(`identify ${which}`, (bench) => {
    const booked = which === null ? undefined : inside(bench)[which];
    bench.identify(booked?.stay.stayId ?? asId<StayId>(NOBODY));
  }),
);
const badCodes = fc
  .constantFrom("Wrong signature", "For another car park")
  .map((reason) => happening(`refuse code: ${reason}`, (bench) => void bench.refuseCode(reason)));
const missed = fc
  .option(fc.constantFrom<LaneInput>(...SENSOR_INPUTS, "fire"))
  .map((input) => happening(`miss ${input}`, (bench) => bench.miss(input)));
const printers = fc
  .constantFrom<PrinterWay>("prints", "holds", "holds_untaken", "fails", "jams", "dead")
  .map((way) => happening(`printer ${way}`, (bench) => bench.devices.setPrinter(way)));
const terminals = fc
  .constantFrom<TerminalWay>("approves", "approves", "declines", "refuses", "vague", "mute", "dead")
  .map((way) => happening(`terminal ${way}`, (bench) => bench.devices.setTerminal(way)));
const health = fc
  .tuple(fc.constantFrom("printer", "terminal", "reader", "display"), fc.boolean())
  .map(([device, ok]) => happening(`${device} ${ok ? "works" : "fails"}`, (b) => void b.device(device, ok)));
const modes = fc
  .constantFrom(...LANE_MODES)
  .map((mode) => happening(`mode ${mode}`, (bench) => void bench.mode(mode)));
const turned = fc
  .constantFrom("entry", "exit")
  .map((to) => happening(`turn ${to}`, (bench) => void bench.turn(to)));

/** What comes too late or belongs to nobody. */
const STRAYS: readonly Happening[] = [
  happening("stray ticket", (bench) => {
    const jobId = asId<JobId>(NOBODY);
    bench.tell({ kind: "printed", jobId, held: true });
    bench.tell({ kind: "taken", jobId });
    bench.tell({ kind: "print_failed", jobId, reason: "late", mayBeOut: true });
  }),
  happening("stray payment", (bench) => {
    const attemptId = asId<AttemptId>(NOBODY);
    bench.tell({ kind: "terminal", attemptId, outcome: { kind: "approved", receipt: "9", card: "" } });
  }),
  happening("relay stuck", (bench) => void bench.tell({ kind: "output", mismatch: "open stays on" })),
  happening("relay free", (bench) => void bench.tell({ kind: "output", mismatch: null })),
];

const deeds: readonly Happening[] = [
  happening("vend", (bench) => void bench.vend()),
  happening("reset", (bench) => void bench.reset()),
  happening("hold", (bench) => void bench.hold()),
  happening("switches off and reset", (bench) => {
    bench.set({ stop: false, fire: false, key_switch: false });
    bench.reset();
  }),
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
  happening("disk refuses", (bench) => bench.refuse(1)),
];

const driven = fc
  .constantFrom(...PLATES)
  .map((plate) => happening(`arrive ${plate}`, (b) => arrive(b, plate)));
/** The one of those parked at the start that owes something comes, be its card under way at another place already. */
const owing = fc
  .tuple(fc.constantFrom<TerminalWay>("approves", "vague", "mute"), fc.boolean())
  .map(([way, isElsewhere]) =>
    happening(`arrive owing, terminal ${way}${isElsewhere ? ", card elsewhere" : ""}`, (bench) => {
      const [parked] = inside(bench);
      if (isElsewhere && parked !== undefined) bench.chargeElsewhere(parked.stay.stayId);
      bench.devices.setTerminal(way);
      arrive(bench, PLATES[0]);
      bench.wait(1_000);
    }),
  );
const through = fc.constantFrom(
  happening("drive through", driveThrough),
  happening("drive through", driveThrough),
  happening("drive back through", driveBack),
);
const cleared = fc.constant(
  happening("clear", (bench) => bench.set(Object.fromEntries(loops.map((input) => [input, false])))),
);

/** Any order of things, likely ones oftener, so that the deep states are reached. */
export const happenings: fc.Arbitrary<Happening[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: flicker },
    { weight: 2, arbitrary: pressed },
    { weight: 2, arbitrary: switched },
    { weight: 7, arbitrary: waited },
    { weight: 2, arbitrary: readPlate },
    { weight: 2, arbitrary: shown },
    { weight: 4, arbitrary: driven },
    { weight: 2, arbitrary: owing },
    { weight: 2, arbitrary: through },
    { weight: 1, arbitrary: cleared },
    { weight: 1, arbitrary: answered },
    { weight: 1, arbitrary: paid },
    { weight: 3, arbitrary: elsewhere },
    { weight: 1, arbitrary: known },
    { weight: 1, arbitrary: badCodes },
    { weight: 1, arbitrary: missed },
    { weight: 1, arbitrary: printers },
    { weight: 2, arbitrary: terminals },
    { weight: 1, arbitrary: health },
    { weight: 1, arbitrary: modes },
    { weight: 1, arbitrary: turned },
    { weight: 1, arbitrary: fc.constantFrom(...STRAYS) },
    { weight: 5, arbitrary: fc.constantFrom(...deeds) },
  ),
  { maxLength: 50, size: "max" },
);
