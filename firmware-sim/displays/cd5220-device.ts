import { plugInLoosely } from "../boards/serial-relays/plug.ts";
import { type DeviceKind, onOff, wholeNumber } from "../devices/device.ts";
import { SimCd5220Display } from "./cd5220-display.ts";

/** The simulated customer display. */
export const cd5220Kind: DeviceKind = {
  summary: "CD5220 customer display of two lines",
  wires: ["serial", "listen"],
  settings: { columns: "characters in a line (20)" },
  async start({ wire, name, settings, say }) {
    const display = new SimCd5220Display({
      columns: wholeNumber(settings["columns"] ?? "20", 1, 80),
      onLines: (lines) => say({ event: "display", device: name, lines }),
    });
    const plugged = await plugInLoosely(display.plug, wire, (error) =>
      say({ event: "not_plugged", device: name, reason: String(error) }),
    );
    return {
      deeds: {
        unplug: { help: "  the line to it is cut", run: () => plugged.unplug(true) },
        plug: { help: "  and mended", run: () => plugged.unplug(false) },
        silence: { help: "on|off  hears nothing", run: ([word]) => display.silence(onOff(word)) },
        reboot: {
          help: "  power off and on: it shows nothing until it is told again",
          run: () => display.reboot(),
        },
      },
      state: () => ({ lines: display.lines() }),
      port: plugged.port,
      stop: plugged.stop,
    };
  },
};
