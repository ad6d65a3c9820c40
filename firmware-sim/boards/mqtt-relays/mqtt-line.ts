import type { MqttClient } from "mqtt";
import { onOff, wholeNumber, type Deed, type DeviceOptions } from "../../devices/device.ts";
import { connectMqtt, endMqtt, type MqttLink } from "../../transports/mqtt-client.ts";

export type MqttLineOptions = {
  readonly link: MqttLink;
  readonly clientId: string;
  /** What the broker says of it when it goes without a goodbye; retained, as these makers do it. */
  readonly will: { readonly topic: string; readonly payload: string };
  readonly topics: readonly string[];
  /** Connected and subscribed: says who it is. */
  readonly onUp: () => void;
  readonly onMessage: (topic: string, payload: string) => void;
  /** Power off and on: relays fall, counters restart. Runs while the line is down. */
  readonly onReboot: () => void;
  /** What rubbish somebody left on its topics: published retained, commands among it. */
  readonly rubbish: () => Readonly<Record<string, string>>;
};

/** A device's place at a broker of somebody else's, and what can go wrong with it. */
export type MqttLine = {
  /** Says something, unless a fault prevents it; never waits for the broker. */
  readonly say: (topic: string, payload: string, retain?: boolean) => void;
  readonly up: () => boolean;
  readonly deeds: Readonly<Record<string, Deed>>;
  readonly stop: () => Promise<void>;
};

/** Messages that a late device has still to say; beyond, they are lost. */
const MAX_LATE = 256;
const BOOT_MS = 300;

export function openMqttLine(options: MqttLineOptions): MqttLine {
  return new Line(options);
}

const NONSENSE = ["", "{", '{"a":', "[1,2]", "\u0000\uFFFD", "null", "true"];

class Line implements MqttLine {
  readonly deeds: Readonly<Record<string, Deed>>;
  readonly #options: MqttLineOptions;
  readonly #late = new Set<NodeJS.Timeout>();
  #client: MqttClient | null = null;
  #up = false;
  #silent = false;
  #lateMs = 0;
  #twice = false;
  #booting: NodeJS.Timeout | undefined;

  constructor(options: MqttLineOptions) {
    this.#options = options;
    this.deeds = this.#faults();
    this.#connect();
  }

  up(): boolean {
    return this.#up;
  }

  say(topic: string, payload: string, retain = false): void {
    if (this.#lateMs === 0) return this.#send(topic, payload, retain);
    if (this.#late.size >= MAX_LATE) return;
    const timer = setTimeout(() => {
      this.#late.delete(timer);
      this.#send(topic, payload, retain);
    }, this.#lateMs);
    this.#late.add(timer);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#booting);
    for (const timer of this.#late) clearTimeout(timer);
    const client = this.#client;
    this.#client = null;
    if (client !== null) await endMqtt(client);
  }

  #connect(): void {
    const { link, clientId, will, topics, onUp, onMessage } = this.#options;
    const client = connectMqtt(link, {
      // Always the same: the broker then ends a half-dead predecessor before it lets us in.
      clientId,
      keepalive: 5,
      will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: true },
    });
    this.#client = client;
    client.on("connect", () => {
      client.subscribe([...topics], { qos: 1 }, (error) => {
        if (error !== null || this.#client !== client) return;
        this.#up = true;
        if (!this.#silent) onUp();
      });
    });
    client.on("close", () => {
      if (this.#client === client) this.#up = false;
    });
    client.on("message", (topic, payload) => {
      if (!this.#silent && this.#client === client) onMessage(topic, payload.toString());
    });
  }

  /** No goodbye, so the broker publishes the Will. */
  #cut(): void {
    clearTimeout(this.#booting);
    this.#up = false;
    for (const timer of this.#late) clearTimeout(timer);
    this.#late.clear();
    this.#client?.stream.destroy();
    this.#client?.end(true);
    this.#client = null;
  }

  #send(topic: string, payload: string, retain: boolean): void {
    if (!this.#up || this.#silent) return;
    for (let copy = 0; copy < (this.#twice ? 2 : 1); copy++) {
      this.#client?.publish(topic, payload, { qos: 0, retain });
    }
  }

  #offline(word: string | undefined): void {
    const gone = onOff(word);
    this.#cut();
    if (!gone) this.#connect();
  }

  #reboot(): void {
    this.#cut();
    this.#options.onReboot();
    this.#booting = setTimeout(() => this.#connect(), BOOT_MS);
  }

  #leaveRubbish(): void {
    for (const [topic, text] of Object.entries(this.#options.rubbish())) {
      this.#client?.publish(topic, text, { qos: 1, retain: true });
    }
  }

  #talkNonsense(): void {
    for (const topic of Object.keys(this.#options.rubbish())) {
      for (const text of NONSENSE) this.#send(topic, text, false);
    }
  }

  #faults(): Record<string, Deed> {
    return {
      silence: {
        help: "on|off  hears nothing and says nothing, though it is connected",
        run: ([word]) => void (this.#silent = onOff(word)),
      },
      offline: {
        help: "on|off  its network is gone without a goodbye, or back; relays and inputs live on",
        run: ([word]) => this.#offline(word),
      },
      reboot: { help: "  power off and on, in whatever it was doing", run: () => this.#reboot() },
      late: {
        help: "<ms>  whatever it says comes so much later",
        run: ([word]) => void (this.#lateMs = wholeNumber(word, 0, 60_000)),
      },
      duplicates: {
        help: "on|off  whatever it says comes twice",
        run: ([word]) => void (this.#twice = onOff(word)),
      },
      garbage: {
        help: "  says what nobody understands, wherever it speaks",
        run: () => this.#talkNonsense(),
      },
      rubbish: {
        help: "  somebody has left commands and states on its topics, retained",
        run: () => this.#leaveRubbish(),
      },
    };
  }
}

/** Where the device's broker is; throws for a wire that is none. */
export function linkOf({ wire }: DeviceOptions): MqttLink {
  if (wire.kind !== "mqtt") throw new Error("this device speaks MQTT");
  const { url, username, password } = wire;
  return {
    url,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}
