import {
  boardCommandSchema,
  MAX_GATE_MESSAGE_BYTES,
  type BoardAck,
  type BoardCommand,
} from "@parkme/shared/protocol/gate-mqtt";
import { z } from "zod";
import type { GateBoard } from "./gate-board.ts";

/** What became of a message on the command topic. Null = dropped without an answer. */
export type Verdict = {
  readonly id: string;
  readonly result: BoardAck["result"];
  /** Null when the message was not understood. */
  readonly command: BoardCommand | null;
} | null;

const REMEMBERED_COMMANDS = 64;
const withId = z.object({ id: z.uuid() });

/** Receives commands for a board, and carries out those that nothing speaks against. */
export function createCommandDesk(board: GateBoard): (payload: Buffer, retained: boolean) => Verdict {
  // As real firmware keeps it in flash: an agent that was replaced stays fenced after a reboot of the board.
  let highestEpoch = 0;
  const done: string[] = [];

  function obey(command: BoardCommand): BoardAck["result"] {
    const relays = board.barrier(command.barrier);
    if (relays === undefined) return "invalid";
    if (command.boot !== board.boot()) return "rebooted";
    if (command.epoch < highestEpoch) return "fenced";
    highestEpoch = command.epoch;
    if (done.includes(command.id)) return "duplicate";
    if (board.uptimeMs() > command.deadline_uptime_ms) return "late";
    done.push(command.id);
    if (done.length > REMEMBERED_COMMANDS) done.shift();
    board.pulse(relays[command.action], command.pulse_ms);
    return "done";
  }

  return (payload, retained) => {
    // A retained command is somebody's mistake of yesterday: it must not move an arm today.
    if (retained || payload.length > MAX_GATE_MESSAGE_BYTES) return null;
    const message = parseJson(payload);
    const command = boardCommandSchema.safeParse(message);
    if (command.success) return { id: command.data.id, result: obey(command.data), command: command.data };
    const known = withId.safeParse(message);
    return known.success ? { id: known.data.id, result: "invalid", command: null } : null;
  };
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
}
