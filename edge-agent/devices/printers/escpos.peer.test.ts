import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { asId, type JobId, type TicketNumber } from "@parkme/shared/domain/ids";
import { afterEach, describe, expect, it } from "vitest";
import { entryTicket, testPage } from "../../tickets/ticket-document.ts";
import type { PrintDocument, Printer, PrinterEvent, PrinterHealth } from "../ports.ts";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { createSerialCable } from "../testing/serial-cable.ts";
import { runProgram } from "../testing/programs.ts";
import { until } from "../testing/until.ts";
import { escposPrinterConfigSchema } from "./escpos-config.ts";
import { createEscposPrinter } from "./escpos.ts";
import { type SimDevice, startSimDevice } from "../testing/sim-device.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

/** As our tickets' codes are: 88 characters of base 45, QR version 6 at level M. */
const CODE = "6BF5$+QK2T.3Y/ZW-0N8:H4GX%C7JV9*RSDLM1PAEU$6BF5+QK2T.3Y/ZW-0N8:H4GX%C7JV9*RSDLM1PAEU6BF5";

const ENTRY_TICKET = entryTicket({
  facilityName: "Harbour Car Park",
  laneTitle: "Entry 1",
  ticketNumber: "PKM-A3F7B2C1" as TicketNumber,
  plate: "B-PM 1234",
  entryWallMs: Date.UTC(2026, 4, 1, 12, 22),
  timeZone: "Europe/Berlin",
  locale: "en-GB",
  qr: CODE,
});

let minted = 0;
function nextJobId(): JobId {
  minted += 1;
  return asId<JobId>(`00000000-0000-7000-8000-${minted.toString(16).padStart(12, "0")}`);
}

type Settings = { readonly sim?: readonly string[]; readonly driver?: Readonly<Record<string, unknown>> };

/** A printer at the end of a serial cable, and its driver at the other. */
async function startSite({ sim = [], driver = {} }: Settings = {}) {
  const cable = await createSerialCable();
  cleanup.push(() => cable.remove());
  const folder = await mkdtemp(join(tmpdir(), "parkme-tickets-"));
  cleanup.push(() => rm(folder, { recursive: true }));
  await cable.plugIn();
  const wire = ["--serial", cable.far, "--baud", "38400", "--name", "printer"];
  const set = [`folder=${folder}`, "line_ms=5", ...sim].flatMap((setting) => ["--set", setting]);
  const printer = await startSimDevice("escpos", [...wire, ...set]);
  cleanup.push(() => printer.stop());
  const { context } = createTestContext(createFakeBus().bus);
  const section = {
    name: "entry-printer",
    driver: "escpos",
    serial: cable.near,
    baud: 38_400,
    poll_ms: 200,
  };
  const config = escposPrinterConfigSchema.parse({ ...section, columns: 48, ...driver });
  const events: PrinterEvent[] = [];
  const startAgent = async (): Promise<Printer> => {
    const started = createEscposPrinter(config, context);
    cleanup.push(() => started.stop());
    await started.start((event) => events.push(event));
    return started;
  };
  const agent = await startAgent();
  const health = (): PrinterHealth | null => {
    const last = events.findLast((event) => event.kind === "health");
    return last?.kind === "health" ? last.health : null;
  };
  const site = {
    cable,
    printer,
    agent,
    events,
    health,
    /** The agent's program begins anew. */
    async restart(): Promise<void> {
      events.length = 0;
      await startAgent();
    },
    ready: () => until(() => health()?.online === true, "the printer to be ready", 30_000),
    of: (kind: PrinterEvent["kind"]) => events.filter((event) => event.kind === kind),
    begin(document: PrintDocument = ENTRY_TICKET): JobId {
      const id = nextJobId();
      agent.print({ id, document, deadlineMs: performance.now() + 20_000 });
      return id;
    },
    /** What became of the job: `printed`, `failed`, and so on. */
    async outcome(id: JobId) {
      const found = () =>
        events.find((event) => (event.kind === "printed" || event.kind === "failed") && event.jobId === id);
      await until(() => found() !== undefined, "what became of the ticket", 40_000);
      return found();
    },
    async picture(count = 1): Promise<string> {
      await until(() => printer.named("ticket").length >= count, `ticket ${count}`);
      return join(folder, `printer-${count}.png`);
    },
  };
  await site.ready();
  return site;
}

