import { beforeEach, describe, expect, it } from "vitest";
import { asId, type AttemptId, type JobId } from "@parkme/shared/domain/ids";
import type {
  PaymentTerminal,
  Printer,
  PrinterEvent,
  TerminalEvent,
} from "../../../../edge-agent/devices/ports.ts";
import { createRandom } from "../../../traffic/random.ts";
import type { FaultKind } from "../../schedule.ts";
import type { Life } from "../../time/virtual-time.ts";
import { SITE } from "../testing/car-park.ts";
import { createHardware } from "./hardware.ts";
import { CONFIG, contextOf, idOf, letPass, named, newStage } from "./testing/device-stage.ts";

let { time, told, hardware } = newStage();
beforeEach(() => {
  ({ time, told, hardware } = newStage());
});

const id = idOf;
const context = (epoch: number) => contextOf(time, epoch);
const pass = (ms: number) => letPass(time, ms);
const kinds = () => told.map(({ kind }) => kind);
const fault = (kind: FaultKind, on = true, choice = 0): void => hardware.fault("entry", kind, on, choice);

describe("a virtual printer", () => {
  const NUMBER = "PKM-00000000";
  const job = (n: number) => ({
    id: asId<JobId>(id(n)),
    document: [
      { kind: "text", text: "Small Yard" },
      { kind: "qr", data: "the code" },
      { kind: "text", text: NUMBER, size: 2 },
    ] as const,
    deadlineMs: time.nowMs + 10_000,
  });
  type Agent = { readonly printer: Printer; readonly heard: PrinterEvent[]; readonly life: Life };

  async function connect(): Promise<Agent> {
    const life: Life = { alive: true };
    const section = named(CONFIG.printers, "entry-printer");
    const printer = hardware.connect(life).createPrinter(section, context(1));
    const heard: PrinterEvent[] = [];
    await printer.start((event) => heard.push(event));
    await pass(100);
    return { printer, heard, life };
  }

  it("holds a ticket out until it is taken", async () => {
    const { printer, heard } = await connect();
    printer.print(job(1));
    await pass(1_000);
    expect(hardware.lane("entry").printer?.ticket()).toBeNull();
    await pass(500);
    expect(hardware.lane("entry").printer?.ticket()).toEqual({ number: NUMBER, code: "the code" });
    hardware.lane("entry").printer?.take();
    await pass(100);
    expect(heard.map(({ kind }) => kind)).toEqual(["health", "printed", "taken"]);
    expect(told).toMatchObject([{ kind: "ticket_out" }, { kind: "ticket_gone", how: "taken" }]);
  });

  it("takes back what it is told to, and pushes out what nobody took", async () => {
    const { printer, heard } = await connect();
    for (const n of [1, 2]) {
      printer.print(job(n));
      await pass(1_500);
    }
    printer.retract(asId<JobId>(id(2)));
    await pass(100);
    expect(heard.at(-1)).toEqual({ kind: "retracted", jobId: id(2) });
    expect(kinds()).toEqual(["ticket_out", "ticket_gone", "ticket_out", "ticket_gone"]);
  });

  it("keeps the ticket of a program that has died", async () => {
    const agent = await connect();
    agent.printer.print(job(1));
    await pass(500);
    agent.life.alive = false;
    await pass(1_000);
    const next = await connect();
    hardware.lane("entry").printer?.take();
    await pass(100);
    expect(agent.heard.map(({ kind }) => kind)).toEqual(["health"]);
    expect(next.heard.map(({ kind }) => kind)).toEqual(["health"]);
    expect(kinds()).toEqual(["ticket_out", "ticket_gone"]);
  });

  it("is out of paper: nothing is out, and it says so at once", async () => {
    const { printer, heard } = await connect();
    fault("paper_out");
    printer.print(job(1));
    await pass(100);
    expect(heard).toMatchObject([
      { kind: "health", health: { paper: "ok" } },
      { kind: "health", health: { paper: "out" } },
      { kind: "failed", mayBeOut: false },
    ]);
  });

  it.each(["printer_jams", "printer_silent"] as const)("may have a ticket out or not: %s", async (kind) => {
    const { printer, heard } = await connect();
    fault(kind);
    for (let n = 1; n <= 20; n += 1) {
      printer.print(job(n));
      await pass(12_000);
    }
    const failures = heard.filter((event) => event.kind === "failed");
    expect(failures).toHaveLength(20);
    expect(failures.every(({ mayBeOut }) => mayBeOut)).toBe(true);
    const out = kinds().filter((each) => each === "ticket_out").length;
    expect(out).toBeGreaterThan(0);
    expect(out).toBeLessThan(20);
  });
});

