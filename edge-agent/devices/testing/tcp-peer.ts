import { createServer, type Socket } from "node:net";
import { until } from "./until.ts";

/** The far end of a TCP line: hears one connection at a time, on a free port of this machine. */
export async function startTcpPeer(onData: (text: string, socket: Socket) => void = () => undefined) {
  const sockets = new Set<Socket>();
  let accepted = 0;
  let received = "";
  const server = createServer({ noDelay: true }, (socket) => {
    accepted += 1;
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => sockets.delete(socket));
    socket.on("data", (chunk) => {
      received += chunk.toString("latin1");
      onData(chunk.toString("latin1"), socket);
    });
  });
  const listen = (port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", resolve);
    });
  await listen(0);
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  const { port } = address;
  const hangUp = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    port,
    sockets,
    accepted: () => accepted,
    received: () => received,
    hangUp,
    say(text: string): void {
      for (const socket of sockets) socket.write(Buffer.from(text, "latin1"));
    },
    connected: () => until(() => sockets.size > 0, "a connection"),
    /** Nobody listens on the port any more. */
    async down(): Promise<void> {
      const closed = new Promise((resolve) => server.close(resolve));
      hangUp();
      await closed;
    },
    up: () => listen(port),
  };
}
