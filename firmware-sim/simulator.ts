import { startAttendant, type Attendant } from "./attendant/attendant.ts";
import type { Camera } from "./cameras/camera.ts";
import { startHikvisionCamera } from "./cameras/hikvision-camera.ts";
import { startMqttCamera } from "./cameras/mqtt-camera.ts";
import { createCustomers, type CustomerEvent, type Customers } from "./customers/customers.ts";
import type { Site } from "./site-file.ts";
import { createRandom } from "./traffic/random.ts";
import { createFacilityWorld, type FacilityWorld, type WorldEvent } from "./world/facility-world.ts";
import type { ParkedVehicle } from "./world/spots.ts";
import { followRelays, relayWire, wireInputs, type LaneWiring } from "./wiring/lane-wiring.ts";
import { createPace, type Pace } from "./wiring/pace.ts";
import { startBoards, type SimulatedBoard } from "./wiring/site-boards.ts";
import { mqttLink, startSiteDevices, type RunningDevice, type Told } from "./wiring/site-devices.ts";

export type SimulatorOptions = {
  readonly site: Site;
  /** Who is inside at the start, and the tickets that they carry, by plate. */
  readonly parked?: readonly ParkedVehicle[];
  readonly tickets?: ReadonlyMap<string, string>;
  readonly onEvent?: (event: WorldEvent) => void;
  /** Of the drivers' hands. */
  readonly onCustomer?: (event: CustomerEvent) => void;
  /** What one of the site's `devices` says, or what is wrong with a board's line. */
  readonly onTold?: (name: string, told: Told) => void;
};

/** A running site. Its parts are open to whoever wants to disturb them. */
export type Simulator = {
  readonly site: Site;
  readonly world: FacilityWorld;
  readonly boards: ReadonlyMap<string, SimulatedBoard>;
  /** The site's `devices` and cables. */
  readonly devices: ReadonlyMap<string, RunningDevice>;
  readonly cameras: ReadonlyMap<string, Camera>;
  readonly wiring: LaneWiring;
  readonly customers: Customers;
  readonly pace: Pace;
  readonly attendant: Attendant | null;
  /** What is wrong with cameras and cards; to be changed at will. */
  readonly mischief: Mischief;
  /** Ends everything; relays fall off. The world stands still afterwards and can still be read. */
  readonly stop: () => Promise<void>;
};

/** Names of the devices that do it. */
export type Mischief = {
  /** Cameras that see nothing, or read every plate wrongly. */
  readonly blindCameras: Set<string>;
  readonly misreadingCameras: Set<string>;
  /** Terminals at which the bank declines every card. */
  readonly decliningTerminals: Set<string>;
};

const TICK_MS = 20;
/** What a machine that stalled does not catch up with: the world stood still for longer stalls. */
const MAX_CATCH_UP_MS = 500;

type Stops = (() => Promise<void>)[];