/** What a scanner reads off a picture; the program also complains of a desktop that is not there. */
async function readQr(file: string): Promise<string | undefined> {
  const output = await runProgram("zbarimg", [
    "--nodbus",
    "-q",
    "--raw",
    "-Sdisable",
    "-Sqrcode.enable",
    file,
  ]);
  return output.trim().split("\n").at(-1);
}

/** Until a ticket is half printed. */
async function untilPrinting(printer: SimDevice): Promise<void> {
  let uncut = 0;
  while (uncut < 3) uncut = Number((await printer.tell("state"))["uncut"]);
}

describe("an ESC/POS printer on a serial port", () => {
  it.each(["command", "raster"])(
    "prints a ticket whose QR code (%s) can be read off the paper",
    async (qr) => {
      const site = await startSite({ driver: { qr } });
      const id = site.begin();
      expect(await site.outcome(id)).toEqual({ kind: "printed", jobId: id, held: false });
      expect(await readQr(await site.picture())).toBe(CODE);
      expect(site.printer.named("unknown_command")).toEqual([]);
      const [ticket] = site.printer.named("ticket");
      expect(ticket?.["text"]).toEqual(
        expect.arrayContaining([
          "Harbour Car Park",
          "PKM-A3F7B2C1",
          expect.stringMatching(/^Plate .* B-PM 1234$/),
        ]),
      );
    },
  );

  it.each([
    [48, 576],
    [42, 512],
    [32, 384],
  ])("keeps to paper of %i columns, with every sign in its place", async (columns, width) => {
    const site = await startSite({ sim: [`width=${width}`], driver: { columns } });
    const page = testPage({
      facilityName: "Harbour Car Park",
      printerName: "entry-printer",
      wallMs: Date.UTC(2026, 4, 1, 12, 22),
      timeZone: "Europe/Berlin",
      locale: "en-GB",
    });
    const id = site.begin(page);
    expect(await site.outcome(id)).toMatchObject({ kind: "printed" });
    expect(await readQr(await site.picture())).toBe("PARKME TEST entry-printer");
    const text = site.printer.named("ticket")[0]?.["text"] as string[];
    expect(text.join("\n")).toMatch(/€ 1\.00\s+£ 1\.00\s+Rs 1\.00\s+¥ 100/);
    expect(text.join(" ")).toContain("ÄÖÜäöüß ÀÉÈàéèêç Ññ Øø Åå Lódz");
    expect(text).toContain("─".repeat(columns));
    expect(text).toContain(`<${" ".repeat(columns - 2)}>`);
    expect(Math.max(...text.map((line) => line.length))).toBe(columns);
  });

  it("prints nothing without paper, with an open cover, or offline, and says why", async () => {
    const site = await startSite();
    for (const [fault, mended, reason] of [
      ["paper out", "paper ok", "out of paper"],
      ["cover open", "cover closed", "the cover is open"],
      ["jam on", "jam off", "paper jam"],
      ["cutter stuck", "cutter ok", "the cutter is stuck"],
      ["offline on", "offline off", "the printer is offline"],
    ] as const) {
      await site.printer.tell(fault);
      const id = site.begin();
      expect(await site.outcome(id)).toEqual({ kind: "failed", jobId: id, reason, mayBeOut: false });
      await site.printer.tell(mended);
      await site.ready();
    }
    expect(site.printer.named("ticket")).toEqual([]);
  });

  it("reports low paper and prints all the same", async () => {
    const site = await startSite();
    await site.printer.tell("paper low");
    await until(() => site.health()?.paper === "low", "low paper");
    const id = site.begin();
    expect(await site.outcome(id)).toMatchObject({ kind: "printed" });
  });

  it("does not print the rest of a ticket when new paper comes", async () => {
    const site = await startSite();
    await site.printer.tell("paper last 4");
    const id = site.begin();
    expect(await site.outcome(id)).toEqual({
      kind: "failed",
      jobId: id,
      reason: "out of paper",
      mayBeOut: true,
    });
    await site.printer.tell("paper ok");
    await site.ready();
    const next = site.begin();
    expect(await site.outcome(next)).toMatchObject({ kind: "printed" });
    await site.picture();
    expect(site.printer.named("torn")).toHaveLength(1);
    const tickets = site.printer.named("ticket");
    expect(tickets).toHaveLength(1);
    expect(tickets[0]?.["qr"]).toEqual([CODE]);
    const lines = tickets.flatMap(({ text }) => text as string[]);
    expect(lines.filter((line) => line === "PARKING TICKET")).toHaveLength(1);
  });

  it("does not believe a printer that stops halfway and says that all is well", async () => {
    const site = await startSite({ driver: { print_timeout_ms: 3_000 } });
    await site.printer.tell("half");
    const id = site.begin();
    expect(await site.outcome(id)).toEqual({
      kind: "failed",
      jobId: id,
      reason: "the printer does not confirm the ticket",
      mayBeOut: true,
    });
    await site.printer.tell("reboot");
    const next = site.begin();
    expect(await site.outcome(next)).toMatchObject({ kind: "printed" });
  });

  it("gives a ticket up when it is unplugged in the middle, and prints the next one when it is back", async () => {
    const site = await startSite({ sim: ["line_ms=300"] });
    const id = site.begin();
    await untilPrinting(site.printer);
    await site.cable.unplug();
    expect(await site.outcome(id)).toMatchObject({ kind: "failed", mayBeOut: true });
    await until(() => site.health()?.online === false, "the loss");
    const refused = site.begin();
    expect(await site.outcome(refused)).toMatchObject({ kind: "failed", mayBeOut: false });
    expect(site.agent.openDrawer()).toBe(false);
    await site.cable.plugIn();
    await site.ready();
    const next = site.begin();
    expect(await site.outcome(next)).toMatchObject({ kind: "printed" });
    expect(site.of("printed")).toEqual([{ kind: "printed", jobId: next, held: false }]);
  });

  it("never joins what an earlier run of the agent left in the printer to a new ticket", async () => {
    const site = await startSite({ sim: ["line_ms=1000"] });
    site.begin();
    await untilPrinting(site.printer);
    await site.agent.stop();
    expect(await site.printer.tell("state")).not.toMatchObject({ buffered: 0 });
    await site.restart();
    await until(() => site.of("health").length > 0, "health");
    expect(await site.printer.tell("state")).toMatchObject({ buffered: 0 });
  });

  it("holds back while the printer's buffer is full", async () => {
    const site = await startSite({
      sim: ["buffer=1500", "flow=xonxoff", "line_ms=300"],
      driver: { qr: "raster" },
    });
    const id = site.begin();
    expect(await site.outcome(id)).toMatchObject({ kind: "printed" });
    expect(await readQr(await site.picture())).toBe(CODE);
    expect(await site.printer.tell("state")).toMatchObject({ lost: 0 });
  });

  it.each(["status", "none"])("takes a printer without marks at its %s", async (confirm) => {
    const site = await startSite({ sim: ["marks=off"], driver: { confirm } });
    const id = site.begin();
    expect(await site.outcome(id)).toMatchObject({ kind: "printed" });
    await site.picture();
  });

  it("hears of an open cover at once where the printer reports by itself", async () => {
    const site = await startSite({ driver: { asb: true, poll_ms: 10_000, stale_after_ms: 60_000 } });
    const id = site.begin();
    expect(await site.outcome(id)).toMatchObject({ kind: "printed" });
    await site.printer.tell("cover open");
    await until(() => site.health()?.cover === "open", "the cover", 5_000);
  });

  it("kicks the drawer", async () => {
    const site = await startSite({ driver: { drawer_pin: 5, drawer_pulse_ms: 120 } });
    expect(site.agent.openDrawer()).toBe(true);
    await until(() => site.printer.named("drawer").length === 1, "the drawer");
    expect(site.printer.named("drawer")[0]).toMatchObject({ pin: 5, onMs: 120 });
    await site.printer.tell("cover open");
    await until(() => site.health()?.cover === "open", "the cover");
    expect(site.agent.openDrawer()).toBe(false);
  });
});

