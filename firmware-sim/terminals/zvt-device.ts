import { onOff, wholeNumber, type Deed, type DeviceKind, type DeviceOptions } from "../devices/device.ts";
import { createZvtReceiver } from "./zvt-codec.ts";
import { createLedger } from "./zvt-ledger.ts";
import { ZvtPort } from "./zvt-port.ts";
import { ZvtTerminal } from "./zvt-terminal.ts";

/** A card terminal with ZVT on a TCP port, and the customer before it. */
export const zvtKind: DeviceKind = {
  summary: "card terminal with ZVT over TCP",
  wires: ["listen"],
  settings: {
    password: "six digits (000000)",
    currency: "its ISO 4217 number (978)",
    bank_ms: "how long the bank takes (50)",
    hang_up: "on = it hangs up after each payment (off)",
    auto_reversal: "on = it takes back a payment whose result nobody acknowledged (off)",
    whole_number: "on = it tells the whole number of the card (off)",
  },
  start: startDevice,
};

async function startDevice({ wire, settings, say }: DeviceOptions) {
  if (wire.kind !== "listen") throw new Error("a terminal listens on a TCP port");
  const { password = "000000", currency = "978", bank_ms: bankMs = "50" } = settings;
  if (!/^\d{6}$/.test(password)) throw new Error("password must be six digits");
  const isOn = (setting: string): boolean => onOff(settings[setting] ?? "off");
  const hangsUp = isOn("hang_up");
  const receiver = createZvtReceiver((message) => terminal.hear(message));
  const port = new ZvtPort({
    onData: (chunk) => receiver.push(chunk),
    onClose() {
      receiver.reset();
      terminal.disconnected();
    },
  });
  const ledger = createLedger(({ kind, amount, receipt }) => say({ event: kind, amount, receipt }));
  const terminal = new ZvtTerminal({
    ledger,
    password,
    currency: wholeNumber(currency, 1, 999),
    bankMs: wholeNumber(bankMs, 0, 60_000),
    autoReversal: isOn("auto_reversal"),
    wholeNumber: isOn("whole_number"),
    send: (bytes) => port.send(bytes),
    cutLine: () => port.cut(),
    onDone: () => (hangsUp ? port.hangUp() : undefined),
  });
  const pay: Deed = {
    help: "<amount>  somebody pays at the terminal itself, in minor units",
    run: ([amount]) => void ledger.charge(wholeNumber(amount, 1, 99_999_999)),
  };
  return {
    deeds: { ...customerDeeds(terminal), ...port.deeds, pay },
    state: () => terminal.state(),
    port: await port.listen(wire),
    async stop() {
      terminal.stop();
      await port.stop();
    },
  };
}

function customerDeeds(terminal: ZvtTerminal): Readonly<Record<string, Deed>> {
  return {
    card: {
      help: "approve|decline|timeout  what the customer does, now or at the next payment",
      run([word]) {
        if (word !== "approve" && word !== "decline" && word !== "timeout") {
          throw new Error(`say approve, decline or timeout, not ${word ?? "nothing"}`);
        }
        terminal.card(word);
      },
    },
    hang: {
      help: "  the next payment is acknowledged, and then nothing more is said",
      run: () => terminal.mishap({ kind: "hang" }),
    },
    drop: {
      help: "before|after  the line is cut before or after the next payment is booked",
      run([word]) {
        if (word !== "before" && word !== "after") throw new Error("say before or after");
        terminal.mishap({ kind: "drop", booked: word === "after" });
      },
    },
    late: {
      help: "<ms> [sly]  the line is cut, and the payment booked later; sly = it claims to be idle meanwhile",
      run([ms, word]) {
        if (word !== undefined && word !== "sly") throw new Error("say sly or nothing");
        terminal.mishap({ kind: "late", afterMs: wholeNumber(ms, 0, 600_000), sly: word === "sly" });
      },
    },
    nack: {
      help: "<code> [command]  the next command is refused, or the next authorisation, reversal and so on",
      run: ([code, command]) => terminal.refuse(wholeNumber(code, 1, 255), command ?? null),
    },
    reboot: { help: "  power off and on", run: () => terminal.reboot() },
  };
}
