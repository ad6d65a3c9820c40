import { createServer, type AddressInfo, type Socket } from "node:net";
import { onOff, wholeNumber, type Deed } from "../devices/device.ts";

/** Between the pieces of a message that comes in two. */
const PAUSE_MS = 30;
const GARBAGE = Buffer.from("00ff1b5bff", "hex");

export type PortEvents = {
  readonly onData: (chunk: Buffer) => void;
  readonly onClose: () => void;
};

/**
 * A terminal's TCP port, with one connection at a time: a new one takes the place of the old, as a cash register
 * that has lost its line expects. And what can go wrong with it.
 */
export class ZvtPort {
  readonly deeds: Readonly<Record<string, Deed>>;
  readonly #events: PortEvents;
  readonly #server = createServer({ noDelay: true });
  #client: Socket | null = null;
  #silent = false;
  #slowMs = 0;
  #cuts = 0;
  #halves = 0;
  /** What is said later, in its order: nothing may overtake. */
  #later: { readonly bytes: Buffer; readonly to: Socket | null; readonly atMs: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(events: PortEvents) {
    this.#events = events;
    this.#server.on("connection", (socket) => this.#accept(socket));
    this.deeds = {
      silence: {
        help: "on|off  hears nothing and says nothing, though the line is up",
        run: ([word]) => void (this.#silent = onOff(word)),
      },
      slow: {
        help: "<ms>  everything it says comes so much later",
        run: ([ms]) => void (this.#slowMs = wholeNumber(ms, 0, 60_000)),
      },
      cut: {
        help: "<count>  its next messages break off in the middle",
        run: ([count]) => void (this.#cuts = wholeNumber(count, 0, 1_000)),
      },
      halves: {
        help: "<count>  its next messages come in two pieces",
        run: ([count]) => void (this.#halves = wholeNumber(count, 0, 1_000)),
      },
      garbage: { help: "  bytes that are no message", run: () => void this.#client?.write(GARBAGE) },
      unplug: { help: "  the line is cut", run: () => this.cut() },
    };
  }

  /** Resolves with the port; rejects when it cannot be taken. */
  async listen({ host, port }: { readonly host: string; readonly port: number }): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  send(bytes: Buffer): void {
    const half = this.#halves > 0 ? Math.ceil(bytes.length / 2) : bytes.length;
    if (this.#halves > 0) this.#halves -= 1;
    this.#say(bytes.subarray(0, half), this.#slowMs);
    if (half < bytes.length) this.#say(bytes.subarray(half), this.#slowMs + PAUSE_MS);
  }

  cut(): void {
    this.#client?.resetAndDestroy();
  }

  hangUp(): void {
    this.#client?.end();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#later = [];
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    this.#client?.destroy();
    await closed;
  }

  #accept(socket: Socket): void {
    this.#client?.destroy();
    this.#client = socket;
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      if (!this.#silent && this.#client === socket) this.#events.onData(chunk);
    });
    socket.on("close", () => {
      if (this.#client !== socket) return;
      this.#client = null;
      this.#events.onClose();
    });
  }

  #say(bytes: Buffer, delayMs: number): void {
    const atMs = Math.max(performance.now() + delayMs, this.#later.at(-1)?.atMs ?? 0);
    this.#later.push({ bytes, to: this.#client, atMs });
    if (this.#later.length === 1) this.#release();
  }

  #release(): void {
    for (let next = this.#later[0]; next !== undefined; next = this.#later[0]) {
      const waitMs = next.atMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#release(), Math.ceil(waitMs));
        return;
      }
      this.#later.shift();
      this.#write(next.bytes, next.to);
    }
  }

  #write(bytes: Buffer, to: Socket | null): void {
    if (to === null || to.destroyed || this.#silent) return;
    const cut = this.#cuts > 0;
    if (cut) this.#cuts -= 1;
    to.write(cut ? bytes.subarray(0, Math.ceil(bytes.length / 2)) : bytes);
  }
}
