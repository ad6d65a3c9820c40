import { afterEach, describe, expect, it } from "vitest";
import { createFakeBus, createTestContext, openCommand, outcomesOf } from "../../testing/context.ts";
import { until } from "../../testing/until.ts";
import type { Board, BoardEvent, RelayCommand } from "../../ports.ts";
import { createKmtronicBoard, kmtronicConfigSchema } from "./kmtronic.ts";
import { createLcusBoard, lcusConfigSchema } from "./lcus.ts";
import { createNumatoBoard, numatoConfigSchema } from "./numato.ts";
import { layCable, startSimDevice } from "../../testing/sim-device.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

type Context = ReturnType<typeof createTestContext>["context"];
type Make = {
  readonly kind: string;
  readonly settings: readonly string[];
  readonly create: (serial: string, context: Context) => Board;
  /** False = the board is mute: it cannot be asked what its relays do. */
  readonly tells: boolean;
  readonly inputs: boolean;
};

const common = { name: "entry-board", poll_ms: 200, stale_after_ms: 3_000 };
const lcus = (settings: readonly string[], options: object = {}): Make => ({
  kind: "lcus",
  settings: ["channels=4", ...settings],
  create: (serial, context) =>
    createLcusBoard(
      lcusConfigSchema.parse({ ...common, driver: "lcus", serial, channels: 4, ...options }),
      context,
    ),
  tells: true,
  inputs: false,
});
const kmtronic = (channels: number): Make => ({
  kind: "kmtronic",
  settings: [`channels=${channels}`],
  create: (serial, context) =>
    createKmtronicBoard(
      kmtronicConfigSchema.parse({ ...common, driver: "kmtronic", serial, channels }),
      context,
    ),
  tells: true,
  inputs: false,
});
const numato = (settings: readonly string[], options: object): Make => ({
  kind: "numato",
  settings,
  create: (serial, context) =>
    createNumatoBoard(numatoConfigSchema.parse({ ...common, driver: "numato", serial, ...options }), context),
  tells: true,
  inputs: true,
});

/** One of each make: enough for what all of them share. */
const MAKES: readonly (readonly [string, Make])[] = [
  ["an LCUS board with status in text", lcus(["status=text"])],
  ["a KMtronic board with eight relays", kmtronic(8)],
  ["a Numato module asked point by point", numato(["channels=4", "inputs=4"], { channels: 4, inputs: 4 })],
];
const MUTE = ["a mute LCUS board", { ...lcus(["status=none"], { status: "none" }), tells: false }] as const;
const VARIANTS: readonly (readonly [string, Make])[] = [
  ["an LCUS board whose status is late", lcus(["status=text", "stale=on"])],
  ["an LCUS board with feedback", lcus(["status=feedback"], { status: "feedback" })],
  ["a KMtronic board with two relays", kmtronic(2)],
  [
    "a Numato module with thirty-two relays asked for all at once",
    numato(["channels=32", "inputs=8", "closed=high", "read_all=on"], {
      channels: 32,
      inputs: 8,
      closed: "high",
      read_all: true,
    }),
  ],
];

/** A simulated board on a cable, and its driver on the other end. */
async function startSite(make: Make) {
  const cable = await layCable();
  cleanup.push(cable.remove);
  await cable.plugIn();
  const settings = make.settings.flatMap((setting) => ["--set", setting]);
  const device = await startSimDevice(make.kind, ["--serial", cable.device, ...settings]);
  cleanup.push(device.stop);
  const { context, counts, warnings } = createTestContext(createFakeBus().bus);
  const board = make.create(cable.agent, context);
  const events: BoardEvent[] = [];
  await board.start((event) => events.push(event));
  cleanup.push(() => board.stop());
  const last = () => events.findLast(({ kind }) => kind !== "outcome");
  const image = () => events.findLast((event) => event.kind === "inputs");
  return {
    cable,
    device,
    board,
    events,
    counts,
    warnings,
    last,
    image,
    known: () => until(() => last()?.kind === "inputs", "the board to be known"),
    lost: () => until(() => last()?.kind === "lost", "the board to be lost"),
    async run(command: RelayCommand): Promise<string[]> {
      board.command(command);
      await until(() => outcomesOf(events, command.id).length > 0, "the outcome");
      return outcomesOf(events, command.id);
    },
  };
}

const pulse = (overrides: Partial<RelayCommand> = {}): RelayCommand =>
  openCommand({
    relay: "r1",
    release: ["r2"],
    pulseMs: 400,
    deadlineMs: performance.now() + 5_000,
    ...overrides,
  });

