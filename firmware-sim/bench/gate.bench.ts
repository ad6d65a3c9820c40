import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { ARM_MS, BenchLane, noDelay } from "./bench-lane.ts";
import { startProgram, type Program, type ProgramOptions } from "../site/program.ts";
import { percentile, report } from "./report.ts";

/**
 * Sensor-to-relay latency of the running system: from the moment a camera publishes a plate to the moment the
 * board has the open command, over the real broker, through the real agent and its durable commit. Beside it, in
 * the same run, the floor: a bare program that does the same without being a gate.
 */
const HELP = `bench gate: sensor-to-relay latency over the broker
  --seconds N   how long each part is measured (30)
  --lanes N     lanes of the agent (8)
  --rate N      vehicles a second over all lanes (20)
`;

const ROOT = resolve(import.meta.dirname, "../..");
const FACILITY = "bench";
const WARM_UP_MS = 3_000;
/** The agent's timers are set short, so that a lane can serve a vehicle every few hundred milliseconds. */
const TIMERS = { arm_ms: ARM_MS, read_ms: 1_000, back_ms: 500, clear_ms: 40 };

const sleep = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

function layOut(folder: string, mqttUrl: string, lanes: readonly string[]): string {
  const file = join(folder, "edge.yaml");
  const config = {
    facility: {
      id: randomUUID(),
      slug: FACILITY,
      name: "Bench",
      time_zone: "UTC",
      currency: "EUR",
      capacity: 1_000_000,
    },
    data_dir: join(folder, "edge"),
    http: { host: "127.0.0.1", port: 0 },
    mqtt: { url: mqttUrl },
    tariff: { id: "bench", version: 1, document: { flat: { price: 1 } } },
    boards: lanes.map((name) => ({ name, driver: "mqtt" })),
    cameras: lanes.map((name) => ({ name, driver: "mqtt" })),
    lanes: lanes.map((name) => ({
      name,
      title: name,
      direction: "entry",
      camera: name,
      barrier: { board: name, number: 1, pulse_ms: 200, rated_ms: 1_000 },
      inputs: { arming: "in1", safety: "in2", closing: "in3", open_limit: "in4", closed_limit: "in5" },
      timers: TIMERS,
    })),
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

async function measureGate(
  url: string,
  lanes: readonly string[],
  rate: number,
  seconds: number,
): Promise<BenchLane[]> {
  const benches = await Promise.all(
    lanes.map(async (name) => new BenchLane(FACILITY, name, await noDelay(url))),
  );
  for (const lane of benches) await lane.start();
  const heartbeat = setInterval(() => {
    for (const lane of benches) lane.heartbeat();
  }, 1_000);
  await sleep(1_500);
  const gapMs = (lanes.length / rate) * 1_000;
  const startMs = performance.now() + 100;
  const endMs = startMs + WARM_UP_MS + seconds * 1_000;
  await Promise.all(
    benches.map(async (lane, i) => {
      for (let n = 0; ; n++) {
        const dueMs = startMs + (n + i / lanes.length) * gapMs;
        if (dueMs > endMs) return;
        await sleep(Math.max(0, dueMs - performance.now()));
        await lane.serve(`B${i}N${String(n).padStart(6, "0")}`, dueMs > startMs + WARM_UP_MS);
      }
    }),
  );
  clearInterval(heartbeat);
  for (const lane of benches) await lane.client.endAsync();
  return benches;
}

async function measureFloor(url: string, rate: number, seconds: number): Promise<number[]> {
  const client = await noDelay(url);
  await client.subscribeAsync("floor/cmd", { qos: 1 });
  const sent = new Map<string, number>();
  const latencies: number[] = [];
  client.on("message", (_topic, payload) => {
    const sentMs = sent.get(payload.toString());
    if (sentMs !== undefined) latencies.push(performance.now() - sentMs);
  });
  const startMs = performance.now();
  for (let n = 0; n < rate * (seconds + WARM_UP_MS / 1_000); n++) {
    await sleep(Math.max(0, startMs + (n * 1_000) / rate - performance.now()));
    const text = JSON.stringify({
      event_id: randomUUID(),
      plate: `B0N${n}`,
      confidence: 0.97,
      direction: "towards",
    });
    if (performance.now() > startMs + WARM_UP_MS) sent.set(text, performance.now());
    client.publish("floor/plate", text, { qos: 1 });
  }
  await sleep(500);
  await client.endAsync();
  return latencies;
}

function rssMb(pid: number): number {
  const kb = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kb) / 1024;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "30" },
      lanes: { type: "string", default: "8" },
      rate: { type: "string", default: "20" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return void process.stderr.write(HELP);
  const [seconds, laneCount, rate] = [Number(values.seconds), Number(values.lanes), Number(values.rate)];
  mkdirSync(join(ROOT, ".parkme"), { recursive: true });
  const folder = mkdtempSync(join(ROOT, ".parkme", "bench-gate-"));
  const lanes = Array.from({ length: laneCount }, (_, i) => `lane-${i + 1}`);
  const programs: Program[] = [];
  const run = (
    name: string,
    file: string,
    args: readonly string[],
    more: Partial<ProgramOptions> = {},
  ): Program => {
    const logFile = join(folder, `${name}.log`);
    const program = startProgram({ name, file: join(ROOT, file), args, logFile, ...more });
    programs.push(program);
    return program;
  };
  try {
    const broker = run("broker", "dist/edge-agent/broker.mjs", [], { env: { PARKME_MQTT_PORT: "0" } });
    const url = `mqtt://127.0.0.1:${await broker.ready}`;
    process.stderr.write(`floor: ${seconds} s at ${rate}/s ...\n`);
    const floor = run("floor", "edge-agent/bench/gate-floor.ts", [url, join(folder, "floor.db")], {
      nodeArgs: ["--import", "tsx"],
    });
    await floor.ready;
    const floors = await measureFloor(url, rate, seconds);
    await floor.stop();
    process.stderr.write(`gate: ${seconds} s at ${rate} vehicles/s over ${laneCount} lanes ...\n`);
    const agent = run("agent", "dist/edge-agent/main.mjs", ["--config", layOut(folder, url, lanes)]);
    await agent.ready;
    const served = await measureGate(url, lanes, rate, seconds);
    const latencies = served.flatMap((lane) => lane.latencies);
    const unanswered = served.reduce((sum, lane) => sum + lane.unanswered, 0);
    report("gate", `sensor to relay: ${latencies.length} vehicles, ${unanswered} commands missed (ms, MB)`, [
      { figure: "decision_p50_ms", value: percentile(latencies, 0.5), floor: percentile(floors, 0.5) },
      { figure: "decision_p99_ms", value: percentile(latencies, 0.99), floor: percentile(floors, 0.99) },
      { figure: "agent_rss_mb", value: rssMb(agent.pid), floor: null },
    ]);
    if (unanswered > 0) process.exitCode = 1;
  } finally {
    for (const program of programs.toReversed()) await program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main();
