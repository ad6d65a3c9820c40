import { onOff, wholeNumber, type DeviceKind } from "../../devices/device.ts";
import { startRelayBox, type RelayBox, type RelayFirmware } from "./relay-box.ts";

const ASK = 0xff;
const HEAD = 0xa0;
const STYLES = ["text", "feedback", "none"] as const;
type Style = (typeof STYLES)[number];

/** An LCUS-type USB relay board: frames `A0 channel operation sum`, and three styles of telling its status. */
export const lcusKind: DeviceKind = {
  summary: "LCUS-type USB relay board",
  wires: ["serial", "listen"],
  settings: {
    channels: "relays, 1 to 8 (4)",
    status: "text (FF asks), feedback (commands are answered) or none (text)",
    stale: "on = a text status tells what was when it was asked for last (off)",
  },
  start(options) {
    const { channels = "4", status = "text", stale = "off" } = options.settings;
    const style = STYLES.find((each) => each === status);
    if (style === undefined) throw new Error(`status is text, feedback or none, not ${status}`);
    const late = onOff(stale);
    return startRelayBox(options, {
      relays: wholeNumber(channels, 1, 8),
      inputs: 0,
      firmware: (box) => lcusFirmware(box, style, late),
    });
  },
};

function lcusFirmware(box: RelayBox, style: Style, late: boolean): RelayFirmware {
  let pending: number[] = [];
  let remembered = [...box.driven()];

  function tellAll(): void {
    const now = [...box.driven()];
    const told = late ? remembered : now;
    remembered = now;
    const lines = told.map((on, index) => `CH${index + 1}: ${on ? "ON " : "OFF"}\r\n`);
    box.say(Buffer.from(lines.join(""), "latin1"));
  }

  function obey(channel: number, operation: number): void {
    const answers = style === "feedback";
    if (operation === 0 || operation === 1) box.drive(channel, operation === 1);
    else if (!answers) return;
    else if (operation === 2 || operation === 3) box.drive(channel, operation === 3);
    const on = box.driven()[channel - 1];
    if (on === undefined || operation < 2 || operation > 5) return;
    const level = on ? 1 : 0;
    box.say(Uint8Array.of(HEAD, channel, level, (HEAD + channel + level) % 256));
  }

  function take(byte: number): void {
    if (pending.length === 0 && byte === ASK && style === "text") return tellAll();
    pending.push(byte);
    while (pending.length > 0 && pending[0] !== HEAD) pending.shift();
    const [head = 0, channel = 0, operation = 0, sum] = pending;
    if (sum === undefined) return;
    if (sum === (head + channel + operation) % 256) {
      pending = [];
      obey(channel, operation);
      return;
    }
    const rest = pending.slice(1);
    pending = [];
    for (const each of rest) take(each);
  }

  return {
    hear: (chunk) => chunk.forEach(take),
    restart() {
      pending = [];
      remembered = [...box.driven()];
    },
  };
}
