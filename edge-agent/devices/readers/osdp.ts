import { randomBytes } from "node:crypto";
import { z } from "zod";
import type { RandomBytes } from "@parkme/shared/domain/ids";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";
import { lineAddressOf, lineFields, namesOneLine, NEEDS_ONE_LINE } from "../buses/line-address.ts";
import type { RequestBus } from "../buses/request-bus.ts";
import type { DeviceContext } from "../context.ts";
import { createHealthReport, type HealthReport } from "../health-report.ts";
import type { Reader, ReaderEvent } from "../ports.ts";
import { cardText } from "./card-text.ts";
import { KeyEntry } from "./key-entry.ts";
import { COMMAND, encodeCommand, NAK, type OsdpReply, parseReply, REPLY } from "./osdp-frames.ts";
import { CHALLENGE_BYTES, OsdpSecureChannel, type SealedCommand } from "./osdp-secure-channel.ts";
import { readCapabilities, signalCommands, type SignalCommand } from "./osdp-signals.ts";

/** A reader answers within 200 ms (OSDP 2.2, 5.7), and its longest answer takes as long again at 9600 baud. */
const ANSWER_MS = 400;
/** How often a reader that does not answer is tried: each try costs the others on its line the answer time. */
const PROBE_MS = 2_000;
/** A busy reader asks to be asked again; one that is busy for longer than this is sick. */
const MAX_BUSY = 50;
/** A reader that keeps losing its place is not well, though it answers. */
const MAX_RESTARTS = 3;

export const osdpConfigSchema = z
  .strictObject({
    name: slugSchema,
    driver: z.literal("osdp"),
    ...lineFields,
    /** Several readers may share a line under addresses of their own. */
    address: z.number().int().min(0).max(126),
    check: z.enum(["crc", "checksum"]).default("crc"),
    poll_ms: z.number().int().min(50).max(1_000).default(200),
    /** A reader that leaves this many polls in a row unanswered is not there. */
    offline_after: z.number().int().min(2).max(50).default(5),
    /** File with the reader's secure channel key (SCBK), 32 hexadecimal digits. With it nothing is taken in clear. */
    key_file: z.string().min(1).max(300).optional(),
  })
  .refine(namesOneLine, NEEDS_ONE_LINE);
export type OsdpConfig = z.infer<typeof osdpConfigSchema>;

/**
 * A card reader with OSDP 2 on RS485: cards, keypad, lamp and buzzer, and the secure channel where a key is given.
 * A card is told as {@link cardText} has it; digits keyed in and ended by `#` are a code. Throws when `key_file`
 * holds no key.
 *
 * @param random for the challenges of the secure channel.
 */
export function createOsdpReader(
  config: OsdpConfig,
  context: DeviceContext,
  random: RandomBytes = randomBytes,
): Reader {
  return new OsdpReader(config, context, random);
}

type Answer =
  | { readonly kind: "reply"; readonly reply: OsdpReply; readonly data: Uint8Array }
  /** The reader has refused the command. */
  | { readonly kind: "nak"; readonly reason: number }
  | Trouble;
/** The conversation must begin anew; `at once` = the reader is there, it only lost its place. */
type Trouble = { readonly kind: "trouble"; readonly reason: string; readonly atOnce: boolean };

const trouble = (reason: string, atOnce = false): Trouble => ({ kind: "trouble", reason, atOnce });

class OsdpReader implements Reader {
  readonly name: string;
  readonly #config: OsdpConfig;
  readonly #context: DeviceContext;
  readonly #key: Uint8Array | null;
  readonly #random: RandomBytes;
  readonly #keys = new KeyEntry();
  #sink: (event: ReaderEvent) => void = () => undefined;
  readonly #health: HealthReport = createHealthReport((health) => this.#sink({ kind: "health", health }));
  #bus: RequestBus | null = null;
  #stopped = false;
  #lineOpen = false;
  #running: Promise<void> = Promise.resolve();
  #unlisten: () => void = () => undefined;
  #wake: () => void = () => undefined;
  #online = false;
  #sequence = 0;
  #channel: OsdpSecureChannel | null = null;
  /** What function codes the reader has told of, with their levels; null = it told nothing. */
  #capabilities: ReadonlyMap<number, number> | null = null;
  /** Lamp and buzzer, before the next poll; the latest signal replaces what has not left yet. */
  #signals: readonly SignalCommand[] = [];

