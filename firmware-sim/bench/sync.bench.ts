import { join } from "node:path";
import { parseArgs } from "node:util";
import { withPrograms } from "./gate-run.ts";
import { report } from "./report.ts";
import { measureCatchUp } from "./sync-catch-up.ts";
import { measureIngest, measureIngestFloor, startBenchCloud } from "./sync-ingest.ts";

/**
 * How fast the cloud takes the edges' logs, over real HTTP into a real PostgreSQL, and how long one edge takes to catch
 * up after weeks offline, with both sides' memory and how fresh the live state is meanwhile. Beside it, in the same
 * run, the floor: the same rows as plain INSERTs of 500 behind a bare route.
 */
const HELP = `bench sync: the log from edge to cloud
  --edges N      edges that send at the same time (50)
  --events N     events of each of them (9000)
  --backlog N    events that one gate catches up with (750000, 30 days of a busy facility)
`;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      edges: { type: "string", default: "50" },
      events: { type: "string", default: "9000" },
      backlog: { type: "string", default: "750000" },
      help: { type: "boolean" },
    },
  });
  if (values.help === true) return void process.stderr.write(HELP);
  const [edges, events, backlog] = [values.edges, values.events, values.backlog].map(Number);
  if (edges === undefined || events === undefined || backlog === undefined) return;
  await withPrograms("sync", async (programs) => {
    process.stderr.write(`ingest: ${edges} edges, ${events} events each ...\n`);
    const cloud = await startBenchCloud(programs, edges);
    const floor = await measureIngestFloor(programs, cloud, events);
    const perSecond = await measureIngest(cloud, events);
    await cloud.program.stop();
    process.stderr.write(`catch-up: ${backlog} events of one gate ...\n`);
    const caughtUp = await measureCatchUp(join(programs.folder, "site"), backlog);
    report("sync", `the log from edge to cloud: ${edges} edges, then ${backlog} events of one`, [
      { figure: "ingest_events_per_s", value: perSecond, floor },
      { figure: "catchup_750k_s", value: caughtUp.seconds * (750_000 / backlog), floor: 750_000 / floor },
      { figure: "live_lag_s", value: caughtUp.liveLagS, floor: null },
      { figure: "edge_rss_mb", value: caughtUp.edgeRssMb, floor: null },
      { figure: "cloud_rss_mb", value: caughtUp.cloudRssMb, floor: null },
    ]);
  });
}

await main();
