import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { withDeadline } from "./deadline.ts";

const never = (): Promise<never> => new Promise(() => undefined);
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe("work with a deadline", () => {
  it("returns what the work returns, and lets it fail as it fails", async () => {
    const { signal } = new AbortController();
    expect(await withDeadline(1_000, signal, () => Promise.resolve(7))).toBe(7);
    await expect(withDeadline(1_000, signal, () => Promise.reject(new Error("broken")))).rejects.toThrow(
      "broken",
    );
  });

  it("ends in time though the work does not, and tells the work so", async () => {
    let told = false;
    const ended = withDeadline(20, new AbortController().signal, (signal) => {
      signal.addEventListener("abort", () => (told = true));
      return never();
    });
    await expect(ended).rejects.toThrow("timeout after 20 ms");
    expect(told).toBe(true);
  });

  it("ends at once when everything stops, or has stopped before", async () => {
    const stopping = new AbortController();
    const ended = withDeadline(60_000, stopping.signal, never);
    stopping.abort();
    await expect(ended).rejects.toThrow("stopped");
    await expect(withDeadline(60_000, stopping.signal, never)).rejects.toThrow("stopped");
  });

  it("ends a body that never ends, also when the garbage is collected meanwhile", async () => {
    const server = createServer((_request, response) => void response.writeHead(200).write("{"));
    servers.push(server);
    await new Promise<void>((done) => void server.listen(0, "127.0.0.1", done));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const ended = withDeadline(400, new AbortController().signal, async (signal) => {
      const response = await fetch(url, { signal });
      return await response.text();
    });
    const litter = setInterval(() => void Array.from({ length: 200_000 }, (_, i) => ({ i })), 5);
    try {
      await expect(ended).rejects.toThrow("timeout after 400 ms");
    } finally {
      clearInterval(litter);
    }
  });
});
