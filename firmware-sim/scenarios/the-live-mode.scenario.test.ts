import { writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import type { LiveState } from "../live/contract.ts";
import { freePort } from "../site/ports.ts";
import { type Program, startProgram } from "../site/program.ts";
import { type Desk, openDesk } from "./desk.ts";
import { secretFile, setUpHardware } from "./hardware.ts";
import { agentConfig, PIN, siteConfig } from "./live-site.ts";
import { eventually } from "./stage.ts";

/** A whole site in real time against a running agent: what is done to it by hand is seen at the gate. */

const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const DIST = resolve(import.meta.dirname, "../../dist");
/** A busy machine. */
const LONG_MS = 60_000;
const SLOWLY = { timeout: 240_000 };

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS.split(" ") });
});
afterAll(() => browser.close());

const running: Program[] = [];
afterEach(async () => {
  for (const program of running.splice(0)) await program.stop();
});

describe("the live mode of the simulator", SLOWLY, () => {
  it("brings every fault to the gate and mends it; a vehicle sent to lane 2 comes in there, pays and leaves", async () => {
    const site = await setUp();
    const { desk } = site;

    // Three wires at once: serial, network, and a printer on TCP; and a loop that somebody lays metal on.
    const faults = [
      { target: "device/exit-board", what: "silence" },
      { target: "cable/field-network", what: "cut" },
      { target: "device/tickets", what: "cover" },
      { target: "exit/safety", what: "cover" },
    ];
    for (const fault of faults.slice(1)) await site.post("/faults", fault);
    await desk.until("the covered loop", (seen) => laneOf(seen, "exit")?.inputs.safety === "on", LONG_MS);
    await site.post("/faults", faults[0] ?? {});
    await desk.until("the exit to be out of order", isOutOfOrder("exit"), LONG_MS);
    await desk.until("the entries to be out of order", isOutOfOrder("entry-1", "entry-2"), LONG_MS);
    await desk.until("the printer's alarm", hasAlarm("entry-1", "printer"), LONG_MS);
    expect((await site.state()).things.flatMap((thing) => faultsOf(thing))).toEqual(
      expect.arrayContaining(faults.map(({ target, what }) => `${target} ${what}`)),
    );
    for (const fault of faults) await site.post("/faults", { ...fault, on: false });
    await desk.until("everything to be well", isWell, LONG_MS);
    expect((await site.state()).things.flatMap((thing) => faultsOf(thing))).toEqual([]);

    // By hand, on the page.
    const { page, complaints } = await open(site.control);
    const paperOut = page.getByRole("button", { name: "tickets: Paper out" });
    await paperOut.click();
    await desk.until("the paper to be out", hasAlarm("entry-1", "printer"), LONG_MS);
    expect(await paperOut.getAttribute("aria-pressed")).toBe("true");
    await paperOut.click();
    await desk.until("the paper to be in", isWell, LONG_MS);

    await page.getByLabel("Plate").fill("ABC123");
    await page.getByRole("combobox", { name: "To lane" }).click();
    await page.getByRole("option", { name: "2: entry-2" }).click();
    await page.getByRole("button", { name: "Send" }).click();
    await page
      .getByRole("region", { name: "Lane 2: entry-2" })
      .getByLabel(/^ABC123/)
      .waitFor();
    // Meanwhile another takes a ticket at lane 1.
    await site.post("/vehicles", { plate: "HH TK 77", lane: "entry-1", stay_minutes: 600 });
    await desk.until("ABC123 to come in", hasMoved("in", "entry-2", "ABC123"), LONG_MS);
    await desk.until("HHTK77 to come in", hasMoved("in", "entry-1", "HHTK77"), LONG_MS);
    expect((await site.state()).inside).toMatchObject([
      { ticket: false },
      { plate: "HH TK 77", ticket: true },
    ]);

    await page.getByRole("button", { name: "Leave now: ABC123" }).click();
    await desk.until("ABC123 to have paid by card and left", hasMoved("out", "exit", "ABC123"), LONG_MS);
    await site.post("/vehicles/HHTK77/depart", {});
    const seen = await desk.until("HHTK77 to leave", hasMoved("out", "exit", "HHTK77"), LONG_MS);
    expect(seen.today).toMatchObject({ in: 2, out: 2, card_minor: 1_000, cash_minor: 0 });
    expect(site.said("ticket_shown")).toMatchObject([{ plate: "HHTK77" }]);
    const { counters } = await eventually(
      "the world to have seen it leave too",
      site.state,
      (state) => state.counters.out === 2,
      LONG_MS,
    );
    expect(counters).toMatchObject({ in: 2, inside: 0, arm_hits: 0 });
    const speed = page.getByRole("slider", { name: "Speed" });
    for (let times = 0; times < 3; times++) await speed.press("ArrowRight");
    await eventually("the speed", site.state, (state) => state.speed === 4, LONG_MS);
    await page.context().close();
    expect(complaints).toEqual([]);
  });
});

