import { connect, createServer, type Server, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openTcpCable, type TcpCable } from "./tcp-cable.ts";

/** Says everything back. */
let far: Server;
let cable: TcpCable;
let heard: Buffer[];
const open: Socket[] = [];

beforeEach(async () => {
  heard = [];
  far = createServer((socket) => {
    open.push(socket);
    socket.on("error", () => undefined);
    socket.on("data", (chunk) => {
      heard.push(chunk);
      socket.write(chunk);
    });
  });
  await new Promise<void>((done) => far.listen(0, "127.0.0.1", done));
  const address = far.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  let n = 0;
  cable = await openTcpCable({
    listen: { host: "127.0.0.1", port: 0 },
    to: { host: "127.0.0.1", port: address.port },
    random: () => (n++ % 10) / 10,
  });
});

afterEach(async () => {
  for (const socket of open.splice(0)) socket.destroy();
  await cable.stop();
  await new Promise((done) => far.close(done));
});

type Peer = { readonly socket: Socket; readonly said: () => string; readonly closed: () => boolean };

async function plugIn(): Promise<Peer> {
  const socket = connect(cable.port, "127.0.0.1");
  open.push(socket);
  const chunks: Buffer[] = [];
  let closed = false;
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => undefined);
  socket.on("close", () => (closed = true));
  await new Promise<void>((done) => {
    socket.once("connect", () => done());
    socket.once("error", () => done());
  });
  return { socket, said: () => Buffer.concat(chunks).toString("latin1"), closed: () => closed };
}

const until = (holds: () => boolean): Promise<void> =>
  vi.waitFor(() => expect(holds()).toBe(true), { timeout: 5_000, interval: 5 });

describe("a cable", () => {
  it("carries bytes both ways, and both ends of a connection", async () => {
    const peer = await plugIn();
    peer.socket.write("hello");
    await until(() => peer.said() === "hello");
    expect(cable.connections()).toBe(1);
    peer.socket.end();
    await until(() => peer.closed() && cable.connections() === 0);
    expect(cable.carried()).toBe(10);
  });

  it("carries a megabyte without losing a byte", async () => {
    const peer = await plugIn();
    const much = "0123456789abcdef".repeat(65_536);
    peer.socket.write(much);
    await until(() => peer.said().length === much.length);
    expect(peer.said() === much).toBe(true);
  });

  it("that is cut breaks every connection and takes none, until it is mended", async () => {
    const before = await plugIn();
    cable.become("cut");
    await until(before.closed);
    const during = await plugIn();
    await until(during.closed);
    cable.become("whole");
    const after = await plugIn();
    after.socket.write("x");
    await until(() => after.said() === "x");
  });

  it("that is stalled keeps what waits, and says it when it is mended", async () => {
    const peer = await plugIn();
    peer.socket.write("a");
    await until(() => peer.said() === "a");
    cable.become("stalled");
    peer.socket.write("b");
    const later = await plugIn();
    later.socket.write("c");
    await new Promise((done) => setTimeout(done, 50));
    expect([peer.said(), later.said(), peer.closed()]).toEqual(["a", "", false]);
    cable.become("whole");
    await until(() => peer.said() === "ab" && later.said() === "c");
  });

  it("that is half open swallows everything, and tells nobody that the other is gone", async () => {
    const peer = await plugIn();
    peer.socket.write("a");
    await until(() => peer.said() === "a");
    cable.become("half_open");
    peer.socket.write("b");
    const later = await plugIn();
    later.socket.write("c");
    await new Promise((done) => setTimeout(done, 50));
    expect([peer.closed(), later.closed()]).toEqual([false, false]);
    expect(Buffer.concat(heard).toString()).toBe("a");
    cable.become("whole");
    await until(() => peer.closed() && later.closed());
  });

  it("that is slow lets through so much a second and no more", async () => {
    const peer = await plugIn();
    cable.slow(2_000);
    const startedMs = performance.now();
    peer.socket.write("x".repeat(400));
    await until(() => peer.said().length === 400);
    expect(performance.now() - startedMs).toBeGreaterThan(200);
  });

  it("that delays lets each byte come later", async () => {
    const peer = await plugIn();
    cable.delay(60);
    const startedMs = performance.now();
    peer.socket.write("x");
    await until(() => peer.said() === "x");
    expect(performance.now() - startedMs).toBeGreaterThan(100);
  });

  it("that is damaged turns bits over, and loses none", async () => {
    const peer = await plugIn();
    cable.corrupt(5);
    peer.socket.write(Buffer.alloc(100));
    await until(() => Buffer.concat(heard).length === 100);
    const wrong = Buffer.concat(heard).filter((byte) => byte !== 0);
    expect(wrong.length).toBeGreaterThan(5);
    expect(wrong.length).toBeLessThan(95);
    expect(cable.damaged()).toBeGreaterThanOrEqual(wrong.length);
  });

  it("without a far end ends whoever connects", async () => {
    const lonely = await openTcpCable({
      listen: { host: "127.0.0.1", port: 0 },
      to: { host: "127.0.0.1", port: 1 },
      random: Math.random,
    });
    const socket = connect(lonely.port, "127.0.0.1");
    socket.on("error", () => undefined);
    await new Promise<void>((done) => socket.on("close", () => done()));
    await until(() => lonely.connections() === 0);
    await lonely.stop();
  });
});
