import { Agent, request } from "node:http";
import { randomUUID } from "node:crypto";
import { gzipSync } from "node:zlib";
import {
  GENESIS_HASH,
  logRefusalSchema,
  MAX_BATCH_BYTES,
  MAX_BATCH_EVENTS,
} from "@parkme/shared/protocol/log";
import { trafficFrom, TRAFFIC_BOOT, TRAFFIC_VERSION, type TrafficRow } from "./log-traffic.ts";

/** The load of the sync bench: what edges send, made before the clock runs, sent one request at a time by each edge. */

export type LoadEdge = { readonly id: string; readonly token: string };
/** One request, ready to go. */
export type Parcel = {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly events: number;
};

const START_MS = Date.UTC(2026, 5, 1);

/** Batches of an edge's log, as the edge would send them. */
export function logParcels(edge: LoadEdge, events: number): Parcel[] {
  const parcels: Parcel[] = [];
  let previous = GENESIS_HASH;
  let left = events;
  for (const batch of batchesOf(trafficFrom(START_MS))) {
    if (left <= 0) return parcels;
    left -= batch.length;
    const header = {
      edge_id: edge.id,
      epoch: 1,
      first: batch[0]?.seq ?? 1,
      previous_hash: previous,
      hash: batch.at(-1)?.hash ?? previous,
      boot_id: TRAFFIC_BOOT,
      wall_time: new Date(START_MS).toISOString(),
      waiting: Math.max(0, left),
    };
    const text = [JSON.stringify(header), ...batch.map(({ line }) => line), ""].join("\n");
    parcels.push({
      path: "/api/edge/log",
      headers: {
        "content-type": "application/x-ndjson",
        "content-encoding": "gzip",
        authorization: `Bearer ${edge.token}`,
      },
      body: gzipSync(text, { level: 1 }),
      events: batch.length,
    });
    previous = batch.at(-1)?.hash ?? previous;
  }
  return parcels;
}

/** The same rows as JSON, 500 to a request, for the floor. */
export function floorParcels(edge: LoadEdge, events: number): Parcel[] {
  const parcels: Parcel[] = [];
  const rows = trafficFrom(START_MS);
  const receivedAt = new Date(START_MS).toISOString();
  for (let sent = 0; sent < events; sent += MAX_BATCH_EVENTS) {
    const batch = take(rows, MAX_BATCH_EVENTS).map((row) => [
      edge.id,
      row.seq,
      row.eventId,
      row.kind,
      TRAFFIC_VERSION,
      new Date(row.wallMs).toISOString(),
      receivedAt,
      row.payload,
      "applied",
      null,
      1,
      `\\x${row.hash}`,
    ]);
    parcels.push({
      path: "/rows",
      headers: { "content-type": "application/json" },
      body: Buffer.from(JSON.stringify(batch)),
      events: batch.length,
    });
  }
  return parcels;
}

export function newEdge(token: string): LoadEdge {
  return { id: randomUUID(), token };
}

/**
 * Every edge sends its parcels, one after another; all edges at the same time. An edge that is told to wait waits.
 *
 * @returns events a second, from the first request to the last answer.
 */
export async function sendAll(baseUrl: string, edges: readonly (readonly Parcel[])[]): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: edges.length });
  const startMs = performance.now();
  let events = 0;
  await Promise.all(
    edges.map(async (parcels) => {
      for (const parcel of parcels) {
        for (;;) {
          const { status, text } = await post(agent, baseUrl, parcel);
          if (status === 200) break;
          if (status !== 429) throw new Error(`${parcel.path} answered ${status}: ${text}`);
          await new Promise((done) => setTimeout(done, retryOf(text)));
        }
        events += parcel.events;
      }
    }),
  );
  const seconds = (performance.now() - startMs) / 1_000;
  agent.destroy();
  return events / seconds;
}

type PostAnswer = { readonly status: number; readonly text: string };

function post(agent: Agent, baseUrl: string, { path, headers, body }: Parcel): Promise<PostAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(path, baseUrl),
      { method: "POST", agent, headers: { ...headers, "content-length": String(body.length) } },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
        );
        response.on("error", reject);
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

function* batchesOf(rows: Generator<TrafficRow>): Generator<TrafficRow[]> {
  let batch: TrafficRow[] = [];
  let bytes = 0;
  for (const row of rows) {
    const size = Buffer.byteLength(row.line) + 1;
    if (batch.length === MAX_BATCH_EVENTS || bytes + size > MAX_BATCH_BYTES - 512) {
      yield batch;
      [batch, bytes] = [[], 0];
    }
    batch.push(row);
    bytes += size;
  }
}

function take<T>(from: Generator<T>, count: number): T[] {
  const taken: T[] = [];
  while (taken.length < count) {
    const next = from.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

/** When the cloud says to come again, as edges heed it. */
function retryOf(text: string): number {
  const refusal = logRefusalSchema.safeParse(JSON.parse(text));
  if (!refusal.success || refusal.data.code !== "busy") throw new Error("429 without a time to come again");
  return refusal.data.retry_after_ms;
}
