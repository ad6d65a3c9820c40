import { onOff, wholeNumber, type DeviceKind } from "../../devices/device.ts";
import { startRelayBox, type RelayBox, type RelayFirmware } from "./relay-box.ts";

/** A KMtronic relay board: three bytes a command; small boards tell of one relay at a time, large ones of all. */
export const kmtronicKind: DeviceKind = {
  summary: "KMtronic USB relay board",
  wires: ["serial", "listen"],
  settings: { channels: "relays, 1 to 8 (4)", status: "off = it only obeys (on)" },
  start(options) {
    const { channels = "4", status = "on" } = options.settings;
    const tells = onOff(status);
    return startRelayBox(options, {
      relays: wholeNumber(channels, 1, 8),
      inputs: 0,
      firmware: (box) => kmtronicFirmware(box, tells),
    });
  },
};

function kmtronicFirmware(box: RelayBox, tells: boolean): RelayFirmware {
  const asksAll = box.driven().length > 2;
  let command: number[] = [];

  function obey(channel: number, what: number): void {
    const levels = box.driven().map((on) => (on ? 1 : 0));
    if (channel === 9 && what === 0) {
      if (tells && asksAll) box.say(Uint8Array.from(levels));
      return;
    }
    const level = levels[channel - 1];
    if (level === undefined) return;
    if (what === 0 || what === 1) box.drive(channel, what === 1);
    if (what === 3 && tells && !asksAll) box.say(Uint8Array.of(0xff, channel, level));
  }

  return {
    hear(chunk) {
      for (const byte of chunk) {
        // No channel is FF: it always begins a command.
        if (byte === 0xff) command = [];
        else if (command.length === 0) continue;
        command.push(byte);
        const [, channel = 0, what] = command;
        if (what === undefined) continue;
        command = [];
        obey(channel, what);
      }
    },
    restart() {
      command = [];
    },
  };
}
