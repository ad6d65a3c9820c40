import { createAdaptorServer, type WebSocketServerLike } from "@hono/node-server";
import { once } from "node:events";
import type { Server } from "node:http";
import { WebSocketServer } from "ws";
import { problem } from "@parkme/shared/domain/errors";
import { MAX_LIVE_BYTES } from "@parkme/shared/protocol/downlink";
import type { CloudApp } from "./app.ts";

/** A reason not to start that the reader of the message can remove. */
export class StartRefused extends Error {}

/** Requests still running when the program is told to stop get this long. */
const DRAIN_MS = 5_000;

/** The socket, and what answers on it. */
export type Front = {
  readonly server: Server;
  readonly port: number;
  readonly serve: (app: CloudApp) => void;
};

/**
 * Listens at once, and answers 503 until there is an app: a long recovery of the database looks like what it is.
 *
 * @throws {StartRefused} when it cannot listen there; the message names the variable to set.
 */
export async function openFront(host: string, port: number): Promise<Front> {
  let app: CloudApp | null = null;
  const server = createAdaptorServer({
    fetch: (request, env) => app?.fetch(request, env) ?? startingResponse(request),
    websocket: { server: socketServer() },
  }) as Server;
  server.requestTimeout = 30_000;
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reasons: Record<string, string> = {
      EADDRINUSE: `port ${port} on ${host} is in use: set PARKME_CLOUD_PORT to another port`,
      EACCES: `port ${port} on ${host} is not allowed for this user: set PARKME_CLOUD_PORT to one above 1023`,
      EADDRNOTAVAIL: `${host} is not an address of this machine: set PARKME_CLOUD_HOST`,
    };
    throw new StartRefused(reasons[code] ?? `cannot listen on ${host}:${port}: ${String(error)}`);
  }
  const address = server.address();
  return {
    server,
    port: typeof address === "object" && address !== null ? address.port : port,
    serve(ready) {
      app = ready;
    },
  };
}

/** What upgrades connections. It is what the adaptor wants, but for how the two write down what may be undefined. */
function socketServer(): WebSocketServerLike {
  const server: unknown = new WebSocketServer({ noServer: true, maxPayload: MAX_LIVE_BYTES });
  return server as WebSocketServerLike;
}

function startingResponse(request: Request): Response {
  if (new URL(request.url).pathname.replace(/\/$/, "") === "/healthz") return Response.json({ status: "ok" });
  const body = problem(503, "starting", "the database is being started");
  const headers = { "content-type": "application/problem+json", "retry-after": "1" };
  return new Response(JSON.stringify(body), { status: 503, headers });
}

/** Takes no more requests, and waits for those that run. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const impatience = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(impatience);
}
