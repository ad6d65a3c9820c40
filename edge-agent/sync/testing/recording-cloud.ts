import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { syncBatchSchema } from "@parkme/shared/protocol/sync";

export const EDGE_ID = "019ab3c4-0000-7000-8000-000000000002";

type Reply = { readonly status?: number; readonly body: unknown; readonly headers?: Record<string, string> };
type Batch = { readonly first: number; readonly last: number; readonly atMs: number };
export type Answering = (batch: Batch, response: ServerResponse) => Reply | null;

/** A real HTTP server that answers as the test says; null = the test answers by itself, or never. */
export async function startRecordingCloud(answer: Answering) {
  const batches: Batch[] = [];
  const requests: { path: string; authorization: string; bytes: number }[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const bytes = Buffer.concat(chunks);
      const { events, edge_id } = syncBatchSchema.parse(JSON.parse(bytes.toString("utf8")));
      expect(edge_id).toBe(EDGE_ID);
      expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => (events[0]?.seq ?? 0) + i));
      const batch = { first: events[0]?.seq ?? 0, last: events.at(-1)?.seq ?? 0, atMs: performance.now() };
      batches.push(batch);
      requests.push({
        path: `${request.method} ${request.url}`,
        authorization: request.headers.authorization ?? "",
        bytes: bytes.length,
      });
      const reply = answer(batch, response);
      if (reply === null) return;
      response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers });
      response.end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body));
    });
  });
  const listen = (port: number) =>
    new Promise<number>((resolve) => {
      server.listen(port, "127.0.0.1", () => resolve((server.address() as AddressInfo).port));
    });
  const port = await listen(0);
  const down = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${port}`, port, batches, requests, down, up: () => listen(port) };
}

/** Acknowledges all of every batch. */
export const acking: Answering = ({ last }) => ({ body: { cursor: last } });
