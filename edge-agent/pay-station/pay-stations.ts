import type { Clock } from "@parkme/shared/domain/clock";
import { readClock } from "@parkme/shared/domain/clock";
import type { Facility } from "@parkme/shared/domain/facility";
import type { TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId, IdMint, PaymentId, StayId } from "@parkme/shared/domain/ids";
import type { PayStationSection } from "../config/pay-station-section.ts";
import type { Display, Health, PaymentTerminal, Printer, Reader } from "../devices/ports.ts";
import { healthOf } from "../gate/lane-devices.ts";
import type { Store } from "../store/store.ts";
import { lookUp, type LookUpSources } from "./look-up.ts";
import type { Attempt, StationDevice, StationOrder, StationState } from "./machine/model.ts";
import { createStationRunner, type StationRunner, type StationWorld } from "./station-runner.ts";

export type PayStationDeps = Omit<LookUpSources, "store"> & {
  readonly facility: Facility;
  /** Devices that stand at no lane: made, and not started. Printers are shared. */
  readonly devices: {
    readonly readers: ReadonlyMap<string, Reader>;
    readonly printers: ReadonlyMap<string, Printer>;
    readonly displays: ReadonlyMap<string, Display>;
    readonly terminals: ReadonlyMap<string, PaymentTerminal>;
  };
  readonly note: (device: string, health: Health) => void;
  readonly store: LookUpSources["store"] & Pick<Store, "record" | "settleFree" | "openAttempts">;
  /** Prints the receipt of a payment, in its own time. */
  readonly printPayment: (paymentId: PaymentId, printer: string) => void;
  readonly stayChanged: (stayId: StayId) => void;
  readonly mint: IdMint;
  readonly clock: Clock;
  readonly log: StationWorld["log"];
};

export type StationView = {
  readonly name: string;
  readonly title: string;
  readonly state: StationState;
  readonly lines: readonly [string, string];
};

export type PayStations = {
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly states: () => readonly StationView[];
  /** Somebody paid for, validated or amended this stay. */
  readonly stayChanged: (stayId: StayId) => void;
  /** What became of a card payment of the station of that name, told in its terminal's place. */
  readonly answerFor: (place: string, attemptId: AttemptId, outcome: TerminalOutcome) => void;
};

/** The pay stations of a facility, joined to their devices. */
export function createPayStations(config: readonly PayStationSection[], deps: PayStationDeps): PayStations {
  const stations = config.map((section) => joinStation(section, deps));
  return {
    start: async () => {
      for (const { start } of stations) await start();
    },
    stop: async () => {
      await Promise.all(stations.map(({ stop }) => stop()));
    },
    states: () =>
      stations.map(({ section: { name, title }, runner }) => {
        const { state, lines } = runner.station();
        return { name, title, state, lines };
      }),
    stayChanged: (stayId) => {
      for (const { runner } of stations) runner.tell({ kind: "stay_changed", stayId });
    },
    answerFor: (place, attemptId, outcome) => {
      const station = stations.find(({ section }) => section.name === place);
      station?.runner.tell({ kind: "terminal", attemptId, outcome });
    },
  };
}

function joinStation(section: PayStationSection, deps: PayStationDeps) {
  const { name: place } = section;
  const { store, clock, facility } = deps;
  const devices = devicesOf(section, deps);
  const { readers, display, terminal } = devices;

  function order(one: StationOrder): void {
    switch (one.kind) {
      case "authorise":
        return terminal.ask({ ...one, currency: facility.currency });
      case "enquire":
      case "abort":
        return terminal.ask(one);
      case "indicate":
        for (const reader of readers) reader.indicate(one.signal);
        return;
      case "receipt":
        if (section.printer !== undefined) deps.printPayment(one.paymentId, section.printer);
        return;
      default:
        one satisfies never;
    }
  }

  const runner = createStationRunner(
    {
      name: place,
      currency: facility.currency,
      timeZone: facility.timeZone,
      payMs: section.pay_ms,
      showMs: section.show_ms,
    },
    leftOpen(place, deps),
    {
      ...deps,
      lookUp: (request) => lookUp(request, place, readClock(clock), deps),
      record: (records, settled) => {
        const now = readClock(clock);
        if (records.length > 0) store.record({ place, records }, now);
        for (const { stayId, quote } of settled)
          store.settleFree({ stayId, place, quote, actor: place }, now);
      },
      order,
      show: ({ lines }) => display?.show(lines),
    },
  );
  return { section, runner, ...startAndStop(devices, runner, deps) };
}

