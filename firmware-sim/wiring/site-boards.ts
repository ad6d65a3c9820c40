import { resolve } from "node:path";
import type { BarrierWire, GateBoard } from "../boards/gate-board.ts";
import { startMqttBoard, type MqttBoard } from "../boards/mqtt-board.ts";
import { createPclessBoard, type PclessBoard } from "../boards/pcless-board.ts";
import { plugInLoosely, type LoosePlug } from "../boards/serial-relays/plug.ts";
import type { Wire } from "../devices/device.ts";
import type { Site } from "../site-file.ts";
import { mqttLink } from "./site-devices.ts";

/** A board of the site with the handle of its own kind, for its faults. */
export type SimulatedBoard =
  | { readonly transport: "mqtt"; readonly board: GateBoard; readonly device: MqttBoard }
  | {
      readonly transport: "pcless";
      readonly board: GateBoard;
      readonly device: PclessBoard;
      readonly port: number | null;
      /** Fault: the line to it is pulled out (true) or in again. */
      readonly unplug: LoosePlug["unplug"];
    };

/** Starts the boards that speak our MQTT protocol or PCLess. Rejects when a TCP port cannot be bound. */
export async function startBoards(
  site: Site,
  relayWireOf: (board: string) => BarrierWire,
  onProblem: (board: string, error: unknown) => void,
  stops: (() => Promise<void>)[],
): Promise<Map<string, SimulatedBoard>> {
  const boards = new Map<string, SimulatedBoard>();
  for (const wanted of site.boards) {
    const onBarrierRelay = relayWireOf(wanted.name);
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
    const wire: Wire =
      wanted.transport === "pcless-tcp"
        ? { kind: "listen", host: wanted.host, port: wanted.port }
        : { kind: "serial", path: resolve(site.folder, wanted.path), baud: wanted.baud };
    const plug = await plugInLoosely(device, wire, (error) => onProblem(wanted.name, error));
    stops.push(plug.stop);
    const { port, unplug } = plug;
    boards.set(wanted.name, { transport: "pcless", board: device.board, device, port, unplug });
  }
  return boards;
}
