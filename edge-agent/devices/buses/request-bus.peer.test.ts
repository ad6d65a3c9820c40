import { afterEach, describe, expect, it } from "vitest";
import { testClock } from "../testing/context.ts";
import { createSerialCable } from "../testing/serial-cable.ts";
import { startTcpPeer } from "../testing/tcp-peer.ts";
import { until } from "../testing/until.ts";
import { createRequestBuses, type Exchange } from "./request-bus.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const GAP_MS_AT_9600 = 3.5 * (10_000 / 9_600);

/** A serial port of this machine whose far end is the TCP peer. */
async function adapterTo(port: number) {
  const cable = await createSerialCable(`tcp:127.0.0.1:${port},nodelay`);
  cleanup.push(cable.remove);
  return cable;
}

const ask = (text: string, timeoutMs = 5_000): Exchange<true> => ({
  bytes: Buffer.from(`${text}?`),
  parse: (received) =>
    Buffer.from(received).includes(`${text}!`) ? { kind: "answer", value: true } : { kind: "more" },
  timeoutMs,
});

describe("a request bus on a serial port", () => {
  it("keeps 3.5 characters of silence between what it hears and what it says", async () => {
    const heardMs: number[] = [];
    const saidMs: number[] = [];
    const peer = await startTcpPeer((text, socket) => {
      heardMs.push(performance.now());
      saidMs.push(performance.now());
      socket.write(text.replace("?", "!"));
    });
    cleanup.push(() => peer.down());
    const { near: path, plugIn } = await adapterTo(peer.port);
    await plugIn();
    const bus = createRequestBuses({ clock: testClock, log }).open({
      kind: "serial",
      path,
      baudRate: 9_600,
      parity: "none",
    });
    cleanup.push(bus.release);
    let open = false;
    bus.onLink((up) => (open = up));
    await until(() => open, "the line");
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => bus.exchange(ask(`d${i}`))));
    expect(answers.every(({ ok }) => ok)).toBe(true);
    const gaps = heardMs.slice(1).map((ms, i) => ms - (saidMs[i] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(GAP_MS_AT_9600);
  });

  it("speaks all the same on a line that is never quiet", async () => {
    let asked = "";
    const peer = await startTcpPeer((text) => (asked += text));
    cleanup.push(() => peer.down());
    const { near: path, plugIn } = await adapterTo(peer.port);
    await plugIn();
    await peer.connected();
    const noise = setInterval(() => peer.say("z"), 1);
    cleanup.push(() => Promise.resolve(clearInterval(noise)));
    const bus = createRequestBuses({ clock: testClock, log }).open({
      kind: "serial",
      path,
      // At 1200 baud a gap is 30 ms long.
      baudRate: 1_200,
      parity: "none",
    });
    cleanup.push(bus.release);
    let open = false;
    bus.onLink((up) => (open = up));
    await until(() => open, "the line");
    const answer = bus.exchange(ask("d"));
    await until(() => asked === "d?", "the question");
    peer.say("d!");
    expect(await answer).toEqual({ ok: true, value: true });
  });

  it("loses the line when the adapter is unplugged, and comes back with it", async () => {
    const peer = await startTcpPeer((text, socket) => {
      if (!text.includes("held")) socket.write(text.replace("?", "!"));
    });
    cleanup.push(() => peer.down());
    const { near: path, plugIn, unplug } = await adapterTo(peer.port);
    const links: string[] = [];
    const bus = createRequestBuses({ clock: testClock, log }).open({
      kind: "serial",
      path,
      baudRate: 9_600,
      parity: "none",
    });
    cleanup.push(bus.release);
    bus.onLink((up, reason) => links.push(up ? "open" : reason));
    await until(() => links.some((link) => link.includes("ttyNear")), "the attempt to fail");
    await plugIn();
    await until(() => links.at(-1) === "open", "the line");
    expect((await bus.exchange(ask("one"))).ok).toBe(true);

    const held = bus.exchange(ask("held", 60_000));
    const waits = bus.exchange(ask("waits"));
    await until(() => peer.received().includes("held?"), "the question");
    await unplug();
    expect(await held).toMatchObject({ error: { kind: "silent" } });
    expect(await waits).toMatchObject({ error: { kind: "down" } });

    await plugIn();
    await until(() => links.at(-1) === "open", "the line again");
    expect((await bus.exchange(ask("two"))).ok).toBe(true);
    expect(peer.received()).toBe("one?held?two?");
  });
});
