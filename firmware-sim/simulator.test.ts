import { spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { connect, createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  boardStateSchema,
  gateTopics,
  type BoardCommand,
  type BoardState,
} from "@parkme/shared/protocol/gate-mqtt";
import { Aedes } from "aedes";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { startSimulator, type Simulator } from "./simulator.ts";
import { parseSite, type Site } from "./site-file.ts";
import { writeParked } from "./state-file.ts";
import type { Vehicle } from "./traffic/demand.ts";
import { paintedPlate } from "./traffic/plates.ts";
import { connectMqtt, endMqtt } from "./transports/mqtt-client.ts";
import type { WorldEvent } from "./world/facility-world.ts";

const WITHIN = { timeout: 25_000, interval: 10 };
const CAR: Vehicle = { plate: paintedPlate("HH PK 4821", "D"), kind: "car", colour: "blue" };
const stops: (() => unknown)[] = [];
let folder = "";

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "parkme-sim-"));
  writeFileSync(join(folder, "key"), "camera-key");
});
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
  rmSync(folder, { recursive: true });
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
  stops.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function startBroker(): Promise<string> {
  const broker = await Aedes.createBroker();
  const port = await listen(createServer({ noDelay: true }, broker.handle));
  stops.push(() => new Promise<void>((done) => broker.close(done)));
  return `mqtt://127.0.0.1:${port}`;
}

function siteText(mqttUrl: string, agentUrl: string, boardPort = 0): string {
  return `
facility: demo
mqtt: { url: "${mqttUrl}" }
agent: { url: "${agentUrl}" }
state_file: ./parked.json
arrivals_per_hour: 0
boards:
  - { name: entry-board, transport: mqtt }
  - { name: exit-board, transport: pcless-tcp, port: ${boardPort} }
cameras:
  - { name: entry-cam, transport: hikvision, key_file: ./key }
  - { name: exit-cam, transport: mqtt }
lanes:
  - name: entry
    direction: entry
    camera: entry-cam
    barrier: { board: entry-board, rated_ms: 300 }
    inputs: { arming: in1, safety: in2, closing: in3, open_limit: in4, closed_limit: in5 }
  - name: exit
    direction: exit
    camera: exit-cam
    barrier: { board: exit-board, rated_ms: 300 }
    inputs: { arming: in1, safety: in2, closing: in3, closed_limit: in4 }
`;
}

function siteOf(text: string): Site {
  const site = parseSite(text, folder);
  if (!site.ok) throw new Error(JSON.stringify(site.error));
  return site.value;
}

