import { createGateBoard, type BarrierWire, type GateBoard } from "./gate-board.ts";
import { createPclessDecoder, encodePcless, type PclessFraming } from "./pcless-codec.ts";
import { createPclessCommands, PCLESS_INPUTS, PCLESS_PULSE_MS, PCLESS_RELAYS } from "./pcless-commands.ts";

export type PclessBoardOptions = {
  /** 0xA6..0xA9 without it. */
  readonly framing?: PclessFraming;
  readonly onBarrierRelay?: BarrierWire;
  /** Told of the body of every whole frame, before it is answered. */
  readonly onCommand?: (body: string) => void;
  /** How long the board is deaf after {@link PclessBoard.reboot}. */
  readonly bootMs?: number;
};

/**
 * A PCLess-type gate controller as its protocol text describes it: four inputs, relays 1 (open), 2 (close),
 * 3 (stop) and 4 (spare). It talks to one peer at a time, through whatever carries bytes.
 */
export type PclessBoard = {
  readonly board: GateBoard;
  /** Bytes from the peer. */
  readonly receive: (chunk: Uint8Array) => void;
  /** From now on the board's bytes go to this peer; null when there is none, and they are lost. */
  readonly connect: (send: ((bytes: Uint8Array) => void) | null) => void;
  /** A card is held to the reader; its number has 8 or 10 decimal digits. */
  readonly card: (number: string) => void;
  /** The text last sent to the display, and the bytes last sent to the printer. */
  readonly display: () => string;
  readonly printed: () => string;
  readonly counts: () => PclessBoardCounts;
  /** Fault: bytes of no frame on the line. */
  readonly sendGarbage: (bytes?: Uint8Array) => void;
  /** Fault: the next `count` frames of the board break off in the middle. */
  readonly cutFrames: (count: number) => void;
  /** Fault: hears nothing and says nothing, though the line is up. */
  readonly silence: (silent: boolean) => void;
  /** Fault: power off and on, in whatever it was doing. */
  readonly reboot: () => void;
  readonly stop: () => void;
};

export type PclessBoardCounts = {
  readonly commands: number;
  /** Whole frames that are no command of this board. */
  readonly unknown: number;
  /** Bytes that belonged to no whole frame. */
  readonly discardedBytes: number;
};

const WIRING = {
  inputs: PCLESS_INPUTS,
  barriers: [PCLESS_RELAYS],
  spareRelays: ["out4"],
  maxPulseMs: PCLESS_PULSE_MS,
};
const BOOT_MS = 300;
/** Both framings' headers are in it, and a footer without a header. */
const GARBAGE = Uint8Array.from([
  0x00, 0xff, 0xa9, 0x23, 0xa6, 0x4f, 0x50, 0x2a, 0x49, 0x4e, 0x0d, 0x0a, 0x80,
]);

export function createPclessBoard(options: PclessBoardOptions = {}): PclessBoard {
  const { framing = "a6a9", bootMs = BOOT_MS, onBarrierRelay } = options;
  const board = createGateBoard({ ...WIRING, onBarrierRelay }, ({ kind, name, on }) => {
    if (kind === "input") say(`${name.toUpperCase()}${on ? "ON" : "OFF"}`);
  });
  const commands = createPclessCommands(board, framing, say);
  const decoder = createPclessDecoder(framing);
  const line = createLine(framing);
  let silent = false;
  let booting: NodeJS.Timeout | null = null;
  let known = 0;
  let unknown = 0;

  function say(body: string): void {
    if (!silent && booting === null) line.say(body);
  }

  function answer(body: string): void {
    options.onCommand?.(body);
    const reply = commands.obey(body);
    if (reply === null) {
      unknown += 1;
      return;
    }
    known += 1;
    say(reply);
  }

  function powerOff(): void {
    commands.reset();
    decoder.reset();
    if (booting !== null) clearTimeout(booting);
  }

  return {
    board,
    receive(chunk) {
      if (silent || booting !== null) return;
      for (const body of decoder.push(chunk)) answer(body);
    },
    connect: line.connect,
    card(number) {
      if (!/^(\d{8}|\d{10})$/.test(number)) throw new RangeError("a card number has 8 or 10 digits");
      say(`W${number}`);
    },
    display: commands.display,
    printed: commands.printed,
    counts: () => ({ commands: known, unknown, discardedBytes: decoder.discarded() }),
    sendGarbage: (bytes = GARBAGE) => line.send(bytes),
    cutFrames: line.cutFrames,
    silence(value) {
      silent = value;
    },
    reboot() {
      powerOff();
      booting = setTimeout(() => {
        booting = null;
        // Only the newer boards say so.
        if (framing === "star") say("POWERON");
      }, bootMs);
      board.reboot();
    },
    stop() {
      powerOff();
      board.stop();
      line.connect(null);
    },
  };
}

/** The wire to the peer, if there is one, and what it does to frames. */
type Line = Pick<PclessBoard, "connect" | "cutFrames"> & {
  readonly send: (bytes: Uint8Array) => void;
  readonly say: (body: string) => void;
};

function createLine(framing: PclessFraming): Line {
  let peer: ((bytes: Uint8Array) => void) | null = null;
  let framesToCut = 0;
  return {
    connect(send) {
      peer = send;
    },
    cutFrames(count) {
      framesToCut = count;
    },
    send: (bytes) => peer?.(bytes),
    say(body) {
      const frame = encodePcless(framing, body);
      const cut = framesToCut > 0;
      if (cut) framesToCut -= 1;
      peer?.(cut ? frame.subarray(0, Math.ceil(frame.length / 2)) : frame);
    },
  };
}