const laneOf = ({ lanes }: KioskSnapshot, name: string) => lanes.find(({ lane }) => lane === name);
const faultsOf = ({ target, faults }: LiveState["things"][number]): string[] =>
  faults.filter(({ on }) => on === true).map(({ what }) => `${target} ${what}`);

function isOutOfOrder(...names: readonly string[]): (seen: KioskSnapshot) => boolean {
  return (seen) => names.every((name) => laneOf(seen, name)?.health === "out_of_order");
}

function hasAlarm(lane: string, kind: string): (seen: KioskSnapshot) => boolean {
  return ({ alarms }) =>
    alarms.some((alarm) => alarm.lane === lane && alarm.kind === kind && alarm.ended_at === null);
}

function hasMoved(direction: "in" | "out", lane: string, plate: string): (seen: KioskSnapshot) => boolean {
  return ({ movements }) =>
    movements.some((one) => one.direction === direction && one.lane === lane && one.plate === plate);
}

function isWell({ lanes, devices, alarms }: KioskSnapshot): boolean {
  const isCalm =
    lanes.length === 3 && lanes.every(({ state, health }) => state === "IDLE" && health === "ok");
  return isCalm && devices.every(({ ok }) => ok) && alarms.every(({ ended_at }) => ended_at !== null);
}

type Site = {
  readonly desk: Desk;
  /** Address of the control page. */
  readonly control: string;
  readonly post: (path: string, body: object) => Promise<void>;
  readonly state: () => Promise<LiveState>;
  /** What the simulator has said of this kind. */
  readonly said: (event: string) => readonly Readonly<Record<string, unknown>>[];
};

async function setUp(): Promise<Site> {
  const hardware = setUpHardware();
  const { folder } = hardware;
  const ports = {
    agent: await freePort(),
    cable: await freePort(),
    printer: await freePort(),
    scanner: await freePort(),
    display: await freePort(),
    terminal: await freePort(),
  };
  const options = {
    folder,
    mqttUrl: await hardware.broker(),
    line: await hardware.line("exit-board"),
    ports,
    secret: (name: string, text: string) => secretFile(folder, name, text),
  };
  const siteFile = join(folder, "site.yaml");
  writeFileSync(siteFile, JSON.stringify(siteConfig(options)));
  const events: Readonly<Record<string, unknown>>[] = [];
  const simulator = startProgram({
    name: "sim",
    file: join(DIST, "firmware-sim/main.mjs"),
    args: ["--site", siteFile],
    logFile: join(folder, "sim.log"),
    onEvent: (event) => events.push(event),
  });
  running.push(simulator);
  await hardware.agent(agentConfig(options));
  await simulator.ready;
  const told = await eventually(
    "the control page's address",
    () => events.find(({ event }) => event === "ready")?.["control"],
    (url) => typeof url === "string",
    LONG_MS,
  );
  const control = String(told);
  const desk = openDesk(`http://127.0.0.1:${ports.agent}`, "alex", PIN);
  await desk.until("the site to be well", isWell, LONG_MS);
  return {
    desk,
    control,
    said: (event) => events.filter((one) => one["event"] === event),
    post: async (path, body) => {
      const headers = { "content-type": "application/json", origin: control };
      const answer = await fetch(`${control}${path}`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(`${path} was refused: ${await answer.text()}`);
    },
    state: async () => (await (await fetch(`${control}/state`)).json()) as LiveState,
  };
}

/** The page, and whatever it complains about, what its policy forbids as well. */
async function open(url: string): Promise<{ readonly page: Page; readonly complaints: readonly string[] }> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}
