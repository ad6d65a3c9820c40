import { z } from "zod";
import type { CommandId } from "@parkme/shared/domain/ids";
import {
  BOARD_HEARTBEAT_MS,
  type BoardAck,
  boardAckSchema,
  type BoardCommand,
  type BoardState,
  boardStateSchema,
  boardStatusSchema,
  gateTopics,
  slugSchema,
} from "@parkme/shared/protocol/gate-mqtt";
import type { MqttMessage } from "../buses/mqtt-bus.ts";
import type { DeviceContext } from "../context.ts";
import { parseMessage } from "../messages.ts";
import type { Board, RelayCommand, BoardEvent, CommandOutcome } from "../ports.ts";
import { createInputReport, type InputReport } from "./input-report.ts";

/** Commands that wait for their answer; a lane has one or two at a time. */
const MAX_PENDING = 16;
/** A board may still execute a command at its deadline: its answer needs the way back. */
const ACK_GRACE_MS = 250;

export const mqttBoardConfigSchema = z.strictObject({
  name: slugSchema,
  driver: z.literal("mqtt"),
  /** Inputs are not known any more when the board said nothing for this long. */
  stale_after_ms: z
    .number()
    .int()
    .min(BOARD_HEARTBEAT_MS + 500)
    .max(30_000)
    .default(3 * BOARD_HEARTBEAT_MS),
});
export type MqttBoardConfig = z.infer<typeof mqttBoardConfigSchema>;

/** A board that speaks the gate's own MQTT protocol; see shared/protocol/gate-mqtt.ts. */
export function createMqttBoard(config: MqttBoardConfig, context: DeviceContext): Board {
  return new MqttBoard(config, context);
}

/** The last state the board said itself, and when (monotonic) we heard it. */
type Heard = { readonly state: BoardState; readonly atMs: number };

