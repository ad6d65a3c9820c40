import { createGateBoard, type BarrierWire, type BoardChange, type GateBoard } from "./gate-board.ts";
import { createPclessDecoder, encodePcless, type PclessFraming } from "./pcless-codec.ts";

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
  readonly counts: () => {
    readonly commands: number;
    readonly unknown: number;
    readonly discardedBytes: number;
  };
  /** Fault: bytes of no frame on the line; random ones without an argument. */
  readonly sendGarbage: (bytes?: Uint8Array) => void;
  /** Fault: the next `count` frames of the board break off in the middle. */
  readonly cutFrames: (count: number) => void;
  /** Fault: hears nothing and says nothing, though the line is up. */
  readonly silence: (silent: boolean) => void;
  /** Fault: power off and on, in whatever it was doing. */
  readonly reboot: () => void;
  readonly stop: () => void;
};

/** The board itself times its pulses: one second, says the text. */
const PULSE_MS = 1_000;
const BOOT_MS = 300;
const TRACK_MS = 500;
const RELAYS = { open: "out1", close: "out2", stop: "out3" } as const;
const INPUTS = ["in1", "in2", "in3", "in4"] as const;
const OUTPUTS = ["out1", "out2", "out3", "out4"] as const;
const GARBAGE = Uint8Array.from([0x00, 0xff, 0xa6, 0x4f, 0x50, 0x2a, 0x49, 0x4e, 0x0d, 0x0a, 0x80]);

export function createPclessBoard(options: PclessBoardOptions = {}): PclessBoard {
  const framing = options.framing ?? "a6a9";
  let decoder = createPclessDecoder(framing);
  let send: ((bytes: Uint8Array) => void) | null = null;
  let silent = false;
  let booting: NodeJS.Timeout | null = null;
  let playing: NodeJS.Timeout | undefined;
  let framesToCut = 0;
  let display = "";
  let printed = "";
  let commands = 0;
  let unknown = 0;
  let discardedBefore = 0;
  const board = createGateBoard(
    {
      inputs: INPUTS,
      barriers: [RELAYS],
      spareRelays: ["out4"],
      maxPulseMs: PULSE_MS,
      ...(options.onBarrierRelay === undefined ? {} : { onBarrierRelay: options.onBarrierRelay }),
    },
    reportInput,
  );

  function say(body: string): void {
    if (silent || booting !== null) return;
    const frame = encodePcless(framing, body);
    if (framesToCut === 0) {
      send?.(frame);
      return;
    }
    framesToCut -= 1;
    send?.(frame.subarray(0, Math.ceil(frame.length / 2)));
  }

  function reportInput({ kind, name, on }: BoardChange): void {
    if (kind === "input") say(`${name.toUpperCase()}${on ? "ON" : "OFF"}`);
  }

  /** The protocol text, command by command. What a handler returns is the answer; without one it is `<command>OK`. */
  const commandTable: readonly (readonly [RegExp, (one: string, two: string) => string | void])[] = [
    [/^PING$/, () => {}],
    [/^STAT$/, () => `STAT${statusDigits()}`],
    [/^OUT([1-4])(ON|OFF)$/, (relay, state) => board.latch(`out${relay}`, state === "ON")],
    [/^TRIG([1-4])$/, (relay) => board.pulse(`out${relay}`, PULSE_MS)],
    [/^OPEN1$/, () => board.pulse(RELAYS.open, PULSE_MS)],
    [/^CLOSE1$/, () => board.pulse(RELAYS.close, PULSE_MS)],
    [/^STOP1$/, () => board.pulse(RELAYS.stop, PULSE_MS)],
    // The second form holds the same relays instead of pulsing them.
    [/^OPEN2$/, () => board.latch(RELAYS.open, true)],
    [/^CLOSE2$/, () => board.latch(RELAYS.close, true)],
    [/^STOP2$/, releaseBarrier],
    [/^MT\d{5}$/, playTrack],
    [/^MS$/, stopTrack],
    [/^PR[0-5](.*)$/s, print],
    [/^DS(.*)$/s, show],
  ];

  function obey(body: string): void {
    for (const [pattern, handle] of commandTable) {
      const match = pattern.exec(body);
      if (match === null) continue;
      commands += 1;
      say(handle(match[1] ?? "", match[2] ?? "") ?? `${body}OK`);
      return;
    }
    unknown += 1;
  }

  function releaseBarrier(): void {
    board.latch(RELAYS.open, false);
    board.latch(RELAYS.close, false);
  }

  function playTrack(): string {
    clearTimeout(playing);
    playing = setTimeout(() => say("PLAYEND"), TRACK_MS);
    return "MTOK";
  }

  function stopTrack(): string {
    clearTimeout(playing);
    return "MS";
  }

  function print(data: string): string {
    printed = data;
    return "PROK";
  }

  function show(data: string): string {
    display = data;
    return "DSOK";
  }

  /** Inputs 1..4, then outputs; the newer board has a fifth output, which nothing here drives. */
  function statusDigits(): string {
    const inputs = board.inputs();
    const relays = board.relays();
    const levels = [...INPUTS.map((name) => inputs[name]), ...OUTPUTS.map((name) => relays[name])];
    return levels.map((on) => (on === true ? "1" : "0")).join("") + (framing === "star" ? "0" : "");
  }

  return {
    board,
    receive(chunk) {
      if (silent || booting !== null) return;
      for (const body of decoder.push(chunk)) {
        options.onCommand?.(body);
        obey(body);
      }
    },
    connect(peer) {
      send = peer;
    },
    card(number) {
      if (!/^(\d{8}|\d{10})$/.test(number)) throw new RangeError("a card number has 8 or 10 digits");
      say(`W${number}`);
    },
    display: () => display,
    printed: () => printed,
    counts: () => ({ commands, unknown, discardedBytes: discardedBefore + decoder.discarded() }),
    sendGarbage(bytes = GARBAGE) {
      send?.(bytes);
    },
    cutFrames(count) {
      framesToCut = count;
    },
    silence(value) {
      silent = value;
    },
    reboot() {
      clearTimeout(playing);
      if (booting !== null) clearTimeout(booting);
      discardedBefore += decoder.discarded();
      decoder = createPclessDecoder(framing);
      booting = setTimeout(() => {
        booting = null;
        if (framing === "star") say("POWERON");
      }, options.bootMs ?? BOOT_MS);
      board.reboot();
    },
    stop() {
      clearTimeout(playing);
      if (booting !== null) clearTimeout(booting);
      board.stop();
      send = null;
    },
  };
}
