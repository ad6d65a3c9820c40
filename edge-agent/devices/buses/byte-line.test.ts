import { afterEach, describe, expect, it } from "vitest";
import { testClock } from "../testing/context.ts";
import { startTcpPeer } from "../testing/tcp-peer.ts";
import { until } from "../testing/until.ts";
import { type ByteLine, createByteLine } from "./byte-line.ts";
import type { LineAddress } from "./line-address.ts";

const lines: ByteLine[] = [];
const peers: Awaited<ReturnType<typeof startTcpPeer>>[] = [];

afterEach(async () => {
  for (const line of lines.splice(0)) await line.stop();
  for (const peer of peers.splice(0)) await peer.down().catch(() => undefined);
});

async function peerUp() {
  const peer = await startTcpPeer();
  peers.push(peer);
  return peer;
}

function lineTo(address: LineAddress) {
  const heard: string[] = [];
  const warnings: string[] = [];
  const line = createByteLine({
    address,
    clock: testClock,
    log: {
      debug: () => undefined,
      info: () => undefined,
      warn: (_fields, message) => warnings.push(message),
    },
    events: {
      onOpen: () => heard.push("open"),
      onData: (chunk) => heard.push(`data ${Buffer.from(chunk).toString("latin1")}`),
      onClose: (reason) => heard.push(`close ${reason}`),
    },
  });
  lines.push(line);
  line.start();
  return { line, heard, warnings };
}

const tcp = (port: number): LineAddress => ({ kind: "tcp", host: "127.0.0.1", port });
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "latin1"));

describe("a line over TCP", () => {
  it("opens, carries bytes both ways, and says when the peer hangs up", async () => {
    const peer = await peerUp();
    const { line, heard } = lineTo(tcp(peer.port));
    await until(() => heard.includes("open"), "the line to open");
    expect(line.write(bytes("*STAT#"))).toBe(true);
    await until(() => peer.received() === "*STAT#", "the bytes at the peer");
    peer.say("*PINGOK#");
    await until(() => heard.includes("data *PINGOK#"), "the bytes from the peer");
    peer.hangUp();
    await until(() => heard.some((event) => event.startsWith("close ")), "the hang-up");
  });

  it("comes back when the peer does, complaining once", async () => {
    const peer = await peerUp();
    const { heard, warnings } = lineTo(tcp(peer.port));
    await peer.connected();
    await peer.down();
    const failures = (): number => heard.filter((event) => event.includes("ECONNREFUSED")).length;
    await until(() => failures() >= 2, "attempts that fail");
    await peer.up();
    await until(() => heard.filter((event) => event === "open").length === 2, "the line to come back");
    expect(warnings).toEqual(["line down"]);
  });

  it("does not write while it is down, and keeps nothing for later", async () => {
    const peer = await peerUp();
    const { line, heard } = lineTo(tcp(peer.port));
    expect(line.write(bytes("*OPEN1#"))).toBe(false);
    await peer.connected();
    await until(() => heard.includes("open"), "the line to open");
    await peer.down();
    await until(() => heard.length > 1, "the line to go down");
    expect(line.write(bytes("*OPEN1#"))).toBe(false);
    await peer.up();
    await until(() => heard.filter((event) => event === "open").length === 2, "the line to come back");
    line.write(bytes("*STAT#"));
    await until(() => peer.received() !== "", "bytes at the peer");
    expect(peer.received()).toBe("*STAT#");
  });

  it("refuses to pile up bytes for a peer that does not read", async () => {
    const peer = await peerUp();
    const { line, heard } = lineTo(tcp(peer.port));
    await until(() => heard.includes("open"), "the line to open");
    await peer.connected();
    for (const socket of peer.sockets) socket.pause();
    const block = new Uint8Array(1_000);
    let written = 0;
    // The kernel's buffers take some megabytes first; then the 4 KiB here fill up.
    while (line.write(block)) {
      written += block.length;
      if (written > 64 * 1_024 * 1_024) throw new Error("the line takes everything");
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(line.write(new Uint8Array(96))).toBe(true);
    expect(line.write(bytes("x"))).toBe(false);
  });

  it("discards what has not arrived when it is reset", async () => {
    const peer = await peerUp();
    const { line, heard } = lineTo(tcp(peer.port));
    await until(() => heard.includes("open"), "the line to open");
    await peer.connected();
    const [stalled] = peer.sockets;
    stalled?.pause();
    const block = new Uint8Array(1_000);
    while (line.write(block)) await new Promise((resolve) => setImmediate(resolve));
    expect(line.write(bytes("*OPEN1#"))).toBe(true);
    line.reset("no status");
    await until(() => heard.includes("close no status"), "the reset");
    stalled?.resume();
    await until(() => peer.accepted() === 2, "the next connection");
    expect(peer.received()).not.toContain("OPEN1");
  });

  it("stops, also while it is trying", async () => {
    const peer = await peerUp();
    await peer.down();
    const { line, heard } = lineTo(tcp(peer.port));
    await until(() => heard.length > 0, "an attempt that fails");
    await line.stop();
    await peer.up();
    const before = heard.length;
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(heard).toHaveLength(before);
    expect(peer.accepted()).toBe(0);
  });
});

describe("a line on a serial port", () => {
  it("reports a port that is not there, and keeps trying", async () => {
    const { heard, warnings } = lineTo({
      kind: "serial",
      path: "/dev/no-such-port",
      baudRate: 9_600,
      parity: "none",
    });
    await until(() => heard.length >= 2, "two attempts");
    expect(heard[0]).toMatch(/^close .*no-such-port/);
    expect(warnings).toEqual(["line down"]);
  });
});