describe.each([...MAKES, ...VARIANTS, MUTE])("%s", (_what, make) => {
  it("pulses, breaks before it makes, and reads back what its relays do", async () => {
    const { device, board, events, known, run, image } = await startSite(make);
    await known();
    expect(image()?.levels).toEqual(make.inputs ? expect.objectContaining({ in1: false, in4: false }) : {});
    expect(await run(pulse({ pulseMs: 30_000 }))).toEqual(["done"]);
    await until(() => device.moves("r1").length === 1, "r1 to pull in");
    if (make.tells) {
      const seen = events.findIndex((event) => event.kind === "inputs" && event.outputs?.["r1"] === true);
      expect(seen).toBeGreaterThanOrEqual(0);
    } else expect(image()?.outputs).toBeNull();
    expect(await run(pulse({ relay: "r2", release: ["r1"] }))).toEqual(["done"]);
    await until(() => device.moves("r2").length === 2, "r2 to let go");
    expect(device.lines.filter(({ event }) => event === "relay").map(({ relay, on }) => [relay, on])).toEqual(
      [
        ["r1", true],
        ["r1", false],
        ["r2", true],
        ["r2", false],
      ],
    );
    expect(await run(pulse({ relay: null, release: ["r1", "r2"] }))).toEqual(["done"]);
    if (make.tells) await until(() => image()?.outputs?.["r2"] === false, "r2 to be read back as off");
    // Whether a mute board has heard the last word, nobody can say.
    if (!make.tells) return;
    expect(await run(pulse({ pulseMs: 30_000 }))).toEqual(["done"]);
    await board.stop();
    await until(() => device.moves("r1").length === 4, "r1 to let go with the driver");
  });
});

describe.each([...MAKES, MUTE])("%s on a cable", (_what, make) => {
  it("is lost when it is unplugged, and when it is back a pulse that was running has its end", async () => {
    const { cable, device, events, known, lost, run, board } = await startSite(make);
    await known();
    expect(await run(pulse({ pulseMs: 500 }))).toEqual(["done"]);
    await until(() => device.moves("r1").length === 1, "r1 to pull in");
    await cable.unplug();
    await lost();
    const refused = pulse();
    board.command(refused);
    expect(outcomesOf(events, refused.id)).toEqual(["refused"]);
    await cable.plugIn();
    await known();
    await until(() => device.moves("r1").length === 2, "r1 to let go");
    expect(device.moves("r1")).toEqual([true, false]);
    expect(await run(pulse())).toEqual(["done"]);
  });

  it("lets go of what an agent that died had energised", async () => {
    const { cable, device, known } = await startSite(make);
    await known();
    // Nobody is told of this one: the driver learns of it from the board, if at all.
    await device.tell("hold r2 on");
    await until(() => device.moves("r2").length === 1, "r2 to pull in");
    await cable.unplug();
    await device.tell("hold r2 free");
    await cable.plugIn();
    await until(() => device.moves("r2").length === 2, "r2 to let go");
  });
});

describe.each([...MAKES, ...VARIANTS.slice(1, 2)])("%s that misbehaves", (_what, make) => {
  it("is lost when it falls silent, and known again when it speaks", async () => {
    const { device, known, lost, last, run, events } = await startSite(make);
    await known();
    await device.tell("silence on");
    await lost();
    expect(last()).toEqual({ kind: "lost", reason: "no answer from the board for 3 s" });
    await device.tell("silence off");
    await known();
    expect(await run(pulse())).toEqual(["done"]);
    expect(events.filter(({ kind }) => kind === "lost")).toHaveLength(1);
  });

  it("survives half answers, noise and its own echo", async () => {
    const { device, known, run, events } = await startSite(make);
    await known();
    await device.tell("cut 1");
    await device.tell("garbage");
    await until(() => device.lines.length > 0, "the deeds");
    const looked = events.length;
    await until(() => events.length > looked + 2, "looks that succeed again");
    if (make.kind !== "numato") await device.tell("echo on");
    const heard = events.length;
    await until(() => events.length > heard + 1, "looks in spite of the echo");
    expect(await run(pulse())).toEqual(["done"]);
    expect(events.some(({ kind }) => kind === "lost")).toBe(false);
  });

  it("says so when a relay does not obey, and is lost while one cannot be let go of", async () => {
    const { device, known, run, events, last, warnings, image } = await startSite(make);
    await known();
    await device.tell("hold r1 off");
    const command = pulse();
    expect(await run(command)).toEqual(["silent"]);
    expect(events.find((event) => event.kind === "outcome" && event.commandId === command.id)).toMatchObject({
      detail: "the board says that r1 is off",
    });
    await device.tell("hold r1 free");
    expect(await run(pulse({ pulseMs: 100 }))).toEqual(["done"]);
    await device.tell("hold r1 on");
    await until(() => warnings.includes("a relay cannot be let go of"), "the complaint");
    await until(() => last()?.kind === "lost", "the loss");
    expect(last()).toEqual({
      kind: "lost",
      reason: "relay r1 cannot be let go of: the board says that r1 is on",
    });
    await device.tell("hold r1 free");
    await known();
    expect(image()?.outputs).toMatchObject({ r1: false });
    expect(device.moves("r1").at(-1)).toBe(false);
  });
});

describe("the inputs of a Numato module", () => {
  it.each([...MAKES, ...VARIANTS].filter(([, { inputs }]) => inputs))(
    "follow their contacts: %s",
    async (_what, make) => {
      const { device, known, image } = await startSite(make);
      await known();
      await device.tell("input in3 on");
      await until(() => image()?.levels["in3"] === true, "in3 to be closed");
      expect(image()?.levels).toMatchObject({ in1: false, in2: false, in4: false });
      await device.tell("stick in1 on");
      await device.tell("input in3 off");
      await until(() => image()?.levels["in1"] === true && image()?.levels["in3"] === false, "in1 alone");
    },
  );
});
