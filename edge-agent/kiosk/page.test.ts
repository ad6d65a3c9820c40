import { request } from "node:http";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await startKiosk();
});
afterEach(() => kiosk.stop());

describe("the page", () => {
  it("is served with its parts, which browsers may keep for ever", async () => {
    const page = await kiosk.get("/");
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toMatch(/^text\/html/);
    expect(await page.text()).toContain("<title>Kiosk</title>");
    const part = await kiosk.get("/assets/index-1.js");
    expect(part.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    const missing = await kiosk.get("/assets/gone.js");
    expect(missing.status).toBe(404);
    expect(missing.headers.get("cache-control")).toBeNull();
  });

  it("is all that is served", async () => {
    for (const path of [
      "/../outside.txt",
      "/%2e%2e/outside.txt",
      "/..%2foutside.txt",
      "/assets/..%2f..%2foutside.txt",
      "/..%5coutside.txt",
      "/../gate.db",
    ]) {
      // `fetch` would tidy the path up before it sends it.
      const [status, text] = await new Promise<[number | undefined, string]>((resolve, reject) => {
        const outgoing = request({ host: "127.0.0.1", port: kiosk.port, path }, (incoming) => {
          let body = "";
          incoming.on("data", (chunk: Buffer) => (body += chunk.toString("latin1")));
          incoming.on("end", () => resolve([incoming.statusCode, body]));
        });
        outgoing.on("error", reject);
        outgoing.end();
      });
      expect([400, 404]).toContain(status);
      expect(text).not.toContain("not for everybody");
    }
  });

  it.each(["/", "/api/session", "/healthz", "/cameras/a/b", "/nothing"])(
    "%s carries the headers of a careful server",
    async (path) => {
      const { headers } = await kiosk.get(path);
      const policy = headers.get("content-security-policy") ?? "";
      for (const part of [
        "default-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'self'",
      ])
        expect(policy).toContain(part);
      expect(policy).not.toContain("unsafe-eval");
      expect(headers.get("x-content-type-options")).toBe("nosniff");
      expect(headers.get("x-frame-options")).toBe("SAMEORIGIN");
      expect(headers.get("referrer-policy")).toBe("no-referrer");
      expect(headers.get("strict-transport-security")).toBeNull();
      expect(headers.get("x-powered-by")).toBeNull();
    },
  );
});
