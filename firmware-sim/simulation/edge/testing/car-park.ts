import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Vehicle } from "../../../traffic/demand.ts";
import { createRandom, type Random } from "../../../traffic/random.ts";
import { createGate, type Gate } from "../../../world/gate.ts";
import type { Entry, Told } from "../../journal.ts";
import type { SitePlan } from "../../schedule.ts";
import { installVirtualGlobals } from "../../time/virtual-globals.ts";
import { VirtualTime } from "../../time/virtual-time.ts";
import { createHardware, type Hardware } from "../hardware/hardware.ts";
import { createMachine, type Machine, type MachineOptions } from "../machine.ts";

const TICK_MS = 50;

export const SITE: SitePlan = {
  slug: "small",
  facilityId: "0197a000-0000-7000-8000-000000000001",
  name: "Small Yard",
  timeZone: "Europe/Berlin",
  currency: "EUR",
  startMs: Date.UTC(2026, 2, 2, 7),
  capacity: 20,
  zones: [],
  lanes: [
    {
      name: "entry",
      direction: "entry",
      zone: null,
      ratedMs: 1_500,
      has: {
        closing: true,
        photocell: true,
        openLimit: true,
        camera: true,
        printer: true,
        scanner: false,
        terminal: false,
      },
      ticket: "no_plate",
    },
    {
      name: "exit",
      direction: "exit",
      zone: null,
      ratedMs: 1_500,
      has: {
        closing: true,
        photocell: false,
        openLimit: false,
        camera: true,
        printer: false,
        scanner: true,
        terminal: true,
      },
      ticket: "no_plate",
    },
  ],
  tariffs: [
    {
      name: "Hourly",
      hourly: { price: "2.00", per_minutes: 60 },
      graces: { exit_minutes: 15 },
      lost_ticket: { true_time: { fee: 10, otherwise: 40 } },
    },
  ],
  permits: [],
  antiPassback: "soft",
  attendants: ["alex"],
  floatMinor: 10_000,
  helpMs: 60_000,
  hasCloud: false,
  link: "always",
};

/** Whoever drives in this car park: what they have in hand, and what a camera takes their plate for. */
export type Driver = { readonly vehicle: Vehicle; readonly isRead: boolean; code: string | null };

/** A car park with its gate's computer, in virtual time; drivers take tickets, show them and pay by card by themselves. */
export class CarPark {
  readonly time: VirtualTime;
  readonly journal: Entry[] = [];
  readonly gates: ReadonlyMap<string, Gate>;
  readonly hardware: Hardware;
  readonly machine: Machine;
  readonly random: Random;
  /** Who has gone through which lane. */
  readonly passed: { readonly lane: string; readonly plate: string }[] = [];
  /** Whether drivers act at all. */
  hasPeople = true;
  private readonly drivers = new Map<string, Driver>();
  private readonly folder: string;
  private readonly restore: () => void;
  private isOver = false;
  private isResting = false;

  /** @param cloud whom its gate knows at headquarters, in the same time. */
  constructor(
    seed: number,
    site: SitePlan = SITE,
    { time, cloud }: { readonly time: VirtualTime; readonly cloud: MachineOptions["cloud"] } = {
      time: new VirtualTime(),
      cloud: null,
    },
  ) {
    this.time = time;
    this.random = createRandom(`car park ${seed}`);
    const fetch = () => Promise.reject(new TypeError("fetch failed: there is no network"));
    this.restore = installVirtualGlobals(time, { random: this.random.fork("programs").next, fetch });
    this.folder = mkdtempSync(join(tmpdir(), "parkme-simulation-"));
    this.gates = new Map(site.lanes.map((lane) => [lane.name, createGate(lane)]));
    const tell = (told: Told): void =>
      void this.journal.push({ step: time.steps, atMs: time.nowMs, ...told });
    const random = this.random.fork("hardware");
    this.hardware = createHardware(site, this.gates, { time, random, tell });
    this.machine = createMachine({
      site,
      folder: join(this.folder, "gate"),
      hardware: this.hardware,
      time,
      random: this.random.fork("machine"),
      tell,
      cloud,
    });
    this.tickLater();
  }

  end(): void {
    this.isOver = true;
    this.machine.kill();
    this.restore();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Drives up to a lane. */
  drive(lane: string, driver: Driver): void {
    this.drivers.set(driver.vehicle.plate.text, driver);
    if (this.gates.get(lane)?.enter(driver.vehicle) !== true) throw new Error(`${lane} is full`);
  }

  async run(ms: number): Promise<void> {
    const endMs = this.time.nowMs + ms;
    await this.until(() => this.time.nowMs >= endMs, ms + TICK_MS);
  }

  /** Nobody comes for so long, and nothing moves. */
  async rest(ms: number): Promise<void> {
    const endMs = this.time.nowMs + ms;
    this.isResting = true;
    this.time.after(ms, () => false, { life: null });
    await this.until(() => this.time.nowMs >= endMs, ms);
    this.isResting = false;
    this.tickLater();
  }

  /** @throws when it is not so after so long. */
  async until(isSo: () => boolean, withinMs = 120_000): Promise<void> {
    const endMs = this.time.nowMs + withinMs;
    while (!isSo()) {
      if (this.time.nowMs > endMs) throw new Error(`not so after ${withinMs} ms\n${this.story()}`);
      await this.time.step();
    }
  }

  /** The journal, a line for each entry. */
  story(): string {
    return this.journal.map((entry) => JSON.stringify(entry)).join("\n");
  }

  told<K extends Entry["kind"]>(kind: K): Extract<Entry, { kind: K }>[] {
    return this.journal.filter((entry): entry is Extract<Entry, { kind: K }> => entry.kind === kind);
  }

  private tickLater(): void {
    this.time.after(TICK_MS, () => this.tick(), { life: null });
  }

  private tick(): boolean {
    if (this.isOver || this.isResting) return false;
    for (const [lane, gate] of this.gates) {
      for (const { kind, vehicle } of gate.step(TICK_MS)) {
        const { text } = vehicle.plate;
        const driver = this.drivers.get(text);
        if (kind === "passed") this.passed.push({ lane, plate: text });
        if (kind === "in_view")
          this.hardware.lane(lane).camera?.see(driver?.isRead === true ? text : null, 0.95);
      }
      if (this.hasPeople) this.act(lane, gate);
    }
    this.hardware.sense();
    this.tickLater();
    return false;
  }

  /** Whoever stands foremost at a lane. */
  private act(lane: string, gate: Gate): void {
    const first = gate.vehicles().find(({ phase }) => phase === "waiting");
    const driver = first && this.drivers.get(first.vehicle.plate.text);
    if (driver === undefined) return;
    const { printer, scanner, terminal, button } = this.hardware.lane(lane);
    const stood = Math.round(first?.waitedMs ?? 0);
    const ticket = printer?.ticket() ?? null;
    if (ticket !== null && driver.code === null) {
      driver.code = ticket.code;
      printer?.take();
    }
    if (stood > 6_000 && stood % 10_000 < TICK_MS && driver.code === null && !driver.isRead) button?.press();
    if (stood % 10_000 < TICK_MS && driver.code !== null) scanner?.show(driver.code);
    if (terminal !== null && terminal.waiting() !== null) terminal.present("good");
  }
}
