import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A provider's HTTP interface as it may behave: it answers, fails, says nothing, or does what it was asked and says nothing. */

export type Trouble =
  /** The connection is cut before anything happens. */
  | "cut_before"
  /** It happens, and the connection is cut before the answer. */
  | "cut_after"
  /** It happens, and nothing is answered. */
  | "hang_after"
  | "error_500"
  | "error_429"
  /** It answers with something else. */
  | "nonsense";

export type Asked = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly header: (name: string) => string | undefined;
  readonly body: string;
};

export type Answer = { readonly status: number; readonly body: unknown };

export type ProviderServer = {
  readonly url: string;
  /** What was asked, as `METHOD PATH`. */
  readonly requests: readonly string[];
  /** What the next requests meet, one each; after that all goes well. */
  readonly trouble: Trouble[];
  readonly stop: () => Promise<void>;
};

export async function startProviderServer(answer: (asked: Asked) => Answer): Promise<ProviderServer> {
  const requests: string[] = [];
  const trouble: Trouble[] = [];
  const server = createServer((request, response) => {
    void readBody(request).then((body) => {
      const url = new URL(request.url ?? "/", "http://localhost");
      const method = request.method ?? "GET";
      requests.push(`${method} ${url.pathname}`);
      const next = trouble.shift();
      if (next === "cut_before") return response.destroy();
      if (next === "error_500") return send(response, 500, { error: { code: "api_error" } });
      if (next === "error_429") return send(response, 429, { error: { code: "rate_limit" } });
      const header = (name: string) => {
        const value = request.headers[name];
        return Array.isArray(value) ? value[0] : value;
      };
      const said = answer({ method, path: url.pathname, query: url.searchParams, header, body });
      if (next === "cut_after") return response.destroy();
      if (next === "hang_after") return undefined;
      if (next === "nonsense") return send(response, 200, { object: "something else" });
      return send(response, said.status, said.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    trouble,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
    },
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}
