import { SENSOR_INPUTS } from "@parkme/shared/domain/lane";
import { startAttendant, type Attendant } from "./attendant/attendant.ts";
import type { BarrierWire, GateBoard } from "./boards/gate-board.ts";
import { startMqttBoard, type MqttBoard } from "./boards/mqtt-board.ts";
import { createPclessBoard, type PclessBoard } from "./boards/pcless-board.ts";
import { openSerial, serveTcp } from "./transports/byte-wires.ts";
import type { Camera } from "./cameras/camera.ts";
import { startHikvisionCamera } from "./cameras/hikvision-camera.ts";
import { startMqttCamera } from "./cameras/mqtt-camera.ts";
import type { Site } from "./site-file.ts";
import { createRandom } from "./traffic/random.ts";
import type { MqttLink } from "./transports/mqtt-client.ts";
import { createFacilityWorld, type FacilityWorld, type WorldEvent } from "./world/facility-world.ts";
import type { ParkedVehicle } from "./world/spots.ts";

export type SimulatorOptions = {
  readonly site: Site;
  /** Who is inside at the start. */
  readonly parked?: readonly ParkedVehicle[];
  readonly onEvent?: (event: WorldEvent) => void;
};

/** A board of the site with the handle of its own kind, for its faults. */
export type SimulatedBoard =
  | { readonly transport: "mqtt"; readonly board: GateBoard; readonly device: MqttBoard }
  | {
      readonly transport: "pcless";
      readonly board: GateBoard;
      readonly device: PclessBoard;
      readonly port: number | null;
    };

/** A running site. Its parts are open to whoever wants to disturb them. */
export type Simulator = {
  readonly world: FacilityWorld;
  readonly boards: ReadonlyMap<string, SimulatedBoard>;
  readonly cameras: ReadonlyMap<string, Camera>;
  readonly attendant: Attendant | null;
  /** Ends everything; relays fall off. The world stands still afterwards and can still be read. */
  readonly stop: () => Promise<void>;
};

const TICK_MS = 20;
/** What a machine that stalled does not catch up with: the world stood still for longer stalls. */
const MAX_CATCH_UP_MS = 500;

/**
 * Puts a site up and runs it in real time. Rejects when a board's TCP port cannot be bound; a broker, an agent
 * or a serial device that is not there yet is waited for.
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { site } = options;
  const random = createRandom(site.seed);
  const world = createFacilityWorld({
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
    ...(options.parked === undefined ? {} : { parked: options.parked }),
  });
  const stops: (() => Promise<void>)[] = [];
  try {
    const boards = await startBoards(site, world, stops);
    const cameras = startCameras(site, random.fork("cameras"), stops);
    const attendant = startSiteAttendant(site, random.fork("attendant"));
    if (attendant !== null) stops.push(attendant.stop);
    const wire = wireInputs(site, world, boards);
    wire();
    const ticker = startTicker(() => {
      for (const event of world.step(TICK_MS)) {
        if (event.kind === "in_view") void cameraOf(site, cameras, event.lane)?.see(event.vehicle);
        options.onEvent?.(event);
      }
      wire();
    });
    stops.push(async () => clearInterval(ticker));
    return { world, boards, cameras, attendant, stop: () => stopAll(stops) };
  } catch (error) {
    await stopAll(stops);
    throw error;
  }
}

async function stopAll(stops: (() => Promise<void>)[]): Promise<void> {
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

function mqttLink(site: Site): MqttLink {
  const { url, username, password_file } = site.mqtt;
  return {
    url,
    ...(username === undefined ? {} : { username }),
    ...(password_file === undefined ? {} : { password: site.secret(password_file) }),
  };
}

async function startBoards(
  site: Site,
  world: FacilityWorld,
  stops: (() => Promise<void>)[],
): Promise<Map<string, SimulatedBoard>> {
  const boards = new Map<string, SimulatedBoard>();
  for (const wanted of site.boards) {
    const onBarrierRelay = wireRelays(site, world, wanted.name);
    if (wanted.transport === "mqtt") {
      const device = startMqttBoard({
        mqtt: mqttLink(site),
        facility: site.facility,
        name: wanted.name,
        barriers: 4,
        onBarrierRelay,
      });
      stops.push(device.stop);
      boards.set(wanted.name, { transport: "mqtt", board: device.board, device });
      continue;
    }
    const device = createPclessBoard({ framing: wanted.framing, onBarrierRelay });
    stops.push(async () => device.stop());
    let port: number | null = null;
    if (wanted.transport === "pcless-tcp") {
      const server = await serveTcp(device, wanted);
      stops.push(server.stop);
      ({ port } = server);
    } else {
      stops.push(openSerial(device, wanted).stop);
    }
    boards.set(wanted.name, { transport: "pcless", board: device.board, device, port });
  }
  return boards;
}

/** From a board's relays to the arms. */
function wireRelays(site: Site, world: FacilityWorld, board: string): BarrierWire {
  return (number, action, on) => {
    const lane = site.lanes.find(({ barrier }) => barrier.board === board && barrier.number === number);
    if (lane !== undefined) world.gates.get(lane.name)?.relay(action, on);
  };
}

/** From the lanes' contacts to the boards' inputs. */
function wireInputs(
  site: Site,
  world: FacilityWorld,
  boards: ReadonlyMap<string, SimulatedBoard>,
): () => void {
  const lanes = site.lanes.map(({ name, barrier, inputs }) => {
    const gate = world.gates.get(name);
    const board = boards.get(barrier.board)?.board;
    if (gate === undefined || board === undefined) throw new Error(`lane ${name} has no gate or no board`);
    return { gate, board, inputs };
  });
  return () => {
    for (const { gate, board, inputs } of lanes) {
      const contacts = gate.inputs();
      for (const name of SENSOR_INPUTS) {
        const wire = inputs[name];
        if (wire !== undefined) board.setInput(wire, contacts[name]);
      }
    }
  };
}

function startCameras(
  site: Site,
  random: ReturnType<typeof createRandom>,
  stops: (() => Promise<void>)[],
): Map<string, Camera> {
  const cameras = new Map<string, Camera>();
  for (const wanted of site.cameras) {
    const common = {
      name: wanted.name,
      random: random.fork(wanted.name),
      habits: { misreadChance: wanted.misread_chance, repeatChance: wanted.repeat_chance },
    };
    const camera =
      wanted.transport === "mqtt"
        ? startMqttCamera({ ...common, mqtt: mqttLink(site), facility: site.facility })
        : startHikvisionCamera({
            ...common,
            url: `${wanted.url ?? `${trimmed(site.agent.url)}/cameras/${wanted.name}`}/${site.secret(wanted.key_file)}`,
            timeZone: site.time_zone,
          });
    stops.push(camera.stop);
    cameras.set(wanted.name, camera);
  }
  return cameras;
}

function trimmed(url: string): string {
  return url.replace(/\/+$/, "");
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