describe("a printer that misbehaves", () => {
  it("is dead when it says nothing, and comes back", async () => {
    const site = await startSite({ driver: { stale_after_ms: 4_000 } });
    await site.printer.tell("silence on");
    const id = site.begin();
    expect(await site.outcome(id)).toEqual({
      kind: "failed",
      jobId: id,
      reason: "the printer does not answer",
      mayBeOut: false,
    });
    await until(() => site.health()?.online === false, "the silence", 20_000);
    expect(site.health()).toEqual({
      online: false,
      paper: "unknown",
      cover: "unknown",
      fault: "the printer does not answer",
    });
    await site.printer.tell("silence off");
    await site.ready();
  });

  it("is not believed on a line that echoes", async () => {
    const site = await startSite({ driver: { confirm: "status", stale_after_ms: 4_000 } });
    await site.printer.tell("echo on");
    const id = site.begin();
    const reason = "the printer answers nonsense: wrong baud rate, or another device";
    expect(await site.outcome(id)).toEqual({ kind: "failed", jobId: id, reason, mayBeOut: false });
    await until(() => site.health()?.fault === reason, "the nonsense", 20_000);
    await site.printer.tell("echo off");
    await site.ready();
  });

  it("gains nothing by garbage and answers that break off: no false fault, no false ticket", async () => {
    const site = await startSite();
    await site.printer.tell("garbage");
    await site.printer.tell("cut 2");
    const id = site.begin();
    const outcome = await site.outcome(id);
    const isOut = outcome?.kind === "printed";
    await site.printer.tell("garbage");
    const next = site.begin();
    expect(await site.outcome(next)).toMatchObject({ kind: "printed" });
    await site.picture(isOut ? 2 : 1);
    expect(outcome).toMatchObject(isOut ? { kind: "printed" } : { kind: "failed", mayBeOut: false });
    expect(site.printer.named("ticket")).toHaveLength(isOut ? 2 : 1);
    const good = { online: true, paper: "ok", cover: "closed", fault: null };
    expect(site.of("health")).toEqual([{ kind: "health", health: good }]);
  });
});

