import { parseArgs } from "node:util";
import { floorOf, layOut, measureGate, rssMb, withPrograms } from "./gate-run.ts";
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
  const lanes = Array.from({ length: laneCount }, (_, i) => `lane-${i + 1}`);
  await withPrograms("gate", async (programs) => {
    const { url, floors } = await floorOf(programs, rate, seconds);
    process.stderr.write(`gate: ${seconds} s at ${rate} vehicles/s over ${laneCount} lanes ...\n`);
    const config = layOut(programs.folder, url, lanes);
    const agent = programs.run("agent", "dist/edge-agent/main.mjs", ["--config", config]);
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
  });
}

await main();
