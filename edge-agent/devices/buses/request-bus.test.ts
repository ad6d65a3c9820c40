import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { testClock } from "../testing/context.ts";
import { startTcpPeer } from "../testing/tcp-peer.ts";
import { until } from "../testing/until.ts";
import type { LineAddress } from "./line-address.ts";
import { createRequestBuses, type Exchange, type Parsed, type RequestBus } from "./request-bus.ts";

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

type Peer = Awaited<ReturnType<typeof startTcpPeer>>;

/** Devices that are asked with `name?` and answer `name!`, unless they are deaf. */
async function startDevices() {
  const asked: string[] = [];
  const deaf = new Set<string>();
  let pending = "";
  const peer = await startTcpPeer((text, socket) => {
    pending += text;
    for (let end = pending.indexOf("?"); end !== -1; end = pending.indexOf("?")) {
      const name = pending.slice(0, end);
      pending = pending.slice(end + 1);
      asked.push(name);
      if (!deaf.has(name)) socket.write(`${name}!`);
    }
  });
  cleanup.push(() => peer.down().catch(() => undefined));
  return { peer, asked, deaf };
}

function busesOf(monotonicMs: () => number = testClock.monotonicMs) {
  const warnings: string[] = [];
  const log = {
    debug: () => undefined,
    info: () => undefined,
    warn: (_fields: object, message: string) => void warnings.push(message),
  };
  return { buses: createRequestBuses({ clock: { ...testClock, monotonicMs }, log }), warnings };
}

const at = ({ port }: Peer): LineAddress => ({ kind: "tcp", host: "127.0.0.1", port });

async function openBus(peer: Peer, buses = busesOf().buses): Promise<RequestBus> {
  const bus = buses.open(at(peer));
  cleanup.push(bus.release);
  await opened(bus);
  return bus;
}

async function opened(bus: RequestBus): Promise<void> {
  let open = false;
  const end = bus.onLink((up) => (open = up));
  await until(() => open, "the line");
  end();
}

/** Asks `name` and wants `name!`; everything before that is skipped, `#` with a complaint, `*` is nonsense. */
function question(name: string, more: Partial<Exchange<string>> = {}): Exchange<string> {
  const parse = (received: Uint8Array): Parsed<string> => {
    const text = Buffer.from(received).toString("latin1");
    if (text.startsWith(`${name}!`)) return { kind: "answer", value: name };
    if (`${name}!`.startsWith(text)) return { kind: "more" };
    if (text.startsWith("*")) return { kind: "bad", reason: "a star" };
    return text.startsWith("#") ? { kind: "skip", bytes: 1, reason: "a hash" } : { kind: "skip", bytes: 1 };
  };
  return { bytes: Buffer.from(`${name}?`), parse, timeoutMs: 5_000, ...more };
}

/** What became of each, in the order in which they were settled. */
function recorder() {
  const settled: string[] = [];
  return {
    settled,
    record: (label: string, result: Promise<{ ok: boolean; error?: { kind: string } }>): void =>
      void result.then((done) => settled.push(`${label} ${done.ok ? "ok" : (done.error?.kind ?? "?")}`)),
  };
}

