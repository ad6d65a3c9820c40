import { BlockList } from "node:net";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startTestCloud, signIn, type TestCloud } from "../testing/cloud.ts";
import { signedIn, type Person } from "../testing/people.ts";
import { serve } from "../testing/served.ts";
import { createLimits } from "./limits.ts";

const ANONYMOUS = 5;
const SIGNED_IN = 8;
const PAGE = "https://parking.example";

let cloud: TestCloud;
let server: Awaited<ReturnType<typeof serve>>;
let limits = createLimits({ anonymous: ANONYMOUS, signedIn: SIGNED_IN, redis: null });
beforeAll(async () => {
  const trustedProxies = new BlockList();
  trustedProxies.addAddress("127.0.0.1");
  cloud = await startTestCloud({
    platform: { limit: (c, who) => limits(c, who), corsOrigins: [PAGE], trustedProxies },
  });
  server = await serve(cloud.app);
});
beforeEach(() => {
  limits = createLimits({ anonymous: ANONYMOUS, signedIn: SIGNED_IN, redis: null });
});
afterAll(async () => {
  await server.close();
  await cloud.stop();
});

/** A public call, from an address as our proxy tells it. */
async function from(address: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  return await fetch(`${server.url}/api/facilities/`, {
    headers: { "x-forwarded-for": address, ...headers },
  });
}

async function asPerson({ token }: Person): Promise<Response> {
  return await fetch(`${server.url}/api/facilities`, { headers: { authorization: `Bearer ${token}` } });
}

describe("limits", () => {
  it("count by address, and tell what is left and when to come again", async () => {
    const first = await from("198.51.100.1");
    expect(first.status).toBe(200);
    expect(first.headers.get("ratelimit-limit")).toBe("5");
    expect(first.headers.get("ratelimit-remaining")).toBe("4");
    expect(first.headers.get("ratelimit-policy")).toBe("5;w=3600");
    expect(Number(first.headers.get("ratelimit-reset"))).toBeGreaterThan(3_590);
    for (let more = 2; more <= ANONYMOUS; more += 1) expect((await from("198.51.100.1")).status).toBe(200);

    const refused = await from("198.51.100.1");
    expect(refused.status).toBe(429);
    expect(refused.headers.get("content-type")).toBe("application/problem+json");
    expect(await refused.json()).toMatchObject({ code: "too_many_requests", status: 429 });
    expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(3_590);
    expect(refused.headers.get("ratelimit-remaining")).toBe("0");
    expect((await from("198.51.100.2")).status).toBe(200);
  });

  it("count what an address of IPv6 may choose among as one", async () => {
    for (let asked = 0; asked < ANONYMOUS; asked += 1)
      expect((await from(`2001:db8:7:7::${asked}`)).status).toBe(200);
    expect((await from("2001:db8:7:7:9:9:9:9")).status).toBe(429);
    expect((await from("2001:db8:7:8::1")).status).toBe(200);
  });

  it("believe nobody about their address but the proxy", async () => {
    for (let asked = 0; asked < ANONYMOUS; asked += 1)
      expect((await from(`203.0.113.${asked}, 198.51.100.9`)).status).toBe(200);
    expect((await from("203.0.113.77, 198.51.100.9")).status).toBe(429);
  });

  it("count each person by themselves, wherever they are", async () => {
    const [one, other] = [await signedIn(cloud, "driver"), await signedIn(cloud, "driver")];
    for (let asked = 0; asked < SIGNED_IN; asked += 1) expect((await asPerson(one)).status).toBe(200);
    expect((await asPerson(one)).status).toBe(429);
    expect((await asPerson(other)).headers.get("ratelimit-remaining")).toBe(String(SIGNED_IN - 1));
  });

  it("count whoever guesses tokens as nobody", async () => {
    const guess = () => from("198.51.100.20", { authorization: `Bearer ${randomUUID()}` });
    for (let asked = 0; asked < ANONYMOUS; asked += 1) expect((await guess()).status).toBe(401);
    expect((await guess()).status).toBe(429);
    expect((await from("198.51.100.20")).status).toBe(429);
  });

  it("are over after an hour", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      for (let asked = 0; asked <= ANONYMOUS; asked += 1) await from("198.51.100.30");
      expect((await from("198.51.100.30")).status).toBe(429);
      vi.setSystemTime(Date.now() + 3_600_001);
      expect((await from("198.51.100.30")).status).toBe(200);
    } finally {
      vi.useRealTimers();
    }
  });

  it("of zero are none", async () => {
    limits = createLimits({ anonymous: 0, signedIn: 0, redis: null });
    for (let asked = 0; asked < 20; asked += 1) {
      const answer = await from("198.51.100.40");
      expect([answer.status, answer.headers.get("ratelimit-limit")]).toEqual([200, null]);
    }
  });

  it("are not those of edges, of health checks, or of the page", async () => {
    for (let asked = 0; asked < ANONYMOUS + 2; asked += 1) {
      const headers = { "x-forwarded-for": "198.51.100.50" };
      expect((await fetch(`${server.url}/healthz`, { headers })).status).toBe(200);
      expect((await fetch(`${server.url}/api/edge/manifest`, { headers })).status).toBe(401);
    }
  });
});

