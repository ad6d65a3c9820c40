import { join } from "node:path";
import { parseArgs } from "node:util";
import { withPrograms, type Programs } from "./gate-run.ts";
import { report, type Figure } from "./report.ts";
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
  --only PART    ingest or catchup
  --backlog N    events that one gate catches up with (750000, 30 days of a busy facility)
`;

type Size = { readonly edges: number; readonly events: number; readonly backlog: number };

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      edges: { type: "string", default: "50" },
      events: { type: "string", default: "9000" },
      backlog: { type: "string", default: "750000" },
      only: { type: "string" },
      help: { type: "boolean" },
    },
  });
  const { only } = values;
  if (values.help === true) return void process.stderr.write(HELP);
  if (only !== undefined && only !== "ingest" && only !== "catchup")
    throw new Error(`--only: no part is called ${only}`);
  const size = {
    edges: Number(values.edges),
    events: Number(values.events),
    backlog: Number(values.backlog),
  };
  await withPrograms("sync", async (programs) => {
    const figures: Figure[] = [];
    if (only !== "catchup") figures.push(...(await ingest(programs, size)));
    const floor = figures[0]?.floor ?? null;
    if (only !== "ingest") figures.push(...(await catchUp(programs, size, floor)));
    report(
      "sync",
      `the log from edge to cloud: ${size.edges} edges, then ${size.backlog} events of one`,
      figures,
    );
  });
}

async function ingest(programs: Programs, { edges, events }: Size): Promise<Figure[]> {
  process.stderr.write(`ingest: ${edges} edges, ${events} events each ...\n`);
  const cloud = await startBenchCloud(programs, edges);
  const floor = await measureIngestFloor(programs, cloud, events);
  const { perSecond, cloudUs, databaseUs, rssMb } = await measureIngest(cloud, events);
  await cloud.program.stop();
  return [
    { figure: "ingest_events_per_s", value: perSecond, floor },
    { figure: "ingest_cloud_cpu_us", value: cloudUs, floor: null },
    { figure: "ingest_database_cpu_us", value: databaseUs, floor: null },
    { figure: "ingest_cloud_rss_mb", value: rssMb, floor: null },
  ];
}

/** @param floor events a second, where it was measured. */
async function catchUp(programs: Programs, { backlog }: Size, floor: number | null): Promise<Figure[]> {
  process.stderr.write(`catch-up: ${backlog} events of one gate ...\n`);
  const caughtUp = await measureCatchUp(join(programs.folder, "site"), backlog);
  return [
    {
      figure: "catchup_750k_s",
      value: caughtUp.seconds * (750_000 / backlog),
      floor: floor && 750_000 / floor,
    },
    { figure: "live_lag_s", value: caughtUp.liveLagS, floor: null },
    { figure: "edge_rss_mb", value: caughtUp.edgeRssMb, floor: null },
    { figure: "cloud_rss_mb", value: caughtUp.cloudRssMb, floor: null },
  ];
}

await main();
