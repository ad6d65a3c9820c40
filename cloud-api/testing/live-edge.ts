import { WebSocket } from "ws";
import { closeServer, openFront, type Front } from "../front.ts";
import { EDGE_TOKEN, type TestCloud } from "./cloud.ts";

/** A cloud's web sockets over real TCP, and edges at the other end of them. */

/** Puts the cloud behind a port of its own; ends with `closeServer`, after the app is closed. */
export async function serveCloud(cloud: Pick<TestCloud, "app">): Promise<Front> {
  const front = await openFront("127.0.0.1", 0);
  front.serve(cloud.app);
  return front;
}

export async function endServing(cloud: Pick<TestCloud, "app">, front: Front): Promise<void> {
  cloud.app.close();
  await closeServer(front.server);
}

export type LiveEdge = {
  readonly socket: WebSocket;
  readonly heard: string[];
  /** The code that it was closed with; null while it is open. */
  readonly closed: () => number | null;
};

/** @throws with the status when the socket is refused. */
export async function connectEdge(
  { port }: Pick<Front, "port">,
  token = EDGE_TOKEN,
  options: { readonly autoPong?: boolean } = {},
): Promise<LiveEdge> {
  const headers: Record<string, string> = token === "" ? {} : { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/api/edge/live`, { headers, ...options });
  const heard: string[] = [];
  let code: number | null = null;
  socket.on("message", (data) => heard.push(data instanceof Buffer ? data.toString("utf8") : "?"));
  socket.on("close", (closedWith) => {
    code = closedWith;
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("open", resolve);
    socket.once("error", reject);
  });
  return { socket, heard, closed: () => code };
}

/** Waits for a condition, as long as a busy machine may need. */
export async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`in vain: waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