describe("a printer with a presenter", () => {
  const custom = {
    sim: ["presenter=custom", "marks=off"],
    driver: { presenter: "custom", confirm: "status" },
  };

  it("holds a ticket until it is taken", async () => {
    const site = await startSite(custom);
    const id = site.begin();
    expect(await site.outcome(id)).toEqual({ kind: "printed", jobId: id, held: true });
    expect(await readQr(await site.picture())).toBe(CODE);
    expect(site.of("taken")).toEqual([]);
    await site.printer.tell("take");
    await until(() => site.of("taken").length === 1, "the ticket to be taken");
    expect(site.of("taken")).toEqual([{ kind: "taken", jobId: id }]);
    expect(site.of("retracted")).toEqual([]);
  });

  it("pulls a ticket back, when told and before the next one", async () => {
    const site = await startSite(custom);
    const first = site.begin();
    await site.outcome(first);
    await site.picture();
    site.agent.retract(first);
    await until(() => site.of("retracted").length === 1, "the first ticket to be pulled back");
    const second = site.begin();
    await site.outcome(second);
    const third = site.begin();
    expect(await site.outcome(third)).toMatchObject({ kind: "printed" });
    await until(() => site.of("retracted").length === 2, "the second ticket to be pulled back");
    expect(site.of("retracted")).toEqual([first, second].map((jobId) => ({ kind: "retracted", jobId })));
    expect(site.of("taken")).toEqual([]);
    await site.picture(3);
    expect(site.printer.named("retracted")).toHaveLength(2);
  });

  it("drops a ticket where it cannot pull it back, and claims nothing", async () => {
    const site = await startSite({ ...custom, driver: { ...custom.driver, untaken: "eject" } });
    const id = site.begin();
    await site.outcome(id);
    await site.picture();
    site.agent.retract(id);
    await until(() => site.printer.named("dropped").length === 1, "the ticket to drop");
    const next = site.begin();
    expect(await site.outcome(next)).toMatchObject({ kind: "printed" });
    expect([...site.of("taken"), ...site.of("retracted")]).toEqual([]);
  });
});