/** Card payments that an earlier run has not settled, with what was to be paid when they were begun. */
function leftOpen(place: string, { store, due }: Pick<PayStationDeps, "store" | "due">): Attempt[] {
  return store.openAttempts(place).map(({ attemptId, stayId, amountMinor }) => {
    const account = store.stayAccount(stayId);
    const owed = account === null ? null : due(account, mintedAtMs(attemptId));
    const quote = owed?.ok === true ? owed.value.quote : null;
    return { attemptId, stayId, amountMinor, quote, phase: "unknown" };
  });
}

/** A UUIDv7 begins with the Unix milliseconds at which it was minted (RFC 9562, 5.7). */
function mintedAtMs(id: AttemptId): number {
  return Number.parseInt(id.slice(0, 8) + id.slice(9, 13), 16);
}

type Devices = ReturnType<typeof devicesOf>;

function devicesOf({ readers, display, terminal, printer }: PayStationSection, { devices }: PayStationDeps) {
  return {
    readers: readers.map((name) => found(devices.readers, name)),
    display: display === undefined ? null : found(devices.displays, display),
    terminal: found(devices.terminals, terminal),
    printer: printer === undefined ? null : found(devices.printers, printer),
  };
}

function found<T>(devices: ReadonlyMap<string, T>, name: string): T {
  const device = devices.get(name);
  if (device === undefined) throw new Error(`no device ${name}`);
  return device;
}

function startAndStop(
  { readers, display, terminal, printer }: Devices,
  runner: StationRunner,
  { note, log }: Pick<PayStationDeps, "note" | "log">,
) {
  const tell = (device: StationDevice, { ok, reason }: Health): void =>
    runner.tell({ kind: "device", device, ok, reason });
  const heard = (name: string, device: StationDevice, health: Health): void => {
    note(name, health);
    tell(device, health);
  };

  async function startReaders(): Promise<void> {
    const ill = new Map<string, string>();
    for (const reader of readers)
      await reader.start((event) => {
        if (event.kind === "credential")
          return runner.tell({ kind: "shown", shown: { medium: event.medium, text: event.text } });
        note(reader.name, event.health);
        if (event.health.ok) ill.delete(reader.name);
        else ill.set(reader.name, event.health.reason);
        // One that works is enough.
        const [[name, reason] = ["", ""]] = ill;
        const ok = ill.size < readers.length;
        tell("reader", { ok, reason: ok ? "" : `${name}: ${reason}` });
      });
  }

  async function startTerminal(): Promise<void> {
    await terminal.start((event) => {
      if (event.kind === "health") return heard(terminal.name, "terminal", event.health);
      if (event.kind === "result")
        runner.tell({ kind: "terminal", attemptId: event.attemptId, outcome: event.outcome });
    });
  }

  return {
    start: async (): Promise<void> => {
      await display?.start((health) => heard(display.name, "display", health));
      await printer?.start((event) => {
        if (event.kind === "health") heard(printer.name, "printer", healthOf(event.health));
      });
      await startTerminal();
      await startReaders();
      runner.start();
    },
    stop: async (): Promise<void> => {
      runner.stop();
      const all = [...readers, display, terminal, printer].filter((device) => device !== null);
      const ended = await Promise.allSettled(all.map((device) => device.stop()));
      for (const end of ended)
        if (end.status === "rejected")
          log.warn({ err: end.reason as unknown }, "a device could not be stopped");
    },
  };
}
