import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createMemoryCloud, type Reply } from "./memory-cloud.ts";

export { EDGE_ID } from "./memory-cloud.ts";

/** A request as it came. `reply` is what a sound cloud answers: it has taken what it was sent. */
export type Asked = {
  readonly path: string;
  readonly authorization: string;
  readonly bytes: number;
  readonly atMs: number;
};

/**
 * What becomes of a request: undefined = the cloud answers, a reply = this instead (the cloud was never asked),
 * `swallow` = it has taken it, and the answer is lost; `silence` = nothing ever comes; a function writes by itself.
 */
export type Fate = Reply | "swallow" | "silence" | ((response: ServerResponse) => void) | undefined;

/** A real HTTP server with a cloud behind it that speaks the protocol; `fate` decides over each request. */
export async function startRecordingCloud(fate: (asked: Asked, nth: number) => Fate = () => undefined) {
  const cloud = createMemoryCloud();
  const requests: Asked[] = [];
  const broken: unknown[] = [];
  function answer(asked: Asked, body: Buffer, response: ServerResponse): void {
    const doom = fate(asked, requests.push(asked));
    if (doom === "silence") return;
    if (typeof doom === "function") return doom(response);
    if (typeof doom === "object") return send(response, doom);
    const reply = asked.path.endsWith("/hello")
      ? cloud.hello(JSON.parse(body.toString("utf8")))
      : cloud.take(body);
    if (doom === "swallow") response.destroy();
    else send(response, reply);
  }
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      const asked = {
        path: `${request.method} ${request.url}`,
        authorization: request.headers.authorization ?? "",
        bytes: body.length,
        atMs: performance.now(),
      };
      try {
        answer(asked, body, response);
      } catch (error) {
        // What the edge sends must be readable: a test looks here.
        broken.push(error);
        send(response, { status: 400, body: {} });
      }
    });
  });
  const listen = (port: number) =>
    new Promise<number>((resolve) => {
      server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    });
  const port = await listen(0);
  const down = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { cloud, requests, broken, url: `http://127.0.0.1:${port}`, down, up: () => listen(port) };
}

function send(response: ServerResponse, { status, body }: Reply): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(typeof body === "string" ? body : JSON.stringify(body));
}
