import { type Deed, type DeviceKind, wholeNumber } from "../devices/device.ts";
import { type CableState, openTcpCable } from "./tcp-cable.ts";

/** The cable between the gate and the cloud, or any two programs on TCP. */
export const tcpCableKind: DeviceKind = {
  summary: "network cable that can be cut, stalled, slowed and damaged",
  wires: ["listen"],
  settings: { to: "HOST:PORT that it leads to" },
  async start({ wire, name, settings, say }) {
    if (wire.kind !== "listen") throw new Error("a cable listens: --listen HOST:PORT");
    const [, host, port] = /^(.+):(\d{1,5})$/.exec(settings["to"] ?? "") ?? [];
    if (host === undefined) throw new Error("say where it leads to: --set to=HOST:PORT");
    const to = { host, port: wholeNumber(port, 1, 65_535) };
    const cable = await openTcpCable({ listen: wire, to, random: Math.random });
    const become = (state: CableState): void => {
      cable.become(state);
      say({ event: "cable", device: name, state });
    };
    const deeds: Record<string, Deed> = {
      mend: { help: "  bytes pass again", run: () => become("whole") },
      cut: { help: "  connections break, and none is let through", run: () => become("cut") },
      stall: { help: "  connections stay, and no byte passes", run: () => become("stalled") },
      "half-open": {
        help: "  the far end has lost its power: nobody is told",
        run: () => become("half_open"),
      },
      "hang-up": { help: "  connections break; new ones pass", run: () => cable.hangUp() },
      slow: {
        help: "<bytes a second>|off",
        run: ([word]) => cable.slow(word === "off" ? null : wholeNumber(word, 1, 1_000_000_000)),
      },
      delay: {
        help: "<milliseconds>  every byte comes later",
        run: ([word]) => cable.delay(wholeNumber(word, 0, 60_000)),
      },
      corrupt: {
        help: "<one in so many bytes>|off  bits are turned over",
        run: ([word]) => cable.corrupt(word === "off" ? null : wholeNumber(word, 1, 1_000_000_000)),
      },
    };
    return {
      deeds,
      state: () => ({
        state: cable.state(),
        connections: cable.connections(),
        carried_bytes: cable.carried(),
      }),
      port: cable.port,
      stop: cable.stop,
    };
  },
};