describe("a virtual terminal", () => {
  const attemptId = (n: number) => asId<AttemptId>(id(n));
  type Agent = { readonly terminal: PaymentTerminal; readonly heard: TerminalEvent[]; readonly life: Life };

  async function connect(): Promise<Agent> {
    const life: Life = { alive: true };
    const section = named(CONFIG.terminals, "exit-terminal");
    const terminal = hardware.connect(life).createTerminal(section, context(1));
    const heard: TerminalEvent[] = [];
    await terminal.start((event) => heard.push(event));
    await pass(300);
    return { terminal, heard, life };
  }

  function authorise({ terminal }: Agent, n: number): void {
    const deadlineMs = time.nowMs + 5_000;
    terminal.ask({
      kind: "authorise",
      attemptId: attemptId(n),
      amountMinor: 250,
      currency: "EUR",
      deadlineMs,
    });
  }
  const enquire = ({ terminal }: Agent, n: number): void =>
    terminal.ask({ kind: "enquire", attemptId: attemptId(n), amountMinor: 250 });
  const present = (card: "good" | "bad"): void => hardware.lane("exit").terminal?.present(card);
  const results = ({ heard }: Agent) =>
    heard.flatMap((event) => (event.kind === "result" ? [event.outcome.kind] : []));
  const money = () => kinds().filter((kind) => kind === "charged" || kind === "reversed");
  const breakDown = (kind: FaultKind, on = true): void => hardware.fault("exit", kind, on, 0);

  it("charges a good card and no bad one, and remembers which", async () => {
    const agent = await connect();
    authorise(agent, 1);
    expect(hardware.lane("exit").terminal?.waiting()).toEqual({ attemptId: id(1), amountMinor: 250 });
    present("good");
    await pass(3_000);
    authorise(agent, 2);
    present("bad");
    await pass(3_000);
    for (const n of [1, 2]) enquire(agent, n);
    await pass(300);
    expect(results(agent)).toEqual(["approved", "declined", "approved", "declined"]);
    expect(hardware.lane("exit").terminal?.journal(id(1))).toEqual({ receipt: "R1" });
    agent.terminal.ask({ kind: "reverse", attemptId: attemptId(1), amountMinor: 250, receipt: "R1" });
    await pass(300);
    expect(hardware.lane("exit").terminal?.journal(id(1))).toBeNull();
    expect(money()).toEqual(["charged", "reversed"]);
  });

  it("waits for a card for a minute, unless it is told not to; and takes one payment at a time", async () => {
    const agent = await connect();
    authorise(agent, 1);
    authorise(agent, 2);
    await pass(61_000);
    authorise(agent, 3);
    agent.terminal.ask({ kind: "abort", attemptId: attemptId(3) });
    present("good");
    await pass(3_000);
    expect(results(agent)).toEqual(["refused", "declined", "declined"]);
    expect(money()).toEqual([]);
  });

  it("charges for a program that has died meanwhile, and tells the next one what became of it", async () => {
    const agent = await connect();
    authorise(agent, 1);
    present("good");
    await pass(500);
    agent.life.alive = false;
    const next = await connect();
    enquire(next, 1);
    await pass(3_000);
    expect(results(agent)).toEqual([]);
    expect(results(next)).toEqual(["approved"]);
    authorise(next, 2);
    next.life.alive = false;
    const last = await connect();
    enquire(last, 2);
    await pass(500);
    expect(results(last)).toEqual(["declined"]);
    expect(money()).toEqual(["charged"]);
  });

  it("declines, does not know, or does not answer, as its faults are", async () => {
    const agent = await connect();
    breakDown("terminal_declines");
    authorise(agent, 1);
    present("good");
    await pass(3_000);
    breakDown("terminal_declines", false);
    breakDown("terminal_vague");
    for (let n = 2; n <= 21; n += 1) {
      authorise(agent, n);
      present("good");
      await pass(3_000);
    }
    breakDown("terminal_vague", false);
    breakDown("terminal_silent");
    authorise(agent, 22);
    await pass(11_000);
    expect(results(agent)).toEqual(["declined", ...Array<string>(21).fill("unknown")]);
    // Half of what it did not know was charged.
    expect(money().length).toBeGreaterThan(3);
    expect(money().length).toBeLessThan(17);
  });
});

describe("what else stands at a lane", () => {
  it("reads plates and codes, repeats itself, and falls dead", async () => {
    const life: Life = { alive: true };
    const makers = hardware.connect(life);
    const heard: string[] = [];
    const camera = makers.createCamera(named(CONFIG.cameras, "exit-camera"), context(1));
    if (camera.via === "bus")
      await camera.camera.start(({ plate, sourceId }) => heard.push(`${sourceId ?? ""}: ${plate ?? "none"}`));
    const scanner = makers.createReader(named(CONFIG.readers, "exit-scanner"), context(1));
    await scanner.reader.start((event) => heard.push(event.kind === "credential" ? event.text : "health"));
    const hands = hardware.lane("exit");
    async function show(): Promise<void> {
      hands.camera?.see("BAB1", 0.9);
      hands.scanner?.show("the code");
      await pass(2_000);
    }
    await show();
    hardware.fault("exit", "camera_repeats", true, 0);
    await show();
    hardware.fault("exit", "camera_dead", true, 0);
    hardware.fault("exit", "scanner_dead", true, 0);
    await show();
    expect(heard.filter((line) => line.startsWith("exit-camera"))).toEqual(
      [1, 2, 2, 3].map((n) => `exit-camera ${n}: BAB1`),
    );
    expect(heard.filter((line) => line === "the code")).toHaveLength(2);
  });

  it("shows a driver what the gate says", async () => {
    const display = hardware
      .connect({ alive: true })
      .createDisplay(named(CONFIG.displays, "entry-display"), context(1));
    display.show(["Welcome", "Please wait"]);
    await pass(100);
    expect(hardware.lane("entry").display()).toBe("Welcome\nPlease wait");
  });

  it("is at this site", () => {
    expect(() => hardware.lane("nowhere")).toThrow("there is no lane nowhere");
    expect(() =>
      createHardware(SITE, new Map(), { time, random: createRandom("x"), tell: () => undefined }),
    ).toThrow("the world has no lane entry");
  });
});
