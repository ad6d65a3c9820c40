import { onOff, wholeNumber, type Deed, type DeviceKind } from "../devices/device.ts";
import type { BarrierAction } from "@parkme/shared/domain/lane";
import { createPclessBoard, type PclessBoard } from "./pcless-board.ts";
import { PCLESS_RELAYS } from "./pcless-commands.ts";
import { plugIn } from "./serial-relays/plug.ts";

/** The simulated PCLess board on a wire of its own, with no gate behind its relays. */
export const pclessKind: DeviceKind = {
  summary: "PCLess gate controller",
  wires: ["serial", "listen"],
  settings: { framing: "a6a9 (A6 ... A9) or star (* ... #) (a6a9)" },
  async start({ wire, name, settings, say }) {
    const { framing = "a6a9" } = settings;
    if (framing !== "a6a9" && framing !== "star") throw new Error(`framing is a6a9 or star, not ${framing}`);
    const dead = new Set<string>();
    const tell = (relay: string, on: boolean): void =>
      say({ event: "relay", device: name, relay, on: on && !dead.has(relay) });
    const board = createPclessBoard({
      framing,
      onBarrierRelay: (_number, action: BarrierAction, on) => tell(PCLESS_RELAYS[action], on),
      onCommand: (command) => say({ event: "command", device: name, command }),
    });
    const echoing = createEcho(board);
    const plugged = await plugIn(echoing.device, wire);
    return {
      deeds: { ...deedsOf(board, dead), echo: echoing.deed },
      state: () => ({
        relays: Object.fromEntries(
          Object.entries(board.board.relays()).map(([relay, on]) => [relay, on && !dead.has(relay)]),
        ),
        inputs: board.board.inputs(),
        display: board.display(),
        printed: board.printed(),
      }),
      port: plugged.port,
      async stop() {
        board.stop();
        await plugged.stop();
      },
    };
  },
};

function deedsOf({ board, ...pcless }: PclessBoard, dead: Set<string>): Record<string, Deed> {
  return {
    input: {
      help: "<input> on|off  a contact closes or opens",
      run: ([input = "", word]) => board.setInput(input, onOff(word)),
    },
    stick: {
      help: "<input> on|off|free  it says so whatever its contact does",
      run: ([input = "", word]) => board.stickInput(input, word === "free" ? null : onOff(word)),
    },
    dead: {
      help: "<relay> on|off  its coil does not pull though told; the board does not know",
      run([relay = "", word]) {
        if (board.relays()[relay] === undefined) throw new Error(`no relay ${relay}`);
        if (onOff(word)) dead.add(relay);
        else dead.delete(relay);
      },
    },
    card: {
      help: "<number>  a card of 8 or 10 digits is held to the reader",
      run: ([number = ""]) => pcless.card(number),
    },
    silence: {
      help: "on|off  hears nothing and says nothing, though the line is up",
      run: ([word]) => pcless.silence(onOff(word)),
    },
    cut: {
      help: "<count>  its next frames break off in the middle",
      run: ([word]) => pcless.cutFrames(wholeNumber(word, 0, 1_000)),
    },
    garbage: { help: "  bytes that are no frame", run: () => pcless.sendGarbage() },
    reboot: { help: "  power off and on, in whatever it was doing", run: () => pcless.reboot() },
  };
}

/** The board behind a line on which everything comes back, if told so. */
function createEcho(board: PclessBoard) {
  let send: ((bytes: Uint8Array) => void) | null = null;
  let echo = false;
  const deed: Deed = {
    help: "on|off  what is sent to it comes back, as on a line with two wires",
    run: ([word]) => void (echo = onOff(word)),
  };
  return {
    deed,
    device: {
      receive(chunk: Uint8Array): void {
        if (echo) send?.(chunk);
        board.receive(chunk);
      },
      connect(peer: ((bytes: Uint8Array) => void) | null): void {
        send = peer;
        board.connect(peer);
      },
    },
  };
}
