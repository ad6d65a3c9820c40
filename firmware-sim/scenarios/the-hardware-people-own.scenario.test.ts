import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import Database from "better-sqlite3";
import { describe, expect, it } from "vitest";
import { freePort } from "../site/ports.ts";
import { mountBarrier } from "./barrier.ts";
import { openDesk } from "./desk.ts";
import { secretFile, setUpHardware, type Device, type Hardware, type Told } from "./hardware.ts";
import { eventually } from "./stage.ts";

/** A gate on bought hardware: Modbus, a ticket printer, OSDP, a scanner, USB relays, a card terminal. */

const AGENT = resolve(import.meta.dirname, "../../dist/edge-agent/main.mjs");
const CARD = "00012345";
const TIMERS = { arm_ms: 50, read_ms: 300, back_ms: 500, clear_ms: 200, take_ms: 5_000 };

describe("a gate on the hardware people own", () => {
  it(
    "gives a ticket, takes a card payment for it, and lets the vehicle out",
    { timeout: 120_000 },
    async () => {
      const site = await setUpSite();
      const { entry, exit, desk, printer, scanner, terminal, display } = site;

      // Edge case 10: no plate, so a ticket. Edge case 49: the button is mashed.
      await entry.barrier.cover("arming", true);
      await display.until("Press the button");
      for (let i = 0; i < 3; i++) {
        await entry.board.do("input in6 on");
        await entry.board.do("input in6 off");
      }
      const code = await takeCode(site.printer);
      expect(entry.barrier.openings()).toBe(0);
      await desk.until("WAIT_TAKE", (seen) => seen.lanes.some(({ state }) => state === "WAIT_TAKE"));
      await printer.do("take");
      await entry.barrier.driveThrough();
      await entry.barrier.untilClosed();
      expect(entry.barrier.openings()).toBe(1);
      expect(printer.said.filter(({ event }) => event === "ticket")).toHaveLength(1);

      // Base 45: a signed ticket that proves itself.
      expect(code).toMatch(/^[0-9A-Z $%*+\-./:]{132}$/);
      await exit.barrier.cover("arming", true);
      await desk.until("ARMED", (seen) =>
        seen.lanes.some(({ lane, state }) => lane === "exit" && state === "ARMED"),
      );
      await terminal.do("card approve");
      await scanner.do(`scan ${code}`);
      await exit.barrier.driveThrough();
      await exit.barrier.untilClosed();

      expect(await terminal.state()).toMatchObject({ bookings: [{ kind: "payment", amount: 500 }] });
      expect(rows(site.hardware, "select status, fee_minor from stays")).toEqual([
        { status: "closed", fee_minor: 500 },
      ]);
      expect(rows(site.hardware, "select method, amount_minor from payments")).toEqual([
        { method: "card", amount_minor: 500 },
      ]);
      expect(rows(site.hardware, "select direction, kind from movements order by at")).toEqual([
        { direction: "in", kind: "normal" },
        { direction: "out", kind: "normal" },
      ]);
      expect(desk.snapshot()?.alarms).toEqual([]);
    },
  );

  it(
    "lets a permit in by its card, and never charges twice for a payment in doubt",
    { timeout: 120_000 },
    async () => {
      const site = await setUpSite();
      const { entry, exit, desk, reader, scanner, terminal } = site;
      await importPermit(site.hardware);

      await entry.barrier.cover("arming", true);
      await desk.until("ARMED", (seen) =>
        seen.lanes.some(({ lane, state }) => lane === "entry" && state === "ARMED"),
      );
      await reader.do("wiegand 0 0 12345");
      await entry.barrier.driveThrough();
      await entry.barrier.untilClosed();
      expect(rows(site.hardware, "select right_kind, right_id from stays")).toEqual([
        { right_kind: "permit", right_id: "p-1" },
      ]);

      // A second vehicle, with a ticket; its payment hangs (edge case 20).
      await entry.barrier.cover("arming", true);
      await site.display.until("Press the button");
      await entry.board.do("input in6 on");
      await entry.board.do("input in6 off");
      const code = await takeCode(site.printer);
      await desk.until("WAIT_TAKE", (seen) => seen.lanes.some(({ state }) => state === "WAIT_TAKE"));
      await site.printer.do("take");
      await entry.barrier.driveThrough();
      await entry.barrier.untilClosed();

      await exit.barrier.cover("arming", true);
      await desk.until("ARMED", (seen) =>
        seen.lanes.some(({ lane, state }) => lane === "exit" && state === "ARMED"),
      );
      // Somebody has paid there before: only what is newer than that can be this driver's payment.
      await terminal.do("pay 100");
      await terminal.do("card approve");
      await terminal.do("drop after");
      await scanner.do(`scan ${code}`);
      await exit.barrier.driveThrough();
      await exit.barrier.untilClosed();
      expect(await terminal.state()).toMatchObject({ bookings: [{ amount: 100 }, { amount: 500 }] });
      expect(rows(site.hardware, "select method, amount_minor from payments")).toEqual([
        { method: "card", amount_minor: 500 },
      ]);
      const steps = rows<{ status: string }>(
        site.hardware,
        "select status from attempt_steps order by id",
      ).map(({ status }) => status);
      expect(steps).toEqual(["begun", "unknown", "approved"]);
    },
  );

  it(
    "says what is broken, does nothing unsafe meanwhile, and goes on when it is mended",
    { timeout: 120_000 },
    async () => {
      const site = await setUpSite();
      const { entry, exit, desk, printer } = site;
      const alarms = (): string[] =>
        (desk.snapshot()?.alarms ?? [])
          .filter(({ ended_at }) => ended_at === null)
          .map(({ lane, kind }) => `${lane} ${kind}`)
          .toSorted();

      // Edge case 16: the paper is out; the lane says so.
      await printer.do("paper out");
      await desk.until("the paper to be out", () => alarms().includes("entry printer"));
      await printer.do("paper ok");
      await desk.until("the printer to work again", () => alarms().length === 0);

      // A stuck loop: the arm stays up over it, whatever the time.
      await entry.barrier.cover("arming", true);
      await desk.until("ARMED", (seen) =>
        seen.lanes.some(({ lane, state }) => lane === "entry" && state === "ARMED"),
      );
      expect(
        await desk.post("/api/lanes/entry/vend", { reason: "printer test", idempotency_key: randomUUID() }),
      ).toBe(200);
      await entry.barrier.untilOpen();
      await entry.barrier.cover("safety", true);
      await entry.board.do("stick in2 on");
      await entry.barrier.cover("arming", false);
      await entry.barrier.cover("safety", false);
      await new Promise((done) => setTimeout(done, 1_500));
      expect(entry.barrier.isOpen()).toBe(true);
      await entry.board.do("stick in2 free");
      await entry.barrier.untilClosed();

      // Edge case 42: fire opens and latches.
      await entry.board.do("input in7 on");
      await entry.barrier.untilOpen();
      await entry.board.do("input in7 off");
      await desk.until("fire", () => alarms().includes("entry fire"));
      expect(desk.lane("entry")).toMatchObject({ state: "HELD_OPEN", held_by: "fire" });
      expect(await desk.post("/api/lanes/entry/reset", { reason: "false alarm, all clear" })).toBe(200);
      await entry.barrier.untilClosed();
      await desk.until("the fire alarm to end", () => alarms().length === 0);

      // A dead coil: the board says done, the relay does not pull.
      await exit.board.do("dead r1 on");
      await exit.barrier.cover("arming", true);
      await desk.until("the exit to wait", (seen) =>
        seen.lanes.some(({ lane, state }) => lane === "exit" && state === "ARMED"),
      );
      expect(
        await desk.post("/api/lanes/exit/vend", { reason: "let out by hand", idempotency_key: randomUUID() }),
      ).toBe(200);
      await desk.until("the exit to be at fault", (seen) =>
        seen.lanes.some(({ lane, state }) => lane === "exit" && state === "FAULT"),
      );
      expect(alarms()).toContain("exit arm_fault");
      await exit.board.do("dead r1 off");
      expect(await desk.post("/api/lanes/exit/reset", { reason: "relay mended" })).toBe(200);
      await exit.barrier.cover("arming", false);

      // A board that answers nonsense is marked faulty, with the reason on the page.
      await entry.board.do("spoil 1000");
      const nonsense = (): string => desk.lane("entry")?.troubles.join(" ") ?? "";
      await desk.until("the entry's board to be faulty", () => /checksum|nonsense/i.test(nonsense()));
      expect(desk.lane("entry")?.health).toBe("out_of_order");
      await entry.board.do("spoil 0");
      await desk.until("the entry to be well", () => desk.lane("entry")?.health === "ok", 40_000);

      // The line is unplugged and plugged in again.
      await site.lines.entry.unplug();
      await desk.until("the entry to be out of order", () => desk.lane("entry")?.health === "out_of_order");
      expect(desk.lane("entry")?.troubles.join(" ")).not.toBe("");
      await site.lines.entry.plug();
      await desk.until("the entry to be well", () => desk.lane("entry")?.health === "ok", 40_000);
      expect(desk.lane("entry")?.state).toBe("IDLE");
    },
  );
});

