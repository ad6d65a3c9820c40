import { connect, createServer, type Socket } from "node:net";
import { afterEach } from "vitest";

/** A network cable between two programs on TCP, which can be pulled out. */
export type Wire = {
  /** Where the far end is reached through it. */
  readonly url: string;
  /** Breaks every connection, and lets none through until it is mended. */
  readonly cut: () => void;
  readonly mend: () => void;
};

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Leads to a port on this machine. */
export async function openWire(farPort: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.on("close", () => sockets.delete(socket));
  };
  const server = createServer((near) => {
    keep(near);
    if (isCut) return void near.destroy();
    const far = connect(farPort, "127.0.0.1");
    keep(far);
    near.on("close", () => far.destroy());
    far.on("close", () => near.destroy());
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the wire has no port");
  const breakAll = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  closing.push(async () => {
    breakAll();
    await new Promise((done) => server.close(done));
  });
  return {
    url: `http://127.0.0.1:${address.port}`,
    cut: () => {
      isCut = true;
      breakAll();
    },
    mend: () => {
      isCut = false;
    },
  };
}
