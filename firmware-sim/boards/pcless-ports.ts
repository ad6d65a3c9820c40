import { createServer, type AddressInfo, type Socket } from "node:net";
import { SerialPort } from "serialport";
import type { PclessBoard } from "./pcless-board.ts";

/** What the board is plugged into. */
export type PclessPort = {
  readonly stop: () => Promise<void>;
};

/** Bytes that wait for a peer who does not read; beyond, the peer is cut off. */
const MAX_UNREAD_BYTES = 65_536;

/**
 * Serves the board on TCP as a serial device server does: one client at a time, and while it is there others
 * are turned away. Rejects when the port cannot be bound; `port` 0 takes any free one.
 */
export async function servePclessTcp(
  board: PclessBoard,
  options: { readonly host?: string; readonly port: number },
): Promise<PclessPort & { readonly port: number }> {
  let client: Socket | null = null;
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 5_000 }, (socket) => {
    socket.on("error", () => {});
    if (client !== null) {
      socket.destroy();
      return;
    }
    client = socket;
    board.connect((bytes) => {
      socket.write(bytes);
      if (socket.writableLength > MAX_UNREAD_BYTES) socket.destroy();
    });
    socket.on("data", board.receive);
    socket.on("close", () => {
      client = null;
      board.connect(null);
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

/** Plugs the board into a serial device, such as one end of a PTY pair, and opens it again when it goes away. */
export function openPclessSerial(
  board: PclessBoard,
  options: { readonly path: string; readonly baud?: number },
): PclessPort {
  let stopped = false;
  let reopening: NodeJS.Timeout | undefined;
  let port = open();

  function open(): SerialPort {
    const opened = new SerialPort({ path: options.path, baudRate: options.baud ?? 9_600, autoOpen: false });
    opened.on("data", (chunk: Buffer) => board.receive(chunk));
    opened.on("error", () => {});
    opened.on("close", () => reopenLater());
    opened.open((error) => {
      if (error !== null) return reopenLater();
      if (stopped) return opened.close();
      board.connect((bytes) => {
        if (opened.writableLength <= MAX_UNREAD_BYTES) opened.write(bytes);
      });
    });
    return opened;
  }

  function reopenLater(): void {
    board.connect(null);
    if (stopped) return;
    clearTimeout(reopening);
    reopening = setTimeout(() => (port = open()), REOPEN_MS);
  }

  return {
    async stop() {
      stopped = true;
      clearTimeout(reopening);
      if (!port.isOpen) return;
      await new Promise<void>((resolve) => {
        port.close(() => resolve());
      });
    },
  };
}
