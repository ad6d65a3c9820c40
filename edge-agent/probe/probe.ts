import { randomBytes } from "node:crypto";
import type { Clock } from "@parkme/shared/domain/clock";
import { createIdMint, type CommandId, type JobId } from "@parkme/shared/domain/ids";
import type { EdgeConfig } from "../config/load.ts";
import type { DeviceContext } from "../devices/context.ts";
import type { Board, BoardEvent, Printer } from "../devices/ports.ts";
import { createBoard } from "../devices/registry/boards.ts";
import { createCamera } from "../devices/registry/cameras.ts";
import { createDisplay } from "../devices/registry/displays.ts";
import { createPrinter } from "../devices/registry/printers.ts";
import { createReader } from "../devices/registry/readers.ts";
import { createTerminal } from "../devices/registry/terminals.ts";
import { healthOf } from "../gate/lane-devices.ts";
import { twoLines } from "../gate/two-lines.ts";
import { testPage } from "../tickets/ticket-document.ts";

/** The commissioning check: talks to one device of the configuration, and tells what it says. */

export type ProbeRequest = {
  readonly device: string;
  readonly seconds: number;
  /** A relay to pulse, once the board has answered. */
  readonly pulse: string | null;
  readonly print: boolean;
  /** Opens the cash drawer that hangs on a printer. */
  readonly drawer: boolean;
  readonly show: string | null;
};

/** One thing that was learnt, `atMs` after the start. */
export type Finding = { readonly atMs: number; readonly what: string; readonly detail: unknown };
export type ProbeReport = {
  readonly device: string;
  readonly driver: string;
  readonly ok: boolean;
  readonly summary: string;
};

type Told = (what: string, detail: unknown) => void;
/** What a probe needs of its surroundings; `until` is over when the time is. */
type Session = {
  readonly context: DeviceContext;
  readonly clock: Clock;
  readonly request: ProbeRequest;
  readonly place: { readonly facilityName: string; readonly timeZone: string; readonly locale: string };
  readonly told: Told;
  /** Ends the probe before its time: everything asked for is known. */
  readonly finish: () => void;
};
/** Runs while the probe lasts; says at its end whether the device works, and if not, why. */
type Probed = { readonly stop: () => Promise<void>; readonly verdict: () => string | null };

/** Null when the configuration has no such device. */
export async function probe(
  config: EdgeConfig,
  request: ProbeRequest,
  context: DeviceContext,
  tell: (finding: Finding) => void,
): Promise<ProbeReport | null> {
  const { clock } = context;
  const startMs = clock.monotonicMs();
  let finish: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const told: Told = (what, detail) =>
    tell({ atMs: Math.round(clock.monotonicMs() - startMs), what, detail });
  const { name: facilityName, time_zone: timeZone } = config.facility;
  const place = { facilityName, timeZone, locale: "en-GB" };
  const begun = await begin(config, { context, clock, request, place, told, finish });
  if (begun === null) return null;
  const patience = setTimeout(finish, request.seconds * 1_000);
  await over;
  clearTimeout(patience);
  await begun.probed.stop();
  const why = begun.probed.verdict();
  return { device: request.device, driver: begun.driver, ok: why === null, summary: why ?? "works" };
}

async function begin(
  config: EdgeConfig,
  session: Session,
): Promise<{ readonly driver: string; readonly probed: Probed } | null> {
  const { context, request } = session;
  const named = <T extends { readonly name: string }>(devices: readonly T[]): T | undefined =>
    devices.find(({ name }) => name === request.device);
  const board = named(config.boards);
  if (board) return { driver: board.driver, probed: await probeBoard(createBoard(board, context), session) };
  const printer = named(config.printers);
  if (printer)
    return { driver: printer.driver, probed: await probePrinter(createPrinter(printer, context), session) };
  const reader = named(config.readers);
  if (reader?.driver === "board") {
    const wired = config.boards.find(({ name }) => name === reader.board);
    if (wired)
      return { driver: reader.driver, probed: await probeBoard(createBoard(wired, context), session) };
  }
  if (reader) {
    const { reader: made } = createReader(reader, context);
    return {
      driver: reader.driver,
      probed: await listen(session, made, (sink) =>
        made.start((e) => sink(e.kind === "health" ? e.health : null, e)),
      ),
    };
  }
  const display = named(config.displays);
  if (display) {
    const made = createDisplay(display, context);
    const probed = await listen(session, made, (sink) => made.start((health) => sink(health, health)));
    made.show(twoLines(request.show ?? "ParkMe Gate display test"));
    return { driver: display.driver, probed };
  }
  const terminal = named(config.terminals);
  if (terminal) {
    const made = createTerminal(terminal, context);
    return {
      driver: terminal.driver,
      probed: await listen(session, made, (sink) =>
        made.start((e) => sink(e.kind === "health" ? e.health : null, e)),
      ),
    };
  }
  const camera = named(config.cameras);
  return camera
    ? { driver: camera.driver, probed: await probeCamera(createCamera(camera, context), session) }
    : null;
}

