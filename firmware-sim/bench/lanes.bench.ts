import { join } from "node:path";
import { parseArgs } from "node:util";
import { cpuSeconds, floorOf, layOut, measureGate, rssMb, withPrograms } from "./gate-run.ts";
import { measureModbus } from "./modbus-run.ts";
import { percentile, report } from "./report.ts";

/**
 * The gate at its size: sixteen lanes with a vehicle a second each in one agent, beside the floor of the gate
 * bench; and 64 points on one Modbus line at 9600 baud, beside what the line itself can carry.
 */
const HELP = `bench lanes: sixteen lanes in one agent, and a full Modbus line
  --seconds N   how long each part is measured (30)
  --lanes N     lanes of the agent, a vehicle a second each (16)
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seconds: { type: "string", default: "30" },
      lanes: { type: "string", default: "16" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return void process.stderr.write(HELP);
  const [seconds, rate] = [Number(values.seconds), Number(values.lanes)];
  const lanes = Array.from({ length: rate }, (_, i) => `lane-${i + 1}`);
  await withPrograms("lanes", async (programs) => {
    process.stderr.write(`modbus: ${seconds} s at 9600 baud ...\n`);
    const modbus = await measureModbus(programs, seconds);
    const { url, floors } = await floorOf(programs, rate, seconds);
    process.stderr.write(`lanes: ${seconds} s at ${rate} vehicles/s over ${rate} lanes ...\n`);
    const config = layOut(programs.folder, url, lanes);
    const agent = programs.run("agent", join("dist", "edge-agent", "main.mjs"), ["--config", config]);
    await agent.ready;
    const [cpuBefore, before] = [cpuSeconds(agent.pid), performance.now()];
    const served = await measureGate(url, lanes, rate, seconds);
    const cores = (cpuSeconds(agent.pid) - cpuBefore) / ((performance.now() - before) / 1_000);
    const latencies = served.flatMap((lane) => lane.latencies);
    const unanswered = served.reduce((sum, lane) => sum + lane.unanswered, 0);
    report(
      "lanes",
      `${rate} lanes: ${latencies.length} vehicles, ${unanswered} commands missed (ms, cores, MB)`,
      [
        { figure: "modbus_cycle_ms", value: modbus.cycleMs, floor: modbus.lineMs },
        { figure: "modbus_cycle_p99_ms", value: modbus.cycleP99Ms, floor: modbus.lineMs },
        { figure: "decision_p50_ms", value: percentile(latencies, 0.5), floor: percentile(floors, 0.5) },
        { figure: "decision_p99_ms", value: percentile(latencies, 0.99), floor: percentile(floors, 0.99) },
        { figure: "agent_cpu_cores", value: cores, floor: null },
        { figure: "agent_rss_mb", value: rssMb(agent.pid), floor: null },
      ],
    );
    if (unanswered > 0) process.exitCode = 1;
  });
}

await main();
