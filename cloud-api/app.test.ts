import { createAdaptorServer } from "@hono/node-server";
import { sql } from "drizzle-orm";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { get, request, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DashboardSnapshot } from "./dashboard/contract.ts";
import { loadPage } from "./dashboard/page.ts";
import { MAX_BODY_BYTES } from "./fleet/log-body.ts";
import { countMovements } from "./fleet/queries.ts";
import { createMetrics } from "./metrics.ts";
import { EDGE_TOKEN, signIn, startTestCloud, type TestCloud } from "./testing/cloud.ts";
import { asEvents, fee, moved, paid, raised, send, started } from "./testing/events.ts";

let cloud: TestCloud;
let server: ReturnType<typeof createAdaptorServer>;
let url: string;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), "parkme-page-"));
  await mkdir(join(folder, "assets"));
  await writeFile(
    join(folder, "index.html"),
    '<meta property="csp-nonce" nonce="__CSP_NONCE__"><script src="/assets/index-abc.js"></script>',
  );
  await writeFile(join(folder, "assets/index-abc.js"), "console.log('page');".repeat(50));
  cloud = await startTestCloud({ page: await loadPage(folder) });
  await rm(folder, { recursive: true });

  server = createAdaptorServer({ fetch: cloud.app.fetch });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  cloud.app.close();
  server.close();
  if ("closeAllConnections" in server) server.closeAllConnections();
  await cloud.stop();
});

/** Follows the stream of server-sent events; closing it closes its socket. */
async function openLive(cookie: string) {
  const asking = get(`${url}/api/dashboard/live`, { headers: { cookie }, agent: false });
  const [response] = (await once(asking, "response")) as [IncomingMessage];
  const chunks = response.setEncoding("utf8")[Symbol.asyncIterator]();
  let text = "";
  return {
    response,
    async next(): Promise<DashboardSnapshot> {
      for (;;) {
        const event = /event: snapshot\ndata: (.*)\n\n/.exec(text);
        if (event?.[1] !== undefined) {
          text = text.slice(event.index + event[0].length);
          return JSON.parse(event[1]) as DashboardSnapshot;
        }
        const { done, value } = await chunks.next();
        if (done === true) throw new Error("the stream ended");
        text += String(value);
      }
    },
    close: () => asking.destroy(),
  };
}

describe("the dashboard's data", () => {
  it("is for signed-in people only", async () => {
    for (const path of ["/api/dashboard", "/api/dashboard/", "/api/dashboard/live"]) {
      expect((await fetch(url + path)).status).toBe(401);
    }
  });

  it("streams a snapshot at once, and the next one when an edge has sent something", async () => {
    const live = await openLive(await signIn(cloud.app));
    expect(live.response.headers["content-type"]).toBe("text/event-stream");
    const empty = (await live.next()).facilities.find((facility) => facility.slug === "harbour");
    expect(empty).toMatchObject({ inside: 0, capacity: 120, edge: { last_seen_at: null }, movements: [] });

    const sentMs = performance.now();
    await send(
      cloud.app,
      asEvents([
        started(1, "2026-07-15T08:00:00Z"),
        moved("in", 1, "2026-07-15T08:00:10Z"),
        started(2, "2026-07-15T09:00:00Z"),
        moved("in", 2, "2026-07-15T09:00:10Z"),
        paid(1, 450, "2026-07-15T10:00:00Z"),
        moved("out", 1, "2026-07-15T10:00:30Z", { plate: "BAB1", fee: fee(450) }),
        raised(1, "stuck", "2026-07-15T10:01:00Z"),
      ]),
    );
    const full = (await live.next()).facilities.find((facility) => facility.slug === "harbour");
    expect(performance.now() - sentMs).toBeLessThan(5_000);
    live.close();
    expect(full).toMatchObject({
      inside: 1,
      today: {
        starts_at: "2026-07-14T22:00:00.000Z",
        in: 2,
        out: 1,
        alarms: 1,
        revenue: [{ amount: "4.50", currency: "EUR" }],
      },
      edge: { last_seen_at: "2026-07-15T12:00:00.000Z", behind_seconds: 7_140 },
      lanes: [
        { name: "Entry 1", today: 2 },
        { name: "Exit 1", today: 1, last_at: "2026-07-15T10:00:30.000Z" },
      ],
    });
    expect(full?.movements[0]).toMatchObject({
      plate: "BAB1",
      direction: "out",
      fee: { amount: "4.50", currency: "EUR" },
    });
    expect(full?.occupancy.at(-1)).toMatchObject({ inside: 1 });
  });

  it("has room for a hundred watchers, and gives the place of one who went away to the next", async () => {
    const cookie = await signIn(cloud.app);
    const streams = await Promise.all(Array.from({ length: 101 }, () => openLive(cookie)));
    const refused = streams.filter((stream) => stream.response.statusCode !== 200);
    expect(refused.map((stream) => stream.response.statusCode)).toEqual([503]);
    for (const stream of streams) stream.close();
    const stateOfNext = async () => {
      const stream = await openLive(cookie);
      stream.close();
      return stream.response.statusCode;
    };
    await expect.poll(stateOfNext, { timeout: 10_000 }).toBe(200);
  });
});

