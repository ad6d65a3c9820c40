import { randomBytes, randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { stringify } from "yaml";
import { embeddedDatabase } from "../site/cloud-database.ts";
import type { Program } from "../site/program.ts";
import { CLOUD_NODE_ARGS } from "../site/site.ts";
import { databaseSeconds } from "./database-cpu.ts";
import { cpuSeconds, rssMb, type Programs } from "./gate-run.ts";
import { floorParcels, logParcels, newEdge, sendAll, type LoadEdge } from "./sync-load.ts";

/** A cloud with as many facilities as the bench has edges, each with an edge of its own. */

export type BenchCloud = {
  readonly program: Program;
  readonly url: string;
  readonly folder: string;
  readonly edges: readonly LoadEdge[];
};

export async function startBenchCloud(programs: Programs, edgeCount: number): Promise<BenchCloud> {
  const folder = join(programs.folder, "ingest-cloud");
  mkdirSync(folder, { recursive: true });
  const edges = Array.from({ length: edgeCount }, () => newEdge(randomBytes(32).toString("base64url")));
  const file = join(folder, "provision.yaml");
  writeFileSync(
    file,
    stringify({
      organisation: { slug: "bench", name: "Bench" },
      facilities: edges.map((edge, i) => facilityOf(folder, edge, i)),
      users: [],
    }),
  );
  const program = programs.run("cloud", "dist/cloud-api/main.mjs", [], {
    nodeArgs: CLOUD_NODE_ARGS,
    env: {
      PARKME_CLOUD_PORT: "0",
      PARKME_DATA_DIR: folder,
      PARKME_PROVISION: file,
    },
  });
  return { program, url: `http://127.0.0.1:${await program.ready}`, folder, edges };
}

function facilityOf(folder: string, edge: LoadEdge, i: number): object {
  const tokenFile = join(folder, `token-${i}`);
  writeFileSync(tokenFile, `${edge.token}\n`, { mode: 0o600 });
  return {
    id: randomUUID(),
    slug: `bench-${i}`,
    name: `Bench ${i}`,
    time_zone: "UTC",
    currency: "EUR",
    capacity: 500,
    lanes: [
      { slug: "entry", name: "Entry", direction: "entry" },
      { slug: "exit", name: "Exit", direction: "exit" },
    ],
    edge: { id: edge.id, token_file: tokenFile },
  };
}

export type Ingested = {
  /** Events a second that the cloud takes from all edges together, end to end. */
  readonly perSecond: number;
  /** Processor time for each of them. */
  readonly cloudUs: number;
  readonly databaseUs: number;
  /** The most that the cloud's program had of memory meanwhile. */
  readonly rssMb: number;
};

const LOOK_MS = 50;

export async function measureIngest(cloud: BenchCloud, eventsPerEdge: number): Promise<Ingested> {
  const parcels = cloud.edges.map((edge) => logParcels(edge, eventsPerEdge));
  const events = parcels.flat().reduce((sum, parcel) => sum + parcel.events, 0);
  const { pid } = cloud.program;
  const before = { cloud: cpuSeconds(pid), database: databaseSeconds(cloud.folder) };
  let most = rssMb(pid);
  const look = setInterval(() => (most = Math.max(most, rssMb(pid))), LOOK_MS);
  const perSecond = await sendAll(cloud.url, parcels).finally(() => clearInterval(look));
  const each = (seconds: number): number => (seconds / events) * 1_000_000;
  return {
    perSecond,
    cloudUs: each(cpuSeconds(pid) - before.cloud),
    databaseUs: each(databaseSeconds(cloud.folder) - before.database),
    rssMb: most,
  };
}

/** The same rows through the bare route, into the same server. */
export async function measureIngestFloor(
  programs: Programs,
  cloud: BenchCloud,
  eventsPerEdge: number,
): Promise<number> {
  const { host, port, user, password, database } = embeddedDatabase(cloud.folder);
  const url = `postgres://${user}:${encodeURIComponent(password)}@${host}:${port}/${database}`;
  const floor = programs.run("sync-floor", "cloud-api/bench/sync-floor.ts", [url], {
    nodeArgs: ["--import", "tsx"],
  });
  const floorUrl = `http://127.0.0.1:${await floor.ready}`;
  const parcels = cloud.edges.map((edge) => floorParcels(edge, eventsPerEdge));
  const perSecond = await sendAll(floorUrl, parcels);
  await floor.stop();
  return perSecond;
}