/**
 * Puts a site up and runs it in real time. Rejects when a TCP port cannot be bound; a broker, an agent or a serial
 * device that is not there yet is waited for.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const stops: Stops = [];
  try {
    return await start(options, stops);
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

async function start(options: SimulatorOptions, stops: Stops): Promise<Simulator> {
  const { site } = options;
  const random = createRandom(site.seed);
  const world = createWorld(options);
  const pace = createPace(world, site.speed);
  // What a device says while it is being started is heard by nobody yet.
  let customers: Customers | null = null;
  const onTold = (name: string, told: Told): void => {
    followRelays(site, world, name, told);
    customers?.told(name, told);
    options.onTold?.(name, told);
  };
  const devices = await startSiteDevices(site, onTold, stops);
  const boards = await startBoards(
    site,
    (board) => relayWire(site, world, board),
    (board, error) => onTold(board, { event: "not_plugged", device: board, reason: String(error) }),
    stops,
  );
  const mischief: Mischief = {
    blindCameras: new Set(),
    misreadingCameras: new Set(),
    decliningTerminals: new Set(),
  };
  const cameras = startCameras(site, random.fork("cameras"), mischief, stops);
  const attendant = startSiteAttendant(site, random.fork("attendant"));
  if (attendant !== null) stops.push(attendant.stop);
  const wiring = wireInputs(site, world, boards, devices);
  const hands = createCustomers({
    world,
    devices,
    random: random.fork("customers"),
    lostTicketChance: site.drivers.lost_ticket_chance,
    cashChance: site.drivers.cash_chance,
    tickets: options.tickets ?? new Map(),
    button: (lane) => buttonOf(site, wiring, lane),
    declines: (terminal) => mischief.decliningTerminals.has(terminal),
    onEvent: (event) => options.onCustomer?.(event),
  });
  customers = hands;
  const tick = (): void => {
    for (const event of world.step(TICK_MS)) {
      if (event.kind === "in_view" && !isBlind(site, mischief, event.lane))
        void cameraOf(site, cameras, event.lane)?.see(event.vehicle);
      if (event.kind === "movement" && event.direction === "out") hands.left(event.vehicle.plate.text);
      options.onEvent?.(event);
    }
    hands.step(TICK_MS);
  };
  wiring.carry();
  const ticker = startTicker(() => {
    if (!pace.isPaused()) tick();
    wiring.carry();
  });
  stops.push(async () => clearInterval(ticker));
  return {
    site,
    world,
    boards,
    devices,
    cameras,
    wiring,
    customers: hands,
    pace,
    attendant,
    mischief,
    stop: () => stopAll(stops),
  };
}

function createWorld({ site, parked }: SimulatorOptions): FacilityWorld {
  return createFacilityWorld({
    seed: site.seed,
    demand: {
      arrivalsPerHour: site.arrivals_per_hour,
      meanStayMinutes: site.mean_stay_minutes,
      speed: site.speed,
    },
    capacity: site.capacity,
    backOutChance: site.back_out_chance,
    lanes: site.lanes.map(({ name, direction, barrier, queue_limit }) => {
      return { name, direction, ratedMs: barrier.rated_ms, queueLimit: queue_limit };
    }),
    ...(parked === undefined ? {} : { parked }),
  });
}

async function stopAll(stops: Stops): Promise<void> {
  await Promise.all(stops.toReversed().map((stop) => stop()));
}

function startTicker(tick: () => void): NodeJS.Timeout {
  let doneMs = performance.now();
  return setInterval(() => {
    const nowMs = performance.now();
    doneMs = Math.max(doneMs, nowMs - MAX_CATCH_UP_MS);
    for (; nowMs - doneMs >= TICK_MS; doneMs += TICK_MS) tick();
  }, TICK_MS);
}

function buttonOf(site: Site, wiring: LaneWiring, lane: string): ((pressed: boolean) => void) | null {
  const isWired = site.lanes.find(({ name }) => name === lane)?.inputs.button !== undefined;
  return isWired ? (pressed) => wiring.cover(lane, "button", pressed) : null;
}

function startCameras(
  site: Site,
  random: ReturnType<typeof createRandom>,
  { misreadingCameras }: Mischief,
  stops: Stops,
): Map<string, Camera> {
  const cameras = new Map<string, Camera>();
  for (const wanted of site.cameras) {
    const { name } = wanted;
    const habits = {
      get misreadChance() {
        return misreadingCameras.has(name) ? 1 : wanted.misread_chance;
      },
      repeatChance: wanted.repeat_chance,
    };
    const common = { name, random: random.fork(name), habits };
    const camera =
      wanted.transport === "mqtt"
        ? startMqttCamera({ ...common, mqtt: mqttLink(site), facility: site.facility })
        : startHikvisionCamera({
            ...common,
            url: `${wanted.url ?? `${trimmed(site.agent.url)}/cameras/${wanted.name}`}/${site.secret(wanted.key_file)}`,
            timeZone: site.time_zone,
          });
    stops.push(camera.stop);
    cameras.set(name, camera);
  }
  return cameras;
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, "");
}

function isBlind(site: Site, { blindCameras }: Mischief, lane: string): boolean {
  return blindCameras.has(site.lanes.find(({ name }) => name === lane)?.camera ?? "");
}

function cameraOf(site: Site, cameras: ReadonlyMap<string, Camera>, lane: string): Camera | undefined {
  const wanted = site.lanes.find(({ name }) => name === lane)?.camera;
  return wanted === undefined ? undefined : cameras.get(wanted);
}

function startSiteAttendant(site: Site, random: ReturnType<typeof createRandom>): Attendant | null {
  if (site.attendant === undefined) return null;
  const { name, pin_file } = site.attendant;
  return startAttendant({ url: site.agent.url, name, pin: site.secret(pin_file), random });
}