describe("a request bus", () => {
  it("lets two devices that name the same line ask in turn, one question at a time", async () => {
    const { peer, asked } = await startDevices();
    const { buses } = busesOf();
    const [one, two] = [await openBus(peer, buses), await openBus(peer, buses)];
    expect(peer.accepted()).toBe(1);
    const answers = await Promise.all([one, two, one, two].map((bus, i) => bus.exchange(question(`d${i}`))));
    expect(answers.map((answer) => answer.ok && answer.value)).toEqual(["d0", "d1", "d2", "d3"]);
    expect(asked).toEqual(["d0", "d1", "d2", "d3"]);
  });

  it("keeps the line for the device that is left, and closes it after the last", async () => {
    const { peer } = await startDevices();
    const { buses } = busesOf();
    const [one, two] = [await openBus(peer, buses), await openBus(peer, buses)];
    await one.release();
    await one.release();
    expect(await one.exchange(question("d"))).toMatchObject({ ok: false, error: { kind: "down" } });
    expect((await two.exchange(question("d"))).ok).toBe(true);
    await two.release();
    await until(() => peer.sockets.size === 0, "the end of the connection");
    const again = await openBus(peer, buses);
    expect((await again.exchange(question("d"))).ok).toBe(true);
  });

  it("says so when two devices disagree on the settings of their line", async () => {
    const { buses, warnings } = busesOf();
    const line = { kind: "serial", path: "/dev/no-such-port", baudRate: 9_600, parity: "none" } as const;
    for (const address of [line, line, { ...line, baudRate: 19_200 }]) {
      cleanup.push(buses.open(address).release);
    }
    expect(warnings).toEqual(["devices disagree on the settings of their line"]);
    await until(() => warnings.includes("line down"), "the attempt to open the line");
  });

  it("puts what is urgent before all that waits, and what follows from an answer before the next poll", async () => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("held");
    const bus = await openBus(peer);
    const held = bus.exchange(question("held"));
    const polls = ["p1", "p2", "p3"].map((name) => bus.exchange(question(name)));
    const command = bus
      .exchange(question("u1", { urgent: true }))
      .then(() => bus.exchange(question("u2", { urgent: true })))
      .then(() => bus.exchange(question("u3", { urgent: true })));
    await until(() => asked.length === 1, "the first question");
    peer.say("held!");
    await Promise.all([held, ...polls, command]);
    expect(asked).toEqual(["held", "u1", "u2", "u3", "p1", "p2", "p3"]);
  });

  it("never sends what is past its deadline, and tells so apart from a refusal to queue", async () => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("held");
    const bus = await openBus(peer);
    const held = bus.exchange(question("held", { timeoutMs: 300 }));
    const late = bus.exchange(question("late", { urgent: true, deadlineMs: performance.now() + 50 }));
    const intime = bus.exchange(question("intime", { deadlineMs: performance.now() + 60_000 }));
    expect(await held).toMatchObject({ error: { kind: "silent" } });
    expect(await late).toMatchObject({ error: { kind: "late" } });
    expect((await intime).ok).toBe(true);
    expect(asked).toEqual(["held", "intime"]);
  });

  it("has a bounded queue for polls and another for commands", async () => {
    const { peer, deaf } = await startDevices();
    deaf.add("held");
    const bus = await openBus(peer);
    const { settled, record } = recorder();
    record("held", bus.exchange(question("held")));
    for (let i = 0; i < 128; i++) record("poll", bus.exchange(question(`p${i}`)));
    record("too many", bus.exchange(question("p128")));
    record("urgent", bus.exchange(question("u", { urgent: true })));
    await until(() => settled.length > 0, "the refusal");
    expect(settled).toEqual(["too many full"]);
    peer.say("held!");
    await until(() => settled.length === 131, "all answers");
    expect(settled.slice(1, 3)).toEqual(["held ok", "urgent ok"]);
  });

  it("is done with a request that nobody answers when it is out", async () => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("tell");
    const bus = await openBus(peer);
    const told = await bus.exchange({ ...question("tell"), parse: null });
    expect(told).toEqual({ ok: true, value: null });
    expect((await bus.exchange(question("d"))).ok).toBe(true);
    expect(asked).toEqual(["tell", "d"]);
  });
});

