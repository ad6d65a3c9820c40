import { onOff, wholeNumber, type DeviceKind } from "../../devices/device.ts";
import { startMqttBoard } from "../mqtt-board.ts";
import { linkOf } from "./mqtt-line.ts";

/** The simulated board that speaks the gate's own protocol, with no gate behind its relays. */
export const mqttBoardKind: DeviceKind = {
  summary: "our own board on MQTT",
  wires: ["mqtt"],
  settings: { facility: "slug, as in the topics (demo)", barriers: "how many, 1 to 4 (1)" },
  start(options) {
    const { settings, name, say } = options;
    const dead = new Set<string>();
    const board = startMqttBoard({
      mqtt: linkOf(options),
      facility: settings["facility"] ?? "demo",
      name,
      barriers: wholeNumber(settings["barriers"] ?? "1", 1, 4),
      onBarrierRelay(number, action, on) {
        const relay = `${action}${number}`;
        if (!dead.has(relay)) say({ event: "relay", device: name, relay, on });
      },
      onCommand: (command, result) => say({ event: "command", device: name, id: command.id, result }),
    });
    return Promise.resolve({
      deeds: {
        input: {
          help: "<input> on|off  a contact closes or opens",
          run: ([input = "", word]) => board.board.setInput(input, onOff(word)),
        },
        stick: {
          help: "<input> on|off|free  it says so whatever its contact does",
          run: ([input = "", word]) => board.board.stickInput(input, word === "free" ? null : onOff(word)),
        },
        dead: {
          help: "<relay> on|off  its coil does not pull though told; the board does not know",
          run([relay = "", word]) {
            if (board.board.relays()[relay] === undefined) throw new Error(`no relay ${relay}`);
            if (onOff(word)) dead.add(relay);
            else dead.delete(relay);
          },
        },
        silence: {
          help: "on|off  hears nothing and says nothing, though it is connected",
          run: ([word]) => board.silence(onOff(word)),
        },
        offline: {
          help: "on|off  its network is gone without a goodbye, or back; relays and inputs live on",
          run: ([word]) => board.unplug(onOff(word)),
        },
        reboot: { help: "  power off and on, in whatever it was doing", run: () => board.reboot() },
      },
      state: () => ({
        up: board.connected(),
        relays: Object.fromEntries(
          Object.entries(board.board.relays()).map(([relay, on]) => [relay, on && !dead.has(relay)]),
        ),
        inputs: board.board.inputs(),
        ...board.counts(),
      }),
      port: null,
      stop: board.stop,
    });
  },
};