  constructor(config: OsdpConfig, context: DeviceContext, random: RandomBytes) {
    this.name = config.name;
    this.#config = config;
    this.#context = context;
    this.#random = random;
    this.#key = config.key_file === undefined ? null : keyOf(context.secret(config.key_file), config.name);
  }

  start(sink: (event: ReaderEvent) => void): Promise<void> {
    this.#sink = sink;
    const bus = this.#context.lines.open(lineAddressOf(this.#config));
    this.#bus = bus;
    this.#unlisten = bus.onLink((open, reason) => {
      this.#lineOpen = open;
      if (open) this.#wake();
      else this.#health.bad(`the reader's line is down: ${reason}`);
    });
    this.#running = this.#run(bus);
    return Promise.resolve();
  }

  indicate(signal: "granted" | "denied"): void {
    if (!this.#online) return;
    this.#signals = signalCommands(signal, this.#capabilities);
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#unlisten();
    this.#wake();
    await this.#bus?.release();
    await this.#running;
  }

  async #run(bus: RequestBus): Promise<void> {
    let restarts = 0;
    while (!this.#stopped) {
      if (!this.#lineOpen) {
        this.#online = false;
        await this.#pause(null);
        continue;
      }
      const begunMs = this.#context.clock.monotonicMs();
      const { reason, atOnce } = await this.#converse(bus);
      const lasted = this.#context.clock.monotonicMs() - begunMs > PROBE_MS;
      restarts = atOnce && !lasted ? restarts + 1 : 0;
      if (this.#stopped || !this.#lineOpen || (atOnce && restarts < MAX_RESTARTS)) continue;
      this.#online = false;
      this.#health.bad(reason);
      await this.#pause(PROBE_MS);
    }
  }

  /** One conversation with the reader, from its beginning to whatever ends it. */
  async #converse(bus: RequestBus): Promise<Trouble> {
    this.#sequence = 0;
    this.#channel = null;
    this.#signals = [];
    const none = Uint8Array.of(0x00);
    const id = await this.#ask(bus, COMMAND.id, none);
    if (id.kind !== "reply") return this.#troubleOf(id) ?? trouble("the reader does not tell what it is");
    const capabilities = await this.#ask(bus, COMMAND.capabilities, none);
    if (capabilities.kind === "trouble") return capabilities;
    const told = capabilities.kind === "reply" && capabilities.reply.code === REPLY.capabilities;
    this.#capabilities = told ? readCapabilities(capabilities.data) : null;
    const refused = this.#key === null ? null : await this.#secure(bus, this.#key);
    if (refused !== null) return refused;
    for (;;) {
      const signal = this.#signals[0];
      this.#signals = this.#signals.slice(1);
      const answer = await this.#ask(bus, signal?.code ?? COMMAND.poll, signal?.data ?? new Uint8Array());
      const end = answer.kind === "reply" ? null : this.#troubleOf(answer);
      if (end !== null) return end;
      this.#online = true;
      this.#health.good();
      if (answer.kind === "reply") this.#onReply(answer.reply.code, answer.data);
      if (this.#signals.length === 0) await this.#pause(this.#config.poll_ms);
    }
  }

  async #secure(bus: RequestBus, key: Uint8Array): Promise<Trouble | null> {
    const wrongKey = trouble("the reader does not know the key in key_file");
    const channel = new OsdpSecureChannel(key, this.#random(CHALLENGE_BYTES));
    const client = await this.#ask(bus, COMMAND.challenge, channel.challenge());
    if (client.kind !== "reply") return this.#troubleOf(client) ?? wrongKey;
    const proof = client.reply.code === REPLY.clientCryptogram ? channel.answerTo(client.reply) : null;
    if (proof === null) return wrongKey;
    const accepted = await this.#ask(bus, COMMAND.serverCryptogram, proof);
    if (accepted.kind !== "reply") return this.#troubleOf(accepted) ?? wrongKey;
    if (accepted.reply.code !== REPLY.initialMac || !channel.begin(accepted.reply)) return wrongKey;
    this.#channel = channel;
    return null;
  }

  /**
   * Asks until there is an answer, with the same bytes under the same number: a reader that has heard them already
   * repeats its answer, so that no card is lost with one.
   */
  async #ask(bus: RequestBus, code: number, content: Uint8Array | SealedCommand): Promise<Answer> {
    const { address, check, poll_ms: pollMs, offline_after: offlineAfter } = this.#config;
    const sequence = this.#sequence;
    this.#sequence = (sequence % 3) + 1;
    const plain = { data: content, security: null, authenticate: null };
    const sealed = content instanceof Uint8Array ? (this.#channel?.seal(content) ?? plain) : content;
    const bytes = encodeCommand({ address, sequence, check, code, ...(sealed as SealedCommand) });
    // Whoever does not answer anyway is tried once, for the sake of the others on the line.
    let tries = this.#online ? offlineAfter : 1;
    for (let busy = 0; busy < MAX_BUSY && !this.#stopped; await this.#pause(pollMs, false)) {
      const result = await bus.exchange({
        bytes,
        parse: (received) => parseReply(received, { address, sequence }),
        timeoutMs: ANSWER_MS,
      });
      if (result.ok) {
        const reply = result.value;
        if (reply.code === REPLY.nak && reply.data[0] !== NAK.badCheck) {
          return { kind: "nak", reason: reply.data[0] ?? 0 };
        }
        if (reply.code !== REPLY.busy && reply.code !== REPLY.nak) return this.#opened(reply);
        busy += 1;
      } else {
        if (!this.#lineOpen) return trouble(result.error.reason);
        tries -= 1;
        const { kind, reason } = result.error;
        if (tries <= 0) return trouble(kind === "bad" ? reason : "the reader does not answer");
      }
    }
    return trouble("the reader is busy and does not get ready");
  }

  #opened(reply: OsdpReply): Answer {
    if (this.#channel === null) return { kind: "reply", reply, data: reply.data };
    const data = this.#channel.open(reply);
    if (data !== null) return { kind: "reply", reply, data };
    this.#context.count("osdp_reply_not_authentic");
    return trouble("the reader's answers are not authentic", true);
  }

  /** What a refusal or another failure means for the conversation; null = it can go on. */
  #troubleOf(answer: Exclude<Answer, { kind: "reply" }>): Trouble | null {
    if (answer.kind === "trouble") return answer;
    this.#context.count("osdp_nak");
    switch (answer.reason) {
      case NAK.sequence:
        return trouble("the reader keeps losing count", true);
      case NAK.noSecurity:
        return trouble("the reader has no secure channel, but key_file is given");
      case NAK.securityWanted:
        // With a key this is a reader that was switched off and has forgotten the session.
        return this.#key === null
          ? trouble("the reader demands a secure channel: key_file is missing")
          : trouble("the reader does not keep the secure channel", true);
      default:
        return null;
    }
  }

  #onReply(code: number, data: Uint8Array): void {
    if (code === REPLY.raw) {
      const [, , low = 0, high = 0] = data;
      const text = data.length < 4 ? null : cardText(low + 256 * high, data.subarray(4));
      if (text === null) this.#context.count("osdp_card_rejected");
      else this.#sink({ kind: "credential", medium: "card", text });
    } else if (code === REPLY.keypad) {
      const keys = data.subarray(2, 2 + (data[1] ?? 0));
      for (const text of this.#keys.push(keys, this.#context.clock.monotonicMs())) {
        this.#sink({ kind: "credential", medium: "code", text });
      }
    } else if (code !== REPLY.ack) {
      this.#context.count("osdp_reply_ignored");
    }
  }

  /** Waits, or until there is something to do; null = as long as that takes. */
  #pause(ms: number | null, wakeable = true): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = ms === null ? undefined : setTimeout(resolve, ms);
      this.#wake = () => {
        if (!wakeable && !this.#stopped) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function keyOf(text: string, reader: string): Uint8Array {
  if (!/^[0-9a-fA-F]{32}$/.test(text)) {
    throw new Error(`key_file of reader ${reader} must hold a key of 32 hexadecimal digits`);
  }
  return Uint8Array.from(Buffer.from(text, "hex"));
}