class MqttBoard implements Board {
  readonly name: string;
  readonly #config: MqttBoardConfig;
  readonly #context: DeviceContext;
  readonly #topics: {
    readonly status: string;
    readonly state: string;
    readonly ack: string;
    readonly command: string;
  };
  readonly #pending = new Map<string, { readonly id: CommandId; readonly patience: NodeJS.Timeout }>();
  #sink: (event: BoardEvent) => void = () => undefined;
  #report: InputReport | null = null;
  /** Null whenever the inputs are not proven: a command needs a board that is known to be there. */
  #heard: Heard | null = null;
  /** Outlives {@link #heard}: a message overtaken by a newer one stays old, whatever was lost in between. */
  #newest: Pick<BoardState, "boot" | "seq"> | null = null;
  #endLink: (() => void) | undefined;
  #complained = false;

  constructor(config: MqttBoardConfig, context: DeviceContext) {
    const topics = gateTopics(context.facility);
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.#topics = {
      status: topics.boardStatus(config.name),
      state: topics.boardState(config.name),
      ack: topics.boardAck(config.name),
      command: topics.boardCommand(config.name),
    };
  }

  start(sink: (event: BoardEvent) => void): Promise<void> {
    const { bus } = this.#context;
    const { stale_after_ms: staleAfterMs } = this.#config;
    this.#sink = sink;
    this.#report = createInputReport(sink, staleAfterMs, () =>
      this.#lost(`no state from the board for ${staleAfterMs / 1000} s`),
    );
    this.#endLink = bus.onLink((connected) => {
      if (!connected) this.#lost("the connection to the boards is down");
    });
    bus.subscribe(this.#topics.status, (message) => this.#onStatus(message));
    bus.subscribe(this.#topics.state, (message) => this.#onState(message));
    bus.subscribe(this.#topics.ack, (message) => this.#onAck(message));
    return Promise.resolve();
  }

  /** A refusal is reported before this returns. */
  command(command: RelayCommand): void {
    const nowMs = this.#context.clock.monotonicMs();
    const heard = this.#heard;
    if (heard === null) return this.#outcome(command.id, "refused", "the board is not there");
    if (nowMs >= command.deadlineMs) return this.#outcome(command.id, "refused", "late");
    if (this.#pending.size >= MAX_PENDING) return this.#outcome(command.id, "refused", "too many commands");

    const target = targetOf(command);
    if (target === null) return this.#outcome(command.id, "refused", "no such relay on this board");
    const message: BoardCommand = {
      id: command.id,
      epoch: this.#context.epoch,
      boot: heard.state.boot,
      // Our clock and the board's share no zero. Delay on the way to us makes this too early, never too late.
      deadline_uptime_ms: Math.floor(heard.state.uptime_ms + (command.deadlineMs - heard.atMs)),
      ...target,
      pulse_ms: command.pulseMs,
    };
    if (!this.#context.bus.publish(this.#topics.command, JSON.stringify(message))) {
      return this.#outcome(command.id, "refused", "the connection to the boards is down");
    }
    const patience = setTimeout(
      () => this.#outcome(command.id, "silent", "no answer in time"),
      command.deadlineMs - nowMs + ACK_GRACE_MS,
    );
    this.#pending.set(command.id, { id: command.id, patience });
  }

  stop(): Promise<void> {
    const { bus } = this.#context;
    for (const topic of [this.#topics.status, this.#topics.state, this.#topics.ack]) bus.unsubscribe(topic);
    this.#endLink?.();
    this.#report?.stop();
    this.#heard = null;
    for (const { id } of this.#pending.values()) this.#outcome(id, "silent", "the driver was stopped");
    return Promise.resolve();
  }

  #onStatus(message: MqttMessage): void {
    const status = this.#parse(boardStatusSchema, message);
    if (status === null || status.online) return;
    // The Will of a connection that an earlier boot left behind says nothing about this one.
    if (this.#heard !== null && this.#heard.state.boot !== status.boot) return;
    this.#lost("the board is offline");
  }

  #onState(message: MqttMessage): void {
    // The broker's memory is no proof of what the loops say now; the board repeats itself every second.
    if (message.retained) return;
    const state = this.#parse(boardStateSchema, message);
    if (state === null) return;
    const newest = this.#newest;
    if (newest?.boot === state.boot && state.seq <= newest.seq) {
      this.#context.count("mqtt_board_state_out_of_order");
      return;
    }
    if (newest !== null && newest.boot !== state.boot) this.#lost("the board restarted");
    this.#complained = false;
    this.#newest = { boot: state.boot, seq: state.seq };
    this.#heard = { state, atMs: this.#context.clock.monotonicMs() };
    this.#report?.proven({
      levels: state.inputs,
      outputs: state.outputs,
      edges: state.edges,
      boot: state.boot,
    });
  }

  #onAck(message: MqttMessage): void {
    const ack = message.retained ? null : this.#parse(boardAckSchema, message);
    if (ack === null) return;
    const outcome = outcomeOf(ack.result);
    const pending = this.#pending.get(ack.id);
    if (outcome === null || pending === undefined) this.#context.count("mqtt_board_ack_ignored");
    else this.#outcome(pending.id, outcome, ack.result);
  }

  #parse<T>(schema: z.ZodType<T>, message: MqttMessage): T | null {
    const parsed = parseMessage(schema, message.payload);
    if (parsed.ok) return parsed.value;
    this.#context.count("mqtt_board_bad_message");
    // Once until the board says something right: a board gone mad must not fill the disk.
    const level = this.#complained ? "debug" : "warn";
    this.#context.log[level]({ board: this.name, error: parsed.error }, "board sent a message that is none");
    this.#complained = true;
    return null;
  }

  #lost(reason: string): void {
    this.#heard = null;
    this.#report?.lost(reason);
  }

  #outcome(commandId: CommandId, outcome: CommandOutcome, detail: string): void {
    clearTimeout(this.#pending.get(commandId)?.patience);
    this.#pending.delete(commandId);
    this.#sink({ kind: "outcome", commandId, outcome, detail });
  }
}

function outcomeOf(result: BoardAck["result"]): CommandOutcome | null {
  switch (result) {
    case "done":
      return "done";
    case "late":
    case "fenced":
    case "rebooted":
    case "invalid":
      return "refused";
    case "duplicate":
      // The answer to a second copy (QoS 1 may deliver twice) repeats no verdict: the first answer has it.
      return null;
  }
}

/** The board names its relays `open1`, `close1`, `stop1`; its stop lets go of the other two of its barrier. */
function targetOf({ relay, release }: RelayCommand): Pick<BoardCommand, "barrier" | "action"> | null {
  const [, action, digit] = /^(open|close|stop)([1-4])$/.exec(relay ?? release[0] ?? "") ?? [];
  if (action === undefined || digit === undefined) return null;
  return { barrier: Number(digit), action: relay === null ? "stop" : (action as BoardCommand["action"]) };
}