describe("a simulated site", () => {
  it("lets a vehicle in when its board is told to open, and tells boards and cameras what it does", async () => {
    const mqttUrl = await startBroker();
    const pushes: string[] = [];
    const http = createHttpServer((request, response) => {
      request.resume().on("end", () => {
        pushes.push(request.url ?? "");
        response.writeHead(200).end();
      });
    });
    const agentUrl = `http://127.0.0.1:${await listen(http)}`;
    stops.push(() => http.closeAllConnections());

    const topics = gateTopics("demo");
    const states: BoardState[] = [];
    const agent = connectMqtt({ url: mqttUrl }, {});
    stops.push(() => endMqtt(agent));
    agent.on("message", (_topic, payload) =>
      states.push(boardStateSchema.parse(JSON.parse(payload.toString()))),
    );
    await agent.subscribeAsync(topics.boardState("entry-board"), { qos: 1 });

    const events: WorldEvent[] = [];
    const simulator = await startSimulator({
      site: siteOf(siteText(mqttUrl, agentUrl)),
      onEvent: (event) => events.push(event),
    });
    stops.push(simulator.stop);
    simulator.world.arrive({ vehicle: CAR });
    await vi.waitUntil(() => states.at(-1)?.inputs["in1"] === true, WITHIN);
    expect(states.at(-1)?.inputs).toMatchObject({ in2: false, in4: false, in5: true });
    await vi.waitUntil(() => pushes.includes("/cameras/entry-cam/camera-key"), WITHIN);

    const { boot = "", uptime_ms = 0 } = states.at(-1) ?? {};
    const deadline_uptime_ms = uptime_ms + 10_000;
    const open: BoardCommand = {
      id: randomUUID(),
      epoch: 1,
      boot,
      deadline_uptime_ms,
      barrier: 1,
      action: "open",
      pulse_ms: 200,
    };
    await agent.publishAsync(topics.boardCommand("entry-board"), JSON.stringify(open), { qos: 1 });
    await vi.waitUntil(() => events.some(({ kind }) => kind === "movement"), WITHIN);
    await vi.waitUntil(() => states.at(-1)?.inputs["in3"] === false, WITHIN);
    expect(states.at(-1)).toMatchObject({
      inputs: { in4: true, in5: false },
      edges: { in1: 1, in2: 1, in3: 1 },
    });
    expect(events.find(({ kind }) => kind === "movement")).toMatchObject({ direction: "in", inside: 1 });
    expect(simulator.world.armHits()).toBe(0);
  }, 60_000);

  it("puts its relays down and its ports back when it stops", async () => {
    const mqttUrl = await startBroker();
    const simulator = await startSimulator({ site: siteOf(siteText(mqttUrl, "http://127.0.0.1:9")) });
    const exit = simulator.boards.get("exit-board");
    if (exit?.transport !== "pcless" || exit.port === null) throw new Error("the exit board is not on TCP");
    exit.board.latch("out1", true);
    expect(simulator.world.gates.get("exit")?.arm().motion).toBe("up");
    const socket = connect(exit.port, "127.0.0.1");
    await once(socket, "connect");
    await simulator.stop();
    expect(Object.values(exit.board.relays())).not.toContain(true);
    if (!socket.closed) await once(socket, "close");
    const again = connect(exit.port, "127.0.0.1");
    await expect(once(again, "connect")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("waits for a broker that is not there yet, and rejects a port that is taken", async () => {
    const taken = await listen(createServer());
    const site = (port: number): Site => siteOf(siteText("mqtt://127.0.0.1:9", "http://127.0.0.1:9", port));
    const running: Simulator = await startSimulator({ site: site(0) });
    await running.stop();
    await expect(startSimulator({ site: site(taken) })).rejects.toMatchObject({ code: "EADDRINUSE" });
  });
});

type Ran = { child: ChildProcess; out: () => string; err: () => string };

/** Runs the program from its sources. */
function runProgram(...args: string[]): Ran {
  const main = resolve(import.meta.dirname, "main.ts");
  const child = spawn(process.execPath, ["--import", "tsx", main, ...args], {
    cwd: resolve(import.meta.dirname, ".."),
  });
  stops.push(() => child.kill("SIGKILL"));
  let out = "";
  let err = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  return { child, out: () => out, err: () => err };
}

async function exitCode({ child }: Ran): Promise<number | null> {
  if (child.exitCode === null) await once(child, "close");
  return child.exitCode;
}

describe("the program", () => {
  it("goes on with the vehicles that were inside, and keeps them when it is stopped", async () => {
    const file = join(folder, "site.yaml");
    writeFileSync(file, siteText("mqtt://127.0.0.1:9", "http://127.0.0.1:9"));
    writeParked(join(folder, "parked.json"), {
      parked: [{ vehicle: CAR, remainingMs: 3_600_000 }],
      tickets: new Map(),
    });
    const ran = runProgram("--site", file, "--speed", "20", "--seed", "harbour");
    await vi.waitUntil(() => ran.out().includes("\n"), WITHIN);
    expect(JSON.parse(ran.out())).toMatchObject({ event: "ready", seed: "harbour", speed: 20, inside: 1 });
    ran.child.kill("SIGTERM");
    expect(await exitCode(ran)).toBe(0);
    expect(readFileSync(join(folder, "parked.json"), "utf8")).toContain("HH PK 4821");
  }, 60_000);

  it("says everything that is wrong with a site, or which port is in use, and ends with 1", async () => {
    const file = join(folder, "site.yaml");
    writeFileSync(file, siteText("http://wrong", "mqtt://wrong"));
    const wrong = runProgram("--site", file);
    expect(await exitCode(wrong)).toBe(1);
    expect(wrong.err()).toMatch(/site.yaml:3: mqtt.url.*\n.*site.yaml:4: agent.url/);
    const taken = await listen(createServer());
    writeFileSync(file, siteText("mqtt://127.0.0.1:9", "http://127.0.0.1:9", taken));
    const blocked = runProgram("--site", file);
    expect(await exitCode(blocked)).toBe(1);
    expect(blocked.err()).toContain(String(taken));
  }, 60_000);

  it("helps, and refuses flags that it does not know", async () => {
    const help = runProgram("--help");
    const wrong = [
      ["--speed", "3"],
      ["--site", "x", "--speed", "0"],
      ["--colour", "red"],
    ].map((args) => runProgram(...args));
    expect(await exitCode(help)).toBe(0);
    expect(help.out()).toContain("--site");
    expect(await Promise.all(wrong.map(exitCode))).toEqual([1, 1, 1]);
    expect(wrong.map(({ err }) => err())).not.toContain("");
  }, 60_000);
});
