import { WebSocket } from "ws";

/** What the web sockets of people and their programs have in common. */

const PING_MS = 30_000;
/** How long a peer may take to answer that its socket is closed. */
const CLOSE_MS = 1_000;
/** Who reads slower than things happen is told to come back: they have their cursor. */
const MAX_UNSENT_BYTES = 1_024 * 1_024;
/** Of one process. */
const MAX_WATCHERS = 5_000;

const GOING_AWAY = 1001;
const TRY_AGAIN = 1013;

export type Watchers = {
  /** @returns false where there are too many: the socket was closed. */
  readonly add: (socket: WebSocket, onClose: () => void) => boolean;
  readonly count: () => number;
  readonly close: () => void;
};

export function createWatchers(pingMs = PING_MS): Watchers {
  const sockets = new Set<WebSocket>();
  return {
    add: (socket, onClose) => {
      socket.on("error", () => undefined);
      if (sockets.size >= MAX_WATCHERS) {
        end(socket, TRY_AGAIN, "too many are watching");
        return false;
      }
      sockets.add(socket);
      let answered = true;
      socket.on("pong", () => {
        answered = true;
      });
      const timer = setInterval(() => {
        if (!answered) return socket.terminate();
        answered = false;
        socket.ping();
      }, pingMs);
      socket.on("close", () => {
        clearInterval(timer);
        sockets.delete(socket);
        onClose();
      });
      return true;
    },
    count: () => sockets.size,
    close: () => {
      for (const socket of sockets) end(socket, GOING_AWAY, "the server stops");
      sockets.clear();
    },
  };
}

/** Sends a text, or gives up on who does not read. */
export function sendText(socket: WebSocket, text: string): void {
  if (socket.readyState !== WebSocket.OPEN) return;
  if (socket.bufferedAmount > MAX_UNSENT_BYTES)
    return end(socket, TRY_AGAIN, "too slow: come back with the cursor");
  socket.send(text);
}

export function end(socket: WebSocket, code: number, reason: string): void {
  socket.close(code, reason);
  setTimeout(() => socket.terminate(), CLOSE_MS).unref();
}
