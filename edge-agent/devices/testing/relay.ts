import { connect, createServer, type Socket } from "node:net";

/** A TCP relay to a port of this machine: the cable that a test can pull. */
export async function startRelay(target: number) {
  const sockets = new Set<Socket>();
  let open = true;
  const server = createServer({ noDelay: true }, (near) => {
    if (!open) {
      near.destroy();
      return;
    }
    const far = connect({ port: target, host: "127.0.0.1", noDelay: true });
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => {
        sockets.delete(socket);
        other.destroy();
      });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  const cut = (): void => {
    open = false;
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: address.port,
    /** Both ends lose the connection without a word, and new ones are refused. */
    cut,
    mend: () => void (open = true),
    stop(): Promise<unknown> {
      cut();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}
