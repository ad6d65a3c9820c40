import { statSync } from "node:fs";
import { createServer, type AddressInfo, type Socket } from "node:net";
import { SerialPort } from "serialport";

/** A device that talks in bytes, to one peer at a time. */
export type ByteDevice = {
  /** Bytes from the peer. */
  readonly receive: (chunk: Uint8Array) => void;
  /** From now on the device's bytes go to this peer; null when there is none, and they are lost. */
  readonly connect: (send: ((bytes: Uint8Array) => void) | null) => void;
};

/** What a device is plugged into. */
export type BytePort = { readonly stop: () => Promise<void> };

/** Bytes that wait for a peer who does not read; beyond, the peer is cut off. */
const MAX_UNREAD_BYTES = 65_536;

/**
 * Serves a device on TCP as a serial device server does: one client at a time, and while it is there others
 * are turned away. Rejects when the port cannot be bound; `port` 0 takes any free one.
 */
export async function serveTcp(
  device: ByteDevice,
  options: { readonly host?: string; readonly port: number },
): Promise<BytePort & { readonly port: number }> {
  let client: Socket | null = null;
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 5_000 }, (socket) => {
    socket.on("error", () => {});
    if (client !== null) {
      socket.destroy();
      return;
    }
    client = socket;
    device.connect((bytes) => {
      socket.write(bytes);
      if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
    });
    socket.on("data", device.receive);
    socket.on("close", () => {
      client = null;
      device.connect(null);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port, options.host ?? "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      client?.destroy();
      await closed;
    },
  };
}

const REOPEN_MS = 1_000;
const WATCH_MS = 500;

/** Plugs a device into a serial device, such as one end of a PTY pair, and opens it again when it goes away. */
export function openSerial(
  device: ByteDevice,
  options: { readonly path: string; readonly baud?: number; readonly parity?: "none" | "even" | "odd" },
): BytePort {
  let stopped = false;
  let reopening: NodeJS.Timeout | undefined;
  let watching: NodeJS.Timeout | undefined;
  let port = open();

  function open(): SerialPort {
    const { path, baud = 9_600, parity = "none" } = options;
    const opened = new SerialPort({ path, baudRate: baud, parity, autoOpen: false });
    opened.on("data", (chunk: Buffer) => device.receive(chunk));
    // A pseudo-terminal whose other end is gone may say only that its data has ended.
    const letGo = (): void => {
      if (opened.isOpen) opened.close(() => {});
    };
    opened.on("error", letGo);
    opened.on("end", letGo);
    opened.on("close", () => reopenLater());
    opened.open((error) => {
      if (error !== null) return reopenLater();
      if (stopped) return opened.close();
      const first = fileOf(path);
      clearInterval(watching);
      // Or nothing at all, if it was being read just then: the file is another one, or gone.
      watching = setInterval(() => fileOf(path) !== first && letGo(), WATCH_MS);
      device.connect((bytes) => {
        if (opened.writableLength <= MAX_UNREAD_BYTES) opened.write(bytes);
      });
    });
    return opened;
  }

  function reopenLater(): void {
    clearInterval(watching);
    device.connect(null);
    if (stopped) return;
    clearTimeout(reopening);
    reopening = setTimeout(() => (port = open()), REOPEN_MS);
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(reopening);
      clearInterval(watching);
      if (!port.isOpen) return;
      await new Promise<void>((resolve) => {
        port.close(() => resolve());
      });
    },
  };
}

/** Which device file a path leads to; a pseudo-terminal's number is given again, its time of making is not. */
function fileOf(path: string): string | null {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? null : `${stat.ino} ${stat.ctimeMs}`;
}
