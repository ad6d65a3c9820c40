import { createGateBoard, type BoardChange } from "./gate-board.ts";
import { answerPdu, MAX_FLASH_MS, type ModbusTables } from "./modbus-tables.ts";

export type ModbusUnitOptions = {
  /** Relays `r1`, `r2`, ... are the coils from 0 on, inputs `in1`, `in2`, ... the discrete inputs from 0 on. */
  readonly channels: number;
  readonly inputs: number;
  /** The board times pulses itself, as Waveshare's do. */
  readonly flash: boolean;
  readonly onChange: (change: BoardChange) => void;
};

/** A relay board as Modbus shows it. */
export type ModbusUnit = {
  /** Carries out one request (a PDU) and answers it. */
  readonly answer: (pdu: Uint8Array) => Uint8Array;
  readonly setInput: (name: string, on: boolean) => void;
  readonly stickInput: (name: string, level: boolean | null) => void;
  /** Fault: the coil does not pull though told, and the board does not know. */
  readonly setDead: (relay: string, dead: boolean) => void;
  /** Fault: no request moves it from this level, and the board says so; null lets go. */
  readonly holdRelay: (relay: string, level: boolean | null) => void;
  /** What the relays' contacts do. */
  readonly relays: () => Record<string, boolean>;
  readonly inputs: () => Record<string, boolean>;
  /** Requests so far, by function: `fc1`, `fc5`, .... */
  readonly asked: () => Record<string, number>;
  readonly reboot: () => void;
  readonly stop: () => void;
};

export function createModbusUnit(options: ModbusUnitOptions): ModbusUnit {
  const names = Array.from({ length: options.channels }, (_, i) => `r${i + 1}`);
  const dead = new Set<string>();
  const held = new Map<string, boolean>();
  const asked = new Map<number, number>();
  const board = createGateBoard(
    {
      inputs: Array.from({ length: options.inputs }, (_, i) => `in${i + 1}`),
      barriers: [],
      spareRelays: names,
      maxPulseMs: MAX_FLASH_MS,
    },
    (change) => {
      if (!dead.has(change.name)) options.onChange(change);
    },
  );
  const nameAt = (relay: number): string => names[relay] ?? "";
  const tables: ModbusTables = {
    relays: () => Object.values(board.relays()),
    inputs: () => Object.values(board.inputs()),
    write: (relay, on) => board.latch(nameAt(relay), held.get(nameAt(relay)) ?? on),
    flash: options.flash
      ? (relay, ms) => {
          if (!held.has(nameAt(relay))) board.pulse(nameAt(relay), ms);
        }
      : null,
  };

  function known(relay: string): string {
    if (!names.includes(relay)) throw new RangeError(`no relay ${relay}`);
    return relay;
  }

  return {
    answer(pdu) {
      const code = pdu[0] ?? 0;
      asked.set(code, (asked.get(code) ?? 0) + 1);
      return answerPdu(tables, pdu);
    },
    setInput: board.setInput,
    stickInput: board.stickInput,
    setDead(relay, isDead) {
      if (isDead) dead.add(known(relay));
      else dead.delete(known(relay));
    },
    holdRelay(relay, level) {
      if (level === null) held.delete(known(relay));
      else {
        held.set(known(relay), level);
        board.latch(relay, level);
      }
    },
    relays: () =>
      Object.fromEntries(Object.entries(board.relays()).map(([name, on]) => [name, on && !dead.has(name)])),
    inputs: board.inputs,
    asked: () => Object.fromEntries([...asked].map(([code, times]) => [`fc${code}`, times])),
    reboot: board.reboot,
    stop: board.stop,
  };
}
