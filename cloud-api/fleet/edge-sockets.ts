import type { WebSocket } from "ws";
import { LIVE_CLOSED, LIVE_PING_MS, type LiveHint } from "@parkme/shared/protocol/downlink";

/** The web sockets of the edges that this process holds: one for each facility. */
export type EdgeSockets = {
  /**
   * Takes a socket in; the one that the facility's edge had before is closed.
   *
   * @param mayStay asks whether its credential still counts; asked at every ping.
   */
  readonly add: (facilityId: string, socket: WebSocket, mayStay: () => Promise<boolean>) => void;
  readonly hint: (facilityId: string, hint: LiveHint["hint"]) => void;
  /** Tells all of them to look. */
  readonly hintAll: () => void;
  readonly count: () => number;
  /** Closes all of them; whoever does not answer that is cut off. */
  readonly close: () => void;
};

/** A peer that was silent for so many pings is gone. */
const MISSED_PINGS = 2;
/** How long a peer may take to answer that its socket is closed. */
const CLOSE_MS = 1_000;
const GOING_AWAY = 1001;

export function createEdgeSockets({ pingMs = LIVE_PING_MS }: { readonly pingMs?: number } = {}): EdgeSockets {
  const sockets = new Map<string, WebSocket>();

  function end(socket: WebSocket, code: number, reason: string): void {
    socket.close(code, reason);
    setTimeout(() => socket.terminate(), CLOSE_MS).unref();
  }

  function send(socket: WebSocket, hint: LiveHint["hint"]): void {
    const text: LiveHint = { hint };
    if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(text));
  }

  return {
    add: (facilityId, socket, mayStay) => {
      const before = sockets.get(facilityId);
      sockets.set(facilityId, socket);
      if (before !== undefined) end(before, LIVE_CLOSED.replaced, "a newer one is open");
      const stopPings = keepAlive(socket, pingMs, async () => {
        // A database that does not answer for a moment says nothing about the credential.
        if (await mayStay().catch(() => true)) return;
        end(socket, LIVE_CLOSED.unknown_edge, "the credential counts no more");
      });
      socket.on("close", () => {
        stopPings();
        if (sockets.get(facilityId) === socket) sockets.delete(facilityId);
      });
      // It closes by itself then; why is nobody's concern.
      socket.on("error", () => undefined);
    },
    hint: (facilityId, hint) => {
      const socket = sockets.get(facilityId);
      if (socket !== undefined) send(socket, hint);
    },
    hintAll: () => {
      for (const socket of sockets.values()) send(socket, "downlink");
    },
    count: () => sockets.size,
    close: () => {
      for (const socket of sockets.values()) end(socket, GOING_AWAY, "the cloud stops");
      sockets.clear();
    },
  };
}

/** Pings a socket, and cuts it off when nothing came back. @returns what ends that. */
function keepAlive(socket: WebSocket, pingMs: number, beat: () => Promise<void>): () => void {
  let missed = 0;
  const alive = (): void => {
    missed = 0;
  };
  socket.on("pong", alive);
  socket.on("message", alive);
  const timer = setInterval(() => {
    if (missed >= MISSED_PINGS) return socket.terminate();
    missed += 1;
    socket.ping();
    void beat();
  }, pingMs);
  return () => clearInterval(timer);
}
