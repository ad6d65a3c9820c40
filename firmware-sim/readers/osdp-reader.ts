import { encodeOsdpReply, type OsdpAnswer, type OsdpMessage } from "./osdp-codec.ts";
import { createOsdpSession, type OsdpSession } from "./osdp-session.ts";

const COMMAND = { poll: 0x60, id: 0x61, cap: 0x62, led: 0x69, buz: 0x6a, challenge: 0x76, proof: 0x77 };
const REPLY = { ack: 0x40, nak: 0x41, id: 0x45, cap: 0x46, raw: 0x50, keypad: 0x53, busy: 0x79 };
const NAK = { length: 0x02, unknown: 0x03, sequence: 0x04, noSecurity: 0x05, securityWanted: 0x06 };
const DATA_BYTES: Readonly<Record<number, number>> = { [COMMAND.led]: 14, [COMMAND.buz]: 5 };
const COLOURS = ["black", "red", "green", "amber", "blue"];
const NOTHING = Buffer.alloc(0);
/** Vendor 5A4243, model 1, version 1; then the serial number, then firmware 1.0.0. */
const IDENTITY = Buffer.from("5a42430101", "hex");
const FIRMWARE = Buffer.from("010000", "hex");
/** Raw bits, a lamp, a buzzer, CRC. */
const CAPABILITIES = Buffer.from("030101040401050201080100", "hex");
const AES = Buffer.from("090101", "hex");
const MAX_EVENTS = 32;

type Reply = { readonly code: number; readonly data: Buffer };

export type OsdpReaderOptions = {
  readonly address: number;
  /** Null = it has no secure channel; with a key it takes nothing in clear, and tells no more than what it is. */
  readonly key: Buffer | null;
  readonly random: () => Buffer;
  readonly say: (event: Readonly<Record<string, unknown>> & { readonly event: string }) => void;
};

/** One reader (peripheral device) of an RS485 line. */
export class OsdpReader {
  readonly #options: OsdpReaderOptions;
  readonly #serial = Buffer.alloc(4);
  #session: OsdpSession | null;
  #events: Reply[] = [];
  #last: { readonly sequence: number; readonly bytes: Buffer } | null = null;
  #silent = false;
  #busy = 0;
  #refusal = 0;
  #lamp = "off";
  #polls = 0;
  #repeats = 0;
  #beeps = 0;

  constructor(options: OsdpReaderOptions) {
    this.#options = options;
    this.#serial.writeUInt32LE(1_000 + options.address);
    this.#session = this.#newSession();
  }

  /** What it says to a command; null = nothing. */
  answer(message: OsdpMessage): Buffer | null {
    if (message.address !== this.#options.address || this.#silent) return null;
    const { sequence } = message;
    if (sequence !== 0 && this.#last?.sequence === sequence) {
      this.#repeats += 1;
      return this.#last.bytes;
    }
    if (this.#busy > 0) {
      this.#busy -= 1;
      return encodeOsdpReply({ ...message, sequence: 0 }, { code: REPLY.busy, data: NOTHING });
    }
    if (sequence === 0) this.#session = this.#newSession();
    else if (sequence !== (this.#last === null ? -1 : (this.#last.sequence % 3) + 1)) {
      return encodeOsdpReply(message, nak(NAK.sequence));
    }
    const bytes = encodeOsdpReply(message, this.#handle(message));
    this.#last = { sequence, bytes };
    return bytes;
  }

  /** A card is held to it: its bits, eight to a byte, the first one first. */
  card(count: number, bits: Buffer): void {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(count, 2);
    this.#report({ code: REPLY.raw, data: Buffer.concat([head, bits]) });
  }

  keys(text: string): void {
    // The keypad's own codes for * and #.
    const keys = Buffer.from(text.replaceAll("*", "\u007f").replaceAll("#", "\r"), "latin1");
    this.#report({ code: REPLY.keypad, data: Buffer.concat([Buffer.of(0, keys.length), keys]) });
  }

  mute(silent: boolean): void {
    this.#silent = silent;
  }

  busy(times: number): void {
    this.#busy = times;
  }

  /** It refuses the next command with this code. */
  refuse(code: number): void {
    this.#refusal = code;
  }

  /** Power off and on: it has forgotten its place, its session and what it had to report. */
  restart(): void {
    this.#session = this.#newSession();
    this.#events = [];
    this.#last = null;
    this.#lamp = "off";
  }

  state(): Readonly<Record<string, unknown>> {
    return {
      address: this.#options.address,
      lamp: this.#lamp,
      secure: this.#session?.established() ?? false,
      waiting: this.#events.length,
      polls: this.#polls,
      repeats: this.#repeats,
      beeps: this.#beeps,
    };
  }

  #report(event: Reply): void {
    this.#events = [...this.#events, event].slice(-MAX_EVENTS);
  }

  #newSession(): OsdpSession | null {
    const { key, random } = this.#options;
    const cuid = Buffer.concat([IDENTITY.subarray(0, 4), this.#serial]);
    return key === null ? null : createOsdpSession({ key, cuid, random });
  }

  #handle(message: OsdpMessage): OsdpAnswer {
    const { code, block, data } = message;
    const session = this.#session;
    if (this.#refusal !== 0) {
      const refused = this.#refusal;
      this.#refusal = 0;
      return nak(refused);
    }
    if (session === null) return block === null ? this.#obey(code, data) : nak(NAK.noSecurity);
    if (code === COMMAND.challenge && data.length === 8) return session.challenged(message);
    if (code === COMMAND.proof && data.length === 16) return session.proved(message);
    if (!session.established()) {
      const harmless = code === COMMAND.id || code === COMMAND.cap;
      return harmless ? this.#obey(code, data) : nak(NAK.securityWanted);
    }
    const opened = session.open(message);
    return opened === null ? nak(NAK.securityWanted) : session.seal(this.#obey(code, opened));
  }

  #obey(code: number, data: Buffer): Reply {
    const { address, key, say } = this.#options;
    if (data.length < (DATA_BYTES[code] ?? 0)) return nak(NAK.length);
    switch (code) {
      case COMMAND.poll:
        this.#polls += 1;
        return this.#events.shift() ?? { code: REPLY.ack, data: NOTHING };
      case COMMAND.id:
        return { code: REPLY.id, data: Buffer.concat([IDENTITY, this.#serial, FIRMWARE]) };
      case COMMAND.cap:
        return { code: REPLY.cap, data: Buffer.concat([CAPABILITIES, ...(key === null ? [] : [AES])]) };
      case COMMAND.led:
        this.#lamp = COLOURS[data[5] ?? 0] ?? "off";
        say({ event: "lamp", reader: address, colour: this.#lamp, ms: 100 * data.readUInt16LE(7) });
        return { code: REPLY.ack, data: NOTHING };
      case COMMAND.buz:
        this.#beeps += data[4] ?? 0;
        say({ event: "buzzer", reader: address, times: data[4] ?? 0 });
        return { code: REPLY.ack, data: NOTHING };
      default:
        return nak(NAK.unknown);
    }
  }
}

function nak(code: number): Reply {
  return { code: REPLY.nak, data: Buffer.of(code) };
}
