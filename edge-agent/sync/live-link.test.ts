import { createServer, type IncomingMessage } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { WebSocketServer, type WebSocket } from "ws";
import { LIVE_CLOSED, liveStateSchema, type LiveState } from "@parkme/shared/protocol/downlink";
import { until } from "../devices/testing/until.ts";
import { httpRequest } from "./cloud-http.ts";
import { createLiveLink } from "./live-link.ts";
import { createLiveState, type GateLook } from "./live-state.ts";

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

/** A real server with a web socket, as the cloud has one; `refuse` answers upgrades with a status. */
async function startCloud() {
  const cloud = {
    sockets: [] as WebSocket[],
    authorizations: [] as (string | undefined)[],
    said: [] as string[],
    posted: [] as LiveState[],
    refuse: null as number | null,
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      expect(`${request.method} ${request.url}`).toBe("POST /api/edge/state");
      cloud.posted.push(liveStateSchema.parse(JSON.parse(Buffer.concat(chunks).toString("utf8"))));
      response.writeHead(204).end();
    });
  });
  const upgrades = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request: IncomingMessage, socket: Socket, head) => {
    expect(request.url).toBe("/api/edge/live");
    cloud.authorizations.push(request.headers.authorization);
    if (cloud.refuse !== null)
      return void socket.end(`HTTP/1.1 ${cloud.refuse} No\r\nContent-Length: 0\r\n\r\n`);
    upgrades.handleUpgrade(request, socket, head, (line) => {
      cloud.sockets.push(line);
      line.on("message", (data) => cloud.said.push(data instanceof Buffer ? data.toString("utf8") : "?"));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        for (const line of cloud.sockets) line.terminate();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { cloud, port, url: `http://127.0.0.1:${port}` };
}

const CLOCK = { monotonicMs: () => performance.now(), wallMs: () => Date.UTC(2026, 2, 1) };

function startLink(url: string, { pingMs = 50 }: { readonly pingMs?: number } = {}) {
  const edge = {
    hints: [] as string[],
    opened: 0,
    notes: [] as string[],
    refused: [] as string[],
    tokens: 0,
    noToken: false,
  };
  const note = ({ reason }: { reason?: string }, message: string) =>
    void edge.notes.push(reason === undefined ? message : `${message}: ${reason}`);
  const link = createLiveLink({
    url,
    credential: {
      token: async () => {
        edge.tokens += 1;
        if (edge.noToken) throw new Error("there is no token");
        return `tok-${edge.tokens}`;
      },
      accepted: () => undefined,
      refused: (token) => void edge.refused.push(token),
    },
    hint: (hint) => void edge.hints.push(hint),
    opened: () => void (edge.opened += 1),
    clock: CLOCK,
    random: () => 0.5,
    note: { info: note, warn: note },
    pingMs,
    firstRetryMs: 5,
  });
  cleanups.push(link.stop);
  link.start();
  return { edge, link };
}

describe("the live line", () => {
  it("is opened with the token, hears hints, and says what it is given", async () => {
    const { cloud, url } = await startCloud();
    const { edge, link } = startLink(url);
    await until(() => link.connected(), "the line to open");
    expect(cloud.authorizations).toEqual(["Bearer tok-1"]);
    cloud.sockets[0]?.send('{"hint":"downlink"}');
    cloud.sockets[0]?.send('{"hint":"manifest"}');
    await until(() => edge.hints.length === 2, "the hints");
    expect(edge.hints).toEqual(["downlink", "manifest"]);
    expect(link.send("hello")).toBe(true);
    await until(() => cloud.said.length > 0, "what was said");
    expect([cloud.said, link.downForMs()]).toEqual([["hello"], 0]);
    expect(edge.notes).toEqual(["the live line to the cloud is open"]);
  });

  it("is opened again whenever it ends, with a fresh token where the old one was refused", async () => {
    const { cloud, url } = await startCloud();
    const { edge, link } = startLink(url);
    await until(() => cloud.sockets.length === 1, "the line to open");
    cloud.sockets[0]?.terminate();
    await until(() => cloud.sockets.length === 2, "the line to open again");
    cloud.sockets[1]?.close(LIVE_CLOSED.unknown_edge, "revoked");
    await until(() => cloud.sockets.length === 3, "the line to open a third time");
    expect(edge.refused).toEqual(["tok-2"]);
    cloud.refuse = 401;
    cloud.sockets[2]?.close();
    await until(() => edge.refused.length > 1, "the refusal");
    expect(link.connected()).toBe(false);
    expect(link.send("lost")).toBe(false);
    edge.noToken = true;
    const asked = edge.tokens;
    await until(() => edge.tokens > asked + 1, "another try");
    [cloud.refuse, edge.noToken] = [null, false];
    await until(() => link.connected(), "the line to open in the end");
  });

  it("takes no harm from what is no hint, and ends with what is too long for one", async () => {
    const { cloud, url } = await startCloud();
    const { edge, link } = startLink(url);
    await until(() => cloud.sockets.length === 1, "the line to open");
    for (const text of ["", "null", "{}", '{"hint":"open the gate"}', "[", "\u0000"])
      cloud.sockets[0]?.send(text);
    cloud.sockets[0]?.send(Buffer.from('{"hint":"downlink"}'));
    cloud.sockets[0]?.send('{"hint":"downlink"}');
    await until(() => edge.hints.length === 1, "the one hint that is one");
    expect(link.connected()).toBe(true);
    cloud.sockets[0]?.send("x".repeat(10_000));
    await until(() => cloud.sockets.length === 2, "the line to open again");
    expect(edge.hints).toEqual(["downlink"]);
  });

  it("that is half open is given up and opened again", async () => {
    const { cloud, port } = await startCloud();
    // A cable that swallows everything once it is told to, and breaks nothing.
    let swallowing = false;
    const ends: Socket[] = [];
    const cable = createTcpServer((near) => {
      const far = connect(port, "127.0.0.1");
      const mine = swallowing;
      ends.push(near, far);
      near.on("data", (data) => void ((mine || !swallowing) && far.write(data)));
      far.on("data", (data) => void ((mine || !swallowing) && near.write(data)));
      for (const end of [near, far]) end.on("error", () => undefined);
      near.on("close", () => far.destroy());
    });
    await new Promise<void>((resolve) => cable.listen(0, "127.0.0.1", resolve));
    cleanups.push(() => {
      for (const end of ends) end.destroy();
      cable.close();
    });
    const { edge, link } = startLink(`http://127.0.0.1:${(cable.address() as AddressInfo).port}`);
    await until(() => link.connected(), "the line to open");
    swallowing = true;
    await until(() => cloud.sockets.length === 2 && link.connected(), "the line to open again");
    expect(edge.opened).toBe(2);
  });

  it("never throws where there is nobody, or no address", async () => {
    for (const url of ["http://127.0.0.1:1", "http://0.0.0.0:0", "nonsense://"]) {
      const { edge, link } = startLink(url);
      await until(() => edge.tokens > 2, "some tries");
      expect(link.connected()).toBe(false);
      expect(edge.notes).toHaveLength(1);
      await link.stop();
    }
  });
});

const LOOK: GateLook = {
  inside: 3,
  capacity: 10,
  zones: [],
  lanes: [{ lane: "entry", state: "IDLE", mode: "open", trouble: null }],
  alarms: 0,
  waiting: 0,
  manifest: 0,
};

/** Time that the test moves on. */
function startTelling(link: Parameters<typeof createLiveState>[0]["link"], url: string) {
  const gate = { inside: 3, notes: 0 };
  let nowMs = 0;
  const timers: { atMs: number; work: () => void }[] = [];
  const telling = createLiveState({
    look: () => ({ ...LOOK, inside: gate.inside }),
    bootId: "boot-1",
    link,
    post: async (state, stopping) => {
      const body = JSON.stringify(state);
      const { status } = await httpRequest({ url }, { path: "/api/edge/state", body }, stopping);
      return { status, body: null };
    },
    clock: CLOCK,
    timers: {
      after: (ms, work) => {
        const timer = { atMs: nowMs + ms, work };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer) >>> 0, 1);
      },
    },
    note: { warn: () => void (gate.notes += 1) },
  });
  cleanups.push(telling.stop);
  /** Lets time pass, second by second. */
  async function pass(seconds: number): Promise<void> {
    for (let i = 0; i < seconds * 4; i++) {
      nowMs += 250;
      for (const timer of timers.filter(({ atMs }) => atMs <= nowMs)) {
        timers.splice(timers.indexOf(timer) >>> 0, 1);
        timer.work();
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return { gate, telling, pass };
}

describe("the state of the gate", () => {
  it("is told at once, after changes at most once a second, and every 15 seconds", async () => {
    const said: LiveState[] = [];
    const link = {
      connected: () => true,
      downForMs: () => 0,
      send: (text: string) => said.push(liveStateSchema.parse(JSON.parse(text))) > 0,
    };
    const { gate, telling, pass } = startTelling(link, "http://127.0.0.1:1");
    telling.start();
    await pass(0.25);
    expect(said).toMatchObject([
      { boot_id: "boot-1", serial: 1, inside: 3, wall_time: "2026-03-01T00:00:00.000Z" },
    ]);
    for (let i = 0; i < 50; i++) {
      gate.inside += 1;
      telling.changed();
    }
    await pass(3);
    expect(said.map(({ serial, inside }) => [serial, inside])).toEqual([
      [1, 3],
      [2, 53],
    ]);
    await pass(14);
    expect(said).toHaveLength(3);
    telling.now();
    expect(said).toHaveLength(4);
    await pass(61);
    expect(said.length).toBeLessThanOrEqual(9);
    expect(said.length).toBeGreaterThanOrEqual(8);
  });

  it("goes another way where there is no line, once that has lasted", async () => {
    const { cloud, url } = await startCloud();
    let downForMs = 1_000;
    const link = { connected: () => false, downForMs: () => downForMs, send: () => false };
    const { telling, pass } = startTelling(link, url);
    telling.start();
    await pass(10);
    expect(cloud.posted).toEqual([]);
    downForMs = 6_000;
    await pass(2);
    await until(() => cloud.posted.length > 0, "the state to be posted");
    expect(cloud.posted).toMatchObject([{ boot_id: "boot-1", serial: 1, inside: 3 }]);
  });

  it("that cannot be told, or cannot be made out, is noted once", async () => {
    const link = { connected: () => false, downForMs: () => 60_000, send: () => false };
    const { gate, telling, pass } = startTelling(link, "http://127.0.0.1:1");
    gate.inside = 0.5;
    telling.start();
    await pass(40);
    gate.inside = 3;
    await pass(40);
    telling.now();
    expect(gate.notes).toBe(1);
  });
});