/** The text of the QR code of the ticket that comes out. */
async function takeCode(printer: Device): Promise<string> {
  const ticket = (): Told | undefined => printer.said.findLast(({ event }) => event === "ticket");
  const printed = await eventually("a ticket", ticket, (seen) => seen !== undefined, 20_000);
  const codes = printed?.["qr"];
  return Array.isArray(codes) ? String(codes[0]) : "";
}

async function setUpSite() {
  const hardware = setUpHardware();
  const lines = {
    entry: await hardware.line("modbus"),
    reader: await hardware.line("osdp"),
    exit: await hardware.line("numato"),
    scanner: await hardware.line("scanner"),
    display: await hardware.line("display"),
  };
  const listen = ["--listen", "127.0.0.1:0"];
  const [entryBoard, reader, exitBoard, scanner, display, printer, terminal] = await Promise.all([
    hardware.device("modbus", ["--serial", lines.entry.device]),
    hardware.device("osdp", ["--serial", lines.reader.device]),
    hardware.device("numato", ["--serial", lines.exit.device], { channels: "4", inputs: "5" }),
    hardware.device("scanner", ["--serial", lines.scanner.device]),
    hardware.device("cd5220", ["--serial", lines.display.device]),
    hardware.device("escpos", listen, { presenter: "custom" }),
    hardware.device("zvt", listen, { password: "123456" }),
  ]);
  const port = await freePort();
  const config = {
    facility: {
      id: randomUUID(),
      slug: "demo",
      name: "Harbour Square",
      time_zone: "UTC",
      currency: "EUR",
      capacity: 10,
    },
    data_dir: join(hardware.folder, "edge"),
    http: { host: "127.0.0.1", port },
    mqtt: { url: await hardware.broker() },
    attendants: [{ name: "alex", pin_file: secretFile(hardware.folder, "pin-alex", "481516") }],
    tariff: { id: "flat", version: 1, document: { flat: { price: 5 } } },
    boards: [
      { name: "entry-board", driver: "modbus", serial: lines.entry.agent, stale_after_ms: 8_000 },
      {
        name: "exit-board",
        driver: "numato",
        serial: lines.exit.agent,
        channels: 4,
        inputs: 5,
        stale_after_ms: 8_000,
      },
    ],
    readers: [
      { name: "entry-reader", driver: "osdp", serial: lines.reader.agent, address: 0 },
      { name: "exit-scanner", driver: "scanner", serial: lines.scanner.agent },
    ],
    printers: [{ name: "tickets", driver: "escpos", tcp: `127.0.0.1:${printer.port}`, presenter: "custom" }],
    displays: [{ name: "entry-display", driver: "cd5220", serial: lines.display.agent }],
    terminals: [
      {
        name: "cards",
        driver: "zvt",
        tcp: `127.0.0.1:${terminal.port}`,
        password_file: secretFile(hardware.folder, "zvt", "123456"),
      },
    ],
    lanes: [
      {
        name: "entry",
        title: "Entry 1",
        direction: "entry",
        readers: ["entry-reader"],
        printer: "tickets",
        display: "entry-display",
        barrier: { board: "entry-board", relays: { open: "r1", close: "r2" }, rated_ms: 1_000 },
        inputs: {
          arming: "in1",
          safety: "in2",
          closing: "in3",
          closed_limit: "in4",
          open_limit: "in5",
          button: "in6",
          fire: "in7",
        },
        timers: TIMERS,
      },
      {
        name: "exit",
        title: "Exit 1",
        direction: "exit",
        readers: ["exit-scanner"],
        terminal: "cards",
        barrier: { board: "exit-board", relays: { open: "r1", close: "r2" }, rated_ms: 1_000 },
        inputs: { arming: "in1", safety: "in2", closing: "in3", closed_limit: "in4", open_limit: "in5" },
        timers: TIMERS,
      },
    ],
  };
  const contacts = { arming: "in1", safety: "in2", closing: "in3", closed: "in4", open: "in5" };
  const relays = { open: "r1", close: "r2" };
  const entry = { board: entryBoard, barrier: await mountBarrier({ board: entryBoard, contacts, relays }) };
  const exit = { board: exitBoard, barrier: await mountBarrier({ board: exitBoard, contacts, relays }) };
  await hardware.agent(config);
  const desk = openDesk(`http://127.0.0.1:${port}`, "alex", "481516");
  await desk.until(
    "both lanes to be at rest",
    (seen) => seen.lanes.length === 2 && seen.lanes.every(({ state }) => state === "IDLE"),
    40_000,
  );
  await desk.until("all devices to work", (seen) => seen.devices.every(({ ok }) => ok), 40_000);
  return {
    hardware,
    lines,
    entry,
    exit,
    desk,
    reader,
    scanner,
    printer,
    terminal,
    display: {
      until: async (text: string) => {
        const shown = (): string => {
          const last = display.said.findLast(({ event }) => event === "display");
          return ((last?.["lines"] ?? []) as string[]).map((line) => line.trim()).join(" ");
        };
        await eventually(`the display to show ${text}`, shown, (seen) => seen.includes(text), 20_000);
      },
    },
  };
}

async function importPermit({ folder }: Hardware): Promise<void> {
  const permit = {
    id: "p-1",
    cards: [CARD],
    account: "Baker & Co",
    valid_from: "2020-01-01T00:00:00Z",
    valid_until: "2099-01-01T00:00:00Z",
  };
  const file = join(folder, "lists.json");
  writeFileSync(file, JSON.stringify({ version: "1", permits: [permit] }));
  const args = [AGENT, "lists", "import", file, "--config", join(folder, "edge.yaml")];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  expect(stdout).toContain("1 permits");
}

/** Rows of the gate's own database. */
function rows<T = Readonly<Record<string, unknown>>>({ folder }: Hardware, query: string): T[] {
  const db = new Database(join(folder, "edge", "gate.db"), { readonly: true, fileMustExist: true });
  try {
    return db.prepare<[], T>(query).all();
  } finally {
    db.close();
  }
}
