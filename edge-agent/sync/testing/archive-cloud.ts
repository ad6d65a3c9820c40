import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { newEpochSchema, type NewEpoch } from "@parkme/shared/protocol/log";
import type { Archive } from "../../store/testing/archive.ts";

/** A real server that gives a log back, page by page, as the cloud does; `garble` makes of a page what a test wants. */
export async function startArchiveCloud(archive: Archive, { page = 20 } = {}) {
  const cloud = {
    archive,
    garble: (text: string, _asked: number): string | Buffer => text,
    status: 200,
    asked: 0,
    epochs: [] as NewEpoch[],
  };
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://cloud");
    if (url.pathname === "/api/edge/epochs") {
      const chunks: Buffer[] = [];
      request.on("data", (chunk: Buffer) => chunks.push(chunk));
      request.on("end", () => {
        cloud.epochs.push(newEpochSchema.parse(JSON.parse(Buffer.concat(chunks).toString("utf8"))));
        response.writeHead(cloud.status, { "content-type": "application/json" });
        response.end("{}");
      });
      return;
    }
    cloud.asked += 1;
    const answer = cloud.garble(
      pageOf(cloud.archive, Number(url.searchParams.get("after")), page),
      cloud.asked,
    );
    const plain = Buffer.isBuffer(answer);
    response.writeHead(cloud.status, {
      "content-type": "application/x-ndjson",
      ...(plain ? {} : { "content-encoding": "gzip" }),
    });
    response.end(plain ? answer : gzipSync(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const down = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { cloud, down, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

function pageOf(archive: Archive, after: number, most: number): string {
  const lines = archive.after(after, most);
  const first = lines.length === 0 ? 0 : after + 1;
  const last = lines.length === 0 ? 0 : after + lines.length;
  const header = { previous_hash: archive.hashAt(after), first, last, head: archive.head };
  return [JSON.stringify(header), ...lines].map((line) => `${line}\n`).join("");
}
