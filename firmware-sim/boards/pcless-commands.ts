import type { GateBoard } from "./gate-board.ts";
import type { PclessFraming } from "./pcless-codec.ts";

/** The relays of a PCLess board by what they do; the fourth is spare. */
export const PCLESS_RELAYS = { open: "out1", close: "out2", stop: "out3" } as const;
export const PCLESS_INPUTS = ["in1", "in2", "in3", "in4"] as const;
const OUTPUTS = ["out1", "out2", "out3", "out4"] as const;

/** The board itself times its pulses: one second, says the text. */
export const PCLESS_PULSE_MS = 1_000;
const TRACK_MS = 500;

/** What the board understands. */
export type PclessCommands = {
  /** Carries a command out and gives the answer to it; null for what the board does not know. */
  readonly obey: (body: string) => string | null;
  /** The text last sent to the display, and the bytes last sent to the printer. */
  readonly display: () => string;
  readonly printed: () => string;
  /** Power off: a track that plays falls silent. */
  readonly reset: () => void;
};

/** `say` is for what the board says later by itself: the end of a track. */
export function createPclessCommands(
  board: GateBoard,
  framing: PclessFraming,
  say: (body: string) => void,
): PclessCommands {
  let playing: NodeJS.Timeout | undefined;
  let display = "";
  let printed = "";

  /** The protocol text, command by command. What a handler returns is the answer; without one, `<command>OK`. */
  const table: readonly (readonly [RegExp, (one: string, two: string) => string | void])[] = [
    [/^PING$/, () => {}],
    [/^STAT$/, () => `STAT${statusDigits(board, framing)}`],
    [/^OUT([1-4])(ON|OFF)$/, (relay, state) => board.latch(`out${relay}`, state === "ON")],
    [/^TRIG([1-4])$/, (relay) => board.pulse(`out${relay}`, PCLESS_PULSE_MS)],
    [/^OPEN1$/, () => board.pulse(PCLESS_RELAYS.open, PCLESS_PULSE_MS)],
    [/^CLOSE1$/, () => board.pulse(PCLESS_RELAYS.close, PCLESS_PULSE_MS)],
    [/^STOP1$/, () => board.pulse(PCLESS_RELAYS.stop, PCLESS_PULSE_MS)],
    // The second form holds the same relays instead of pulsing them.
    [/^OPEN2$/, () => board.latch(PCLESS_RELAYS.open, true)],
    [/^CLOSE2$/, () => board.latch(PCLESS_RELAYS.close, true)],
    [/^STOP2$/, () => releaseBarrier(board)],
    [/^MT\d{5}$/, playTrack],
    [/^MS$/, stopTrack],
    [/^PR[0-5](.*)$/s, (data) => ((printed = data), "PROK")],
    [/^DS(.*)$/s, (text) => ((display = text), "DSOK")],
  ];

  function playTrack(): string {
    clearTimeout(playing);
    playing = setTimeout(() => say("PLAYEND"), TRACK_MS);
    return "MTOK";
  }

  function stopTrack(): string {
    clearTimeout(playing);
    return "MS";
  }

  return {
    obey(body) {
      for (const [pattern, handle] of table) {
        const match = pattern.exec(body);
        if (match !== null) return handle(match[1] ?? "", match[2] ?? "") ?? `${body}OK`;
      }
      return null;
    },
    display: () => display,
    printed: () => printed,
    reset: () => clearTimeout(playing),
  };
}

function releaseBarrier(board: GateBoard): void {
  board.latch(PCLESS_RELAYS.open, false);
  board.latch(PCLESS_RELAYS.close, false);
}

/** Inputs 1..4, then outputs; the newer board has a fifth output, which nothing here drives. */
function statusDigits(board: GateBoard, framing: PclessFraming): string {
  const inputs = board.inputs();
  const relays = board.relays();
  const levels = [...PCLESS_INPUTS.map((name) => inputs[name]), ...OUTPUTS.map((name) => relays[name])];
  return levels.map((on) => (on === true ? "1" : "0")).join("") + (framing === "star" ? "0" : "");
}
