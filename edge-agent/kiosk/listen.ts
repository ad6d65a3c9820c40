import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { refusal, type Refusal } from "@parkme/shared/domain/errors";
import { err, ok, type Result } from "@parkme/shared/domain/result";

/** Pages, cameras and monitors of one facility, with room; each may hold a camera's push in memory. */
const MAX_CONNECTIONS = 200;

export type Listening = { readonly port: number; readonly stop: () => Promise<void> };

/** Serves HTTP. A port that cannot be had is refused with the setting that would change it. */
export function listen(
  fetch: (request: Request, env: object) => Response | Promise<Response>,
  { host, port }: { readonly host: string; readonly port: number },
  log: { readonly error: (fields: object, message: string) => void },
): Promise<Result<Listening, Refusal>> {
  return new Promise((resolve) => {
    const server = serve({ fetch, hostname: host, port }, (info: AddressInfo) => {
      server.off("error", refuse);
      server.on("error", (error) => log.error({ err: error }, "the HTTP server had an error"));
      resolve(
        ok({
          port: info.port,
          stop: () =>
            new Promise<void>((done) => {
              server.close(() => done());
              // Pages hold their live stream open for ever: they reconnect when the agent is back.
              if ("closeAllConnections" in server) server.closeAllConnections();
            }),
        }),
      );
    });
    function refuse(error: NodeJS.ErrnoException): void {
      const why =
        error.code === "EADDRINUSE" ? "is in use" : `cannot be used (${error.code ?? "unknown error"})`;
      const message = `Port ${port} on ${host} ${why}: set PARKME_EDGE_PORT or http.port to another one.`;
      resolve(err(refusal("port_unusable", "operator", message)));
    }
    if ("maxConnections" in server) server.maxConnections = MAX_CONNECTIONS;
    server.once("error", refuse);
  });
}