type HealthLike = { readonly ok: boolean; readonly reason: string };

/** A device that works when it says so itself. */
async function listen(
  { told }: Session,
  device: { readonly stop: () => Promise<void> },
  start: (sink: (health: HealthLike | null, event: unknown) => void) => Promise<void>,
): Promise<Probed> {
  let why: string | null = "it said nothing";
  await start((health, event) => {
    if (health !== null) why = health.ok ? null : health.reason;
    told(health === null ? "event" : "health", event);
  });
  return { stop: () => device.stop(), verdict: () => why };
}

async function probeCamera(device: ReturnType<typeof createCamera>, { told }: Session): Promise<Probed> {
  if (device.via === "push") {
    told(
      "camera",
      "pushes over HTTP: run the agent, and look at parkme_device_events_total and the kiosk page",
    );
    return {
      stop: () => Promise.resolve(),
      verdict: () => "cannot be asked: it pushes to the running agent",
    };
  }
  let reads = 0;
  await device.camera.start(({ image, ...read }) => {
    reads += 1;
    told("read", { ...read, imageBytes: image?.length ?? 0 });
  });
  return {
    stop: () => device.camera.stop(),
    verdict: () => (reads > 0 ? null : "it read no plate in this time"),
  };
}

async function probePrinter(
  printer: Printer,
  { told, request, clock, finish, place }: Session,
): Promise<Probed> {
  const mint = createIdMint((length) => randomBytes(length));
  let why: string | null = "it said nothing";
  let asked = false;
  await printer.start((event) => {
    told(event.kind, event);
    if (event.kind === "failed") why = event.reason;
    if (event.kind === "printed") {
      why = null;
      finish();
    }
    if (event.kind !== "health") return;
    const { ok, reason } = healthOf(event.health);
    why = ok ? null : reason;
    if (!ok || asked) return;
    asked = true;
    if (request.drawer) told("drawer", printer.openDrawer() ? "told to open" : "cannot be reached");
    if (!request.print) return;
    why = "it did not say that it printed";
    const id = mint.next<JobId>(clock.wallMs());
    printer.print({
      id,
      document: testPage({ printerName: printer.name, ...place, wallMs: clock.wallMs() }),
      deadlineMs: clock.monotonicMs() + 5_000,
    });
  });
  return { stop: () => printer.stop(), verdict: () => why };
}

const PULSE_MS = 500;

async function probeBoard(board: Board, session: Session): Promise<Probed> {
  const { told, request, clock } = session;
  const mint = createIdMint((length) => randomBytes(length));
  let why: string | null = "it did not answer";
  let last = "";
  let pulsed: "no" | "asked" | "done" = "no";
  const seen: boolean[] = [];

  function pulse(relay: string): void {
    pulsed = "asked";
    const id = mint.next<CommandId>(clock.wallMs());
    told("pulse", { relay, ms: PULSE_MS });
    board.command({ id, relay, release: [], pulseMs: PULSE_MS, deadlineMs: clock.monotonicMs() + 2_000 });
  }

  function heard(event: BoardEvent): void {
    if (event.kind === "lost") why = event.reason;
    if (event.kind === "outcome") {
      pulsed = "done";
      why = event.outcome === "done" ? null : `the pulse was ${event.outcome}: ${event.detail}`;
    }
    if (event.kind === "inputs") {
      const level = request.pulse === null ? undefined : event.outputs?.[request.pulse];
      if (level !== undefined && pulsed !== "no") seen.push(level);
      const { kind: _kind, ...image } = event;
      const text = JSON.stringify([image.levels, image.outputs]);
      if (pulsed === "no") why = null;
      if (text !== last) told("image", image);
      last = text;
      if (request.pulse !== null && pulsed === "no") pulse(request.pulse);
      return;
    }
    told(event.kind, event);
  }

  await board.start(heard);
  return {
    stop: () => board.stop(),
    verdict: () => {
      if (request.pulse === null || why !== null) return why;
      if (pulsed !== "done") return "the pulse had no outcome in this time";
      if (seen.length === 0) return null;
      if (!seen.includes(true)) return "the relay was not seen to pull, though the board said so";
      return seen.at(-1) === true ? "the relay is still on" : null;
    },
  };
}
