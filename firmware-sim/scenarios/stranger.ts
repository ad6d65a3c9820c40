import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { connect, type Socket } from "node:net";
import { gunzipSync } from "node:zlib";
import { afterEach } from "vitest";

/**
 * Somebody on the line between a gate and its cloud, who reads everything and may change what the cloud answers. Where
 * there is TLS, this needs the cloud's certificate; what is signed must be safe even so.
 */
export type Stranger = {
  readonly url: string;
  /** From now on answers are changed like this; null = none are. */
  readonly change: (how: ((path: string, answer: string) => string) | null) => void;
  /** What the cloud said last to a path that begins like this, as it was. */
  readonly heard: (path: string) => string;
};

const HOST = "127.0.0.1";

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** @param farPort where the cloud is reached. */
export async function openStranger(farPort: number): Promise<Stranger> {
  let how: ((path: string, answer: string) => string) | null = null;
  const heard = new Map<string, string>();
  const server = createServer((asked, answer) => {
    forward(asked, answer, farPort, (path, text) => {
      heard.delete(path);
      if (text !== "") heard.set(path, text);
      return how === null ? text : how(path, text);
    });
  });
  // Web sockets only say that there is something: they pass as they are.
  const tunnels = new Set<Socket>();
  server.on("upgrade", (asked: IncomingMessage, near: Socket, head: Buffer) => {
    const far = tunnel(asked, near, head, farPort);
    for (const socket of [near, far]) tunnels.add(socket);
  });
  closing.push(() => {
    for (const socket of tunnels) socket.destroy();
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://${HOST}:${await listening(server)}`,
    change: (changed) => (how = changed),
    heard: (begin) => [...heard].findLast(([path]) => path.startsWith(begin))?.[1] ?? "",
  };
}

function listening(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.listen(0, HOST, () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("there is no port"));
      else resolve(address.port);
    });
  });
}

function forward(
  asked: IncomingMessage,
  answer: ServerResponse,
  port: number,
  changed: (path: string, text: string) => string,
): void {
  const { method = "GET", url: path = "/", headers } = asked;
  const far = request({ host: HOST, port, method, path, headers }, (heard) => {
    const chunks: Buffer[] = [];
    heard.on("data", (chunk: Buffer) => chunks.push(chunk));
    heard.on("end", () => {
      const body = Buffer.concat(chunks);
      const plain = heard.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
      const bytes = Buffer.from(changed(path, plain.toString("utf8")));
      const { "content-type": type = "application/octet-stream" } = heard.headers;
      answer.writeHead(heard.statusCode ?? 502, { "content-type": type, "content-length": bytes.length });
      answer.end(bytes);
    });
  });
  far.on("error", () => answer.destroy());
  asked.pipe(far);
}

function tunnel(asked: IncomingMessage, near: Socket, head: Buffer, port: number): Socket {
  const far = connect(port, HOST);
  const lines = asked.rawHeaders.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`));
  far.write(`${asked.method} ${asked.url} HTTP/1.1\r\n${lines.join("")}\r\n`);
  far.write(head);
  near.pipe(far).pipe(near);
  for (const socket of [near, far]) socket.on("error", () => socket.destroy());
  near.on("close", () => far.destroy());
  far.on("close", () => near.destroy());
  return far;
}