describe("answers on a request bus", () => {
  it("may come in pieces, behind noise and behind late answers to others", async () => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("slow").add("split");
    const bus = await openBus(peer);
    expect(await bus.exchange(question("slow", { timeoutMs: 50 }))).toMatchObject({
      error: { kind: "silent", reason: "no answer in time" },
    });
    peer.say("slo");
    const split = bus.exchange(question("split"));
    await until(() => asked.includes("split"), "the question");
    for (const piece of ["w!", "\u0000sp", "li", "t!"]) {
      peer.say(piece);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await split).toEqual({ ok: true, value: "split" });
  });

  it("do not count for the question before or after", async () => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("a").add("b");
    const bus = await openBus(peer);
    expect((await bus.exchange(question("a", { timeoutMs: 50 }))).ok).toBe(false);
    peer.say("a!b!");
    // What was said before this answer is here before it.
    expect((await bus.exchange(question("c"))).ok).toBe(true);
    const second = bus.exchange(question("b", { timeoutMs: 100 }));
    await until(() => asked.includes("b"), "the second question");
    expect(await second).toMatchObject({ error: { kind: "silent" } });
  });

  it.each([
    ["nonsense", "*", "a star"],
    ["skipped with a complaint", "#", "a hash"],
    ["cut in half behind that", "#d", "a hash"],
    ["cut in half", "d", "an answer that breaks off"],
    ["cut in half behind a lot of noise", `${"x".repeat(3_000)}d`, "an answer that breaks off"],
  ])("that are %s are bad", async (_what, nonsense, reason) => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("d");
    const bus = await openBus(peer);
    const answer = bus.exchange(question("d", { timeoutMs: 500 }));
    await until(() => asked.length === 1, "the question");
    peer.say(nonsense);
    expect(await answer).toEqual({ ok: false, error: { kind: "bad", reason } });
    deaf.clear();
    expect((await bus.exchange(question("d"))).ok).toBe(true);
  });

  it("that never end are given up", async () => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("d");
    const bus = await openBus(peer);
    const endless = bus.exchange({ ...question("d"), parse: () => ({ kind: "more" }) });
    await until(() => asked.length === 1, "the question");
    peer.say("z".repeat(1_025));
    expect(await endless).toMatchObject({ error: { kind: "bad", reason: "more bytes than any answer has" } });
  });

  it("are found however the bytes are cut and whatever is skipped before them", async () => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("d");
    const bus = await openBus(peer);
    const noise = fc.stringMatching(/^[a-c#]{0,30}$/);
    await fc.assert(
      fc.asyncProperty(noise, fc.array(fc.nat(32), { maxLength: 4 }), async (before, cuts) => {
        const asks = asked.length;
        const answer = bus.exchange(question("d"));
        await until(() => asked.length > asks, "the question");
        const text = `${before}d!`;
        const places = [0, ...cuts.filter((cut) => cut < text.length), text.length].toSorted((a, b) => a - b);
        for (const [i, end] of places.slice(1).entries()) {
          peer.say(text.slice(places[i], end));
          await new Promise((resolve) => setImmediate(resolve));
        }
        expect((await answer).ok).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});

describe("the line of a request bus", () => {
  it("that goes down in the middle of an exchange leaves it silent, and refuses what waits", async () => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("sent");
    const bus = await openBus(peer);
    const links: string[] = [];
    bus.onLink((open, reason) => links.push(open ? "open" : `closed: ${reason}`));
    const { settled, record } = recorder();
    record("sent", bus.exchange(question("sent")));
    record("poll", bus.exchange(question("poll")));
    record("urgent", bus.exchange(question("urgent", { urgent: true })));
    await until(() => asked.length === 1, "the question");
    await peer.down();
    await until(() => settled.length === 3, "the failures");
    expect(settled).toEqual(["sent silent", "urgent down", "poll down"]);
    expect(await bus.exchange(question("d"))).toMatchObject({ error: { kind: "down" } });
    await peer.up();
    await until(() => links.at(-1) === "open", "the line again");
    expect((await bus.exchange(question("d"))).ok).toBe(true);
    // Nothing that failed was sent later.
    expect(asked).toEqual(["sent", "d"]);
    expect(links[0]).toBe("open");
    expect(links[1]).toMatch(/^closed: /);
  });

  it("tells a newcomer at once how it is, but not before that is known", async () => {
    const { peer } = await startDevices();
    await peer.down();
    const { buses } = busesOf();
    const bus = buses.open(at(peer));
    cleanup.push(bus.release);
    const first: string[] = [];
    const end = bus.onLink((open, reason) => first.push(`${open} ${reason}`));
    expect(first).toEqual([]);
    expect(await bus.exchange(question("d"))).toMatchObject({
      error: { kind: "down", reason: "not open yet" },
    });
    await until(() => first.length > 0, "the attempt to fail");
    expect(first[0]).toContain("ECONNREFUSED");
    end();
    const second: string[] = [];
    bus.onLink((open, reason) => second.push(`${open} ${reason}`));
    expect(second).toHaveLength(1);
    expect(second[0]).toContain("ECONNREFUSED");
  });

  it("can be opened anew", async () => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("sent");
    const bus = await openBus(peer);
    const { settled, record } = recorder();
    record("sent", bus.exchange(question("sent")));
    record("poll", bus.exchange(question("poll")));
    await until(() => asked.length === 1, "the question");
    bus.reset("a good reason");
    record("later", bus.exchange(question("later")));
    await until(() => settled.length === 3, "the failures");
    expect(settled.toSorted()).toEqual(["later down", "poll down", "sent silent"]);
    await until(() => peer.accepted() === 2, "the next connection");
  });

  it("is opened anew when nothing at all is heard on it, ever more rarely", async () => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("d");
    let aheadMs = 0;
    const bus = await openBus(peer, busesOf(() => performance.now() + aheadMs).buses);
    const askInVain = async (afterMs: number): Promise<void> => {
      aheadMs += afterMs;
      await until(() => peer.sockets.size === 1, "the line");
      const before = asked.length;
      await bus.exchange(question("d", { timeoutMs: 20 }));
      await until(() => asked.length > before, "the question");
    };
    await askInVain(0);
    await askInVain(9_000);
    expect(peer.accepted()).toBe(1);
    await askInVain(2_000);
    await until(() => peer.accepted() === 2, "the next connection");
    await opened(bus);
    await askInVain(15_000);
    expect(peer.accepted()).toBe(2);
    await askInVain(10_000);
    await until(() => peer.accepted() === 3, "the connection after that");
  });

  it("fails whatever waits when its last user is released", async () => {
    const { peer, asked, deaf } = await startDevices();
    deaf.add("sent");
    const bus = await openBus(peer);
    const { settled, record } = recorder();
    record("sent", bus.exchange(question("sent")));
    record("poll", bus.exchange(question("poll")));
    await until(() => asked.length === 1, "the question");
    await bus.release();
    await until(() => settled.length === 2, "the failures");
    expect(settled).toEqual(["sent silent", "poll down"]);
  });
});
