import type { z } from "zod";
import type { MqttMessage } from "../../buses/mqtt-bus.ts";
import type { DeviceContext } from "../../context.ts";
import { parseMessage } from "../../messages.ts";
import type { BoardEvent, RelayCommand } from "../../ports.ts";
import { createInputReport, type InputReport } from "../input-report.ts";
import { createDeviceTopics, type DeviceTopics } from "./device-topics.ts";
import { createRelayDesk, type RelayDesk, type RelayDeskOptions } from "./relay-desk.ts";

/** An image that changes nothing is told this often at most: some devices say ten things a second. */
const REPEAT_MS = 500;

export type RelayShellOptions = {
  readonly board: string;
  readonly context: DeviceContext;
  readonly pollMs: number;
  readonly staleAfterMs: number;
  readonly desk: Pick<
    RelayDeskOptions,
    "relays" | "send" | "answerMs" | "marginMs" | "readBack" | "obstacle"
  >;
  /** What the levels of the inputs are now. */
  readonly levels: () => Record<string, boolean>;
  /** Hears the device; called once, before the link is used. */
  readonly subscribe: (topics: DeviceTopics) => void;
  /** The link has come up: ask whatever has to be asked first. */
  readonly onLinkUp: () => void;
  /** Every `pollMs` while the link is up. */
  readonly poll: () => void;
  /** What was known of the device is void. */
  readonly onLost: () => void;
};

/** What all boards made of MQTT relays have in common: the link, the poll, the freshness limit, the commands. */
export type RelayShell = {
  readonly desk: RelayDesk;
  readonly start: (sink: (event: BoardEvent) => void) => void;
  readonly known: () => boolean;
  readonly command: (command: RelayCommand) => void;
  /** The device has just proven itself: tells the image, and starts the freshness limit anew. */
  readonly proven: () => void;
  /** Tells the image if something in it has changed, while the device is known. */
  readonly changed: () => void;
  readonly lost: (reason: string) => void;
  /** Reads a live message; null = it is retained, or none, which is complained about once until one is right. */
  readonly read: <T>(schema: z.ZodType<T>, message: MqttMessage) => T | null;
  readonly bad: (error: string) => void;
  readonly stop: () => Promise<void>;
};

export function createRelayShell(options: RelayShellOptions): RelayShell {
  return new Shell(options);
}

class Shell implements RelayShell {
  readonly desk: RelayDesk;
  readonly #options: RelayShellOptions;
  readonly #topics: DeviceTopics;
  #sink: (event: BoardEvent) => void = () => undefined;
  #report: InputReport | null = null;
  #endLink: (() => void) | undefined;
  #pollTimer: NodeJS.Timeout | undefined;
  #told = { image: "", atMs: -Infinity };
  /** What was wrong with the last thing it said; null = nothing. */
  #nonsense: string | null = null;

  constructor(options: RelayShellOptions) {
    this.#options = options;
    const { board, context } = options;
    this.#topics = createDeviceTopics(board, context);
    this.desk = createRelayDesk({
      ...options.desk,
      board,
      clock: context.clock,
      log: context.log,
      count: context.count,
      sink: (event) => this.#sink(event),
      obstacle: (relay, pulseMs) =>
        this.known() ? options.desk.obstacle(relay, pulseMs) : "the board is not there",
      onLatched: (reason) => this.#report?.lost(reason),
    });
  }

  start(sink: (event: BoardEvent) => void): void {
    const { context, pollMs, staleAfterMs } = this.#options;
    this.#sink = sink;
    this.#report = createInputReport(sink, staleAfterMs, () =>
      this.lost(
        this.#nonsense === null
          ? `nothing new from the board for ${staleAfterMs / 1000} s`
          : `what the board says makes no sense: ${this.#nonsense}`,
      ),
    );
    this.#options.subscribe(this.#topics);
    this.#endLink = context.bus.onLink((connected) => this.#onLink(connected));
    this.#pollTimer = setInterval(() => {
      if (context.bus.connected()) this.#options.poll();
    }, pollMs);
    if (context.bus.connected()) this.#options.onLinkUp();
  }

  known(): boolean {
    return this.#report?.known() === true;
  }

  command(command: RelayCommand): void {
    this.desk.command(command);
  }

  proven(): void {
    this.#nonsense = null;
    const nowMs = this.#options.context.clock.monotonicMs();
    const image = this.#image();
    const text = JSON.stringify(image);
    if (this.known() && text === this.#told.image && nowMs - this.#told.atMs < REPEAT_MS) {
      // Told a moment ago; only the limit moves.
      this.#report?.asked();
      return;
    }
    this.#told = { image: text, atMs: nowMs };
    this.#report?.proven(image);
  }

  changed(): void {
    if (!this.known()) return;
    const image = this.#image();
    const text = JSON.stringify(image);
    if (text === this.#told.image) return;
    this.#told.image = text;
    this.#report?.changed(image);
  }

  lost(reason: string): void {
    this.desk.lost(reason);
    this.#options.onLost();
    this.#report?.lost(reason);
  }

  read<T>(schema: z.ZodType<T>, message: MqttMessage): T | null {
    // The broker's memory says nothing of now.
    if (message.retained) return null;
    const parsed = parseMessage(schema, message.payload);
    if (parsed.ok) return parsed.value;
    this.bad(parsed.error);
    return null;
  }

  bad(error: string): void {
    const { board, context } = this.#options;
    context.count("mqtt_relay_bad_message");
    const level = this.#nonsense === null ? "warn" : "debug";
    context.log[level]({ board, error }, "board sent a message that is none");
    this.#nonsense = error;
  }

  async stop(): Promise<void> {
    clearInterval(this.#pollTimer);
    this.#endLink?.();
    this.#topics.end();
    this.#report?.stop();
    this.#options.onLost();
    await this.desk.stop();
    this.#sink = () => undefined;
  }

  #onLink(connected: boolean): void {
    if (connected) this.#options.onLinkUp();
    else this.lost("the connection to the boards is down");
  }

  #image() {
    return { levels: this.#options.levels(), outputs: this.desk.levels(), edges: null, boot: null };
  }
}