describe("pages of other origins", () => {
  it("may call the API when they are listed, and are told so before they do", async () => {
    const preflight = await fetch(`${server.url}/api/bookings/reserve/`, {
      method: "OPTIONS",
      headers: {
        origin: PAGE,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,idempotency-key",
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get("access-control-allow-origin")).toBe(PAGE);
    expect(preflight.headers.get("access-control-allow-methods")).toContain("POST");
    expect(preflight.headers.get("access-control-allow-headers")).toContain("idempotency-key");
    // Cookies are the dashboard's: a foreign page never sends them.
    expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
    const answer = await from("198.51.100.60", { origin: PAGE });
    expect(answer.headers.get("access-control-allow-origin")).toBe(PAGE);
    expect(answer.headers.get("access-control-expose-headers")).toContain("ratelimit-remaining");
    expect(answer.headers.get("vary")?.toLowerCase()).toContain("origin");
  });

  it("may also read why they were refused", async () => {
    const answer = await fetch(`${server.url}/api/bookings/`, { headers: { origin: PAGE } });
    expect([answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([401, PAGE]);
  });

  it.each(["https://evil.example", "http://parking.example", "https://parking.example.evil.example", "null"])(
    "may not when they are not: %s",
    async (origin) => {
      const preflight = await fetch(`${server.url}/api/facilities/`, {
        method: "OPTIONS",
        headers: { origin, "access-control-request-method": "GET" },
      });
      expect(preflight.headers.get("access-control-allow-origin")).toBeNull();
      expect((await from("198.51.100.61", { origin })).headers.get("access-control-allow-origin")).toBeNull();
    },
  );
});

describe("every answer", () => {
  it("says that it is to be taken as what it is, shown in no frame, and kept by nobody", async () => {
    const { headers } = await from("198.51.100.70");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("content-security-policy")).toBe("default-src 'none'; frame-ancestors 'none'");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("x-request-id")).toMatch(/^[\w-]{20,}$/);
  });

  it.each([
    ["GET", "/api/nothing-of-ours/"],
    ["PATCH", "/api/facilities/"],
    ["GET", "/api/facilities/%E0%A4%A"],
    ["GET", "/api/facilities/..%2f..%2fetc%2fpasswd"],
    ["GET", `/api/facilities/${"9".repeat(99)}/`],
  ])("is a problem document where there is nothing: %s %s", async (method, path) => {
    const answer = await fetch(server.url + path, {
      method,
      headers: { "x-forwarded-for": "198.51.100.71" },
    });
    expect(answer.status).toBe(404);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(await answer.json()).toMatchObject({ status: 404, code: expect.stringMatching(/^[a-z_]+$/) });
  });
});

describe("metrics", () => {
  const read = async () => await (await fetch(`${server.url}/metrics`)).text();

  it("have what the platform's document names", async () => {
    const cookie = await signIn(cloud.app);
    await fetch(`${server.url}/api/dashboard`, { headers: { cookie } });
    const text = await read();
    expect(text).toMatch(/^parkme_bookings_active 0$/m);
    expect(text).toMatch(/^parkme_bookings_created_total\{kind="reservation"\} \d+$/m);
    // Nobody paid: there is no rate of success, and it is not zero.
    expect(text).toMatch(/^parkme_payment_success_ratio Nan$/m);
    expect(text).toMatch(
      /^parkme_http_requests_total\{method="GET",route="\/api\/dashboard",status="200"\} 1$/m,
    );
    expect(text).toMatch(/^parkme_http_request_seconds_count\{method="GET",route="\/api\/dashboard"\} 1$/m);
    expect(text).toMatch(/^parkme_database_query_seconds_count [1-9]\d*$/m);
    expect(text).toMatch(/^parkme_cache_requests_total\{space="\w+",outcome="(hit|miss)"\} [1-9]\d*$/m);
  });

  it("have no names that a client chooses", async () => {
    const secret = randomUUID();
    await fetch(`${server.url}/api/${secret}/x`);
    await fetch(`${server.url}/api/facilities/${secret}/`, {
      headers: { "x-forwarded-for": "198.51.100.81" },
    });
    expect(await read()).not.toContain(secret);
  });
});