describe("the page", () => {
  it("carries the nonce of its own response, and may load nothing from elsewhere", async () => {
    const response = await fetch(`${url}/`);
    const policy = response.headers.get("content-security-policy") ?? "";
    const nonce = /'nonce-([^']+)'/.exec(policy)?.[1] ?? "none";
    expect(await response.text()).toContain(`nonce="${nonce}"`);
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect(response.headers.get("x-frame-options")).toBe("DENY");
    const again = await fetch(`${url}/`);
    expect(again.headers.get("content-security-policy")).not.toBe(policy);
  });

  it("has assets that a browser keeps for ever, compressed as it likes", async () => {
    for (const encoding of ["br", "gzip", "identity"]) {
      const response = await fetch(`${url}/assets/index-abc.js`, {
        headers: { "accept-encoding": encoding },
      });
      expect(await response.text()).toBe("console.log('page');".repeat(50));
      expect(response.headers.get("content-encoding")).toBe(encoding === "identity" ? null : encoding);
      expect(response.headers.get("cache-control")).toContain("immutable");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
    }
  });

  it("has nothing but its assets", async () => {
    for (const path of ["/assets/other.js", "/assets/..%2findex.html", "/assets/__proto__", "/index.html"]) {
      const response = await fetch(url + path);
      expect(response.status).toBe(404);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
    }
  });
});

describe("health", () => {
  it("answers while everything is well", async () => {
    expect(await (await fetch(`${url}/healthz`)).json()).toEqual({ status: "ok" });
    expect(await (await fetch(`${url}/readyz`)).json()).toEqual({ status: "ready" });
    expect(await (await fetch(`${url}/metrics`)).text()).toMatch(/^process_cpu_seconds_total \d/m);
  });

  it("is not ready without its migrations, and alive all the same", async () => {
    await cloud.db.execute(sql`alter table drizzle.__drizzle_migrations rename to away`);
    try {
      expect((await fetch(`${url}/readyz`)).status).toBe(503);
      expect((await fetch(`${url}/healthz`)).status).toBe(200);
    } finally {
      await cloud.db.execute(sql`alter table drizzle.away rename to __drizzle_migrations`);
    }
  });

  it("counts movements on from where the database is after a restart", async () => {
    await send(cloud.app, asEvents([moved("in", 50, "2026-07-15T11:00:00Z")], 8));
    const sample = async (registry: typeof cloud.metrics.registry) =>
      /parkme_movements_total\{facility="harbour",lane="entry",direction="in"\} (\d+)/.exec(
        await registry.metrics(),
      )?.[1];
    const before = await sample(cloud.metrics.registry);
    expect(Number(before)).toBeGreaterThan(0);
    expect(await sample(createMetrics(await countMovements(cloud.db)).registry)).toBe(before);
  });
});

describe("errors", () => {
  it("are problem documents with a request's id", async () => {
    const response = await fetch(`${url}/nothing/here`);
    expect(response.status).toBe(404);
    expect(response.headers.get("x-request-id")).toMatch(/^[\w-]{8,}$/);
    expect(await response.json()).toMatchObject({
      type: "about:blank",
      title: "Not Found",
      code: "not_found",
    });
  });

  it("leave the connection usable after a body that was refused unread", async () => {
    const body = "x".repeat(2 * MAX_BODY_BYTES);
    const post = () =>
      fetch(`${url}/api/edge/log`, {
        method: "POST",
        headers: { authorization: `Bearer ${EDGE_TOKEN}` },
        body,
      });
    expect((await post()).status).toBe(413);
    expect((await post()).status).toBe(413);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
  });

  it("do not let an endless body in", async () => {
    const status = await new Promise<number>((done, fail) => {
      const sending = request(`${url}/api/edge/log`, {
        method: "POST",
        headers: { authorization: `Bearer ${EDGE_TOKEN}`, "transfer-encoding": "chunked" },
      });
      const more = setInterval(() => sending.write("x".repeat(65_536)), 1);
      sending.on("response", (response) => {
        clearInterval(more);
        sending.destroy();
        done(response.statusCode ?? 0);
      });
      sending.on("error", fail);
    });
    expect(status).toBe(413);
  });
});
