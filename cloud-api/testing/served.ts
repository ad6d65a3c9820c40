import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { createAdaptorServer } from "@hono/node-server";
import type { CloudApp } from "../app.ts";

/** Puts an app behind a port of its own. @returns its address, and what ends it. */
export async function serve(app: Pick<CloudApp, "fetch">): Promise<{
  readonly url: string;
  readonly close: () => Promise<void>;
}> {
  const server = createAdaptorServer({ fetch: app.fetch });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, "close");
      server.close();
      if ("closeAllConnections" in server) server.closeAllConnections();
      await closed;
    },
  };
}
