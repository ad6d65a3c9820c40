import { Hono } from "hono";
import { describe, expect, it } from "vitest";
import type { Receipt, SignedReceipt } from "@parkme/shared/domain/receipt";
import type { Env } from "../kiosk/http.ts";
import { receiptRoutes } from "./routes.ts";
import { signed } from "./testing/receipts.ts";

function site(more: Partial<Receipt> = {}) {
  const receipt = signed(more);
  const asked: string[] = [];
  let nowMs = 0;
  const app = new Hono<Env>();
  receiptRoutes(app, {
    store: {
      receiptByToken: (token): SignedReceipt | null => {
        asked.push(token);
        return token === receipt.token ? receipt : null;
      },
    },
    receiptLink: (token) => `https://gate.example/r/${token}`,
    clock: { wallMs: () => nowMs, monotonicMs: () => nowMs },
  });
  const from = (remoteAddress: string) => ({ incoming: { socket: { remoteAddress } } });
  return {
    receipt,
    asked,
    get: async (path: string, address = "192.0.2.1") => await app.request(path, {}, from(address)),
    later: (ms: number) => (nowMs += ms),
  };
}

describe("the link of a receipt", () => {
  it("leads to a page without scripts that nobody keeps or indexes", async () => {
    const { receipt, get } = site();
    const response = await get(`/r/${receipt.token}`);
    const page = await response.text();
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
    expect(response.headers.get("x-robots-tag")).toBe("noindex, nofollow");
    for (const words of [
      "Receipt no.",
      "1042",
      "€ 10.50",
      "Harbour Square",
      "HH-PM 1234",
      receipt.hash,
      `href="${receipt.token}.pdf"`,
    ])
      expect(page).toContain(words);
    // The page's policy allows neither.
    expect(page).not.toMatch(/<script|style="|onload|src=/);
  });

  it("leads to the PDF, too", async () => {
    const { receipt, get } = site();
    const response = await get(`/r/${receipt.token}.pdf`);
    expect(response.headers.get("content-type")).toBe("application/pdf");
    expect(response.headers.get("content-disposition")).toBe('inline; filename="receipt-1042.pdf"');
    expect(Buffer.from(await response.arrayBuffer()).toString("latin1", 0, 5)).toBe("%PDF-");
  });

  it("is 404 for anything else, without asking the store for what can be no token", async () => {
    const { receipt, get, asked } = site();
    for (const path of [
      "unknown-token-unknown",
      `${receipt.token}.html`,
      `${receipt.token}.pdf.pdf`,
      "short",
      "..%2f..%2fetc",
    ])
      expect([path, (await get(`/r/${path}`)).status]).toEqual([path, 404]);
    expect(asked).toEqual(["unknown-token-unknown"]);
  });

  it("shows names from outside as they are, and never as code", async () => {
    const { receipt, get } = site({ place: `<img src=x onerror="alert(1)">` });
    const page = await (await get(`/r/${receipt.token}`)).text();
    expect(page).toContain("&lt;img src=x onerror=&quot;alert(1)&quot;&gt;");
    expect(page).not.toContain("<img");
  });

  it("is held back from an address that asks too often, and from that one only", async () => {
    const { receipt, get, later } = site();
    const path = `/r/${receipt.token}`;
    for (let times = 0; times < 60; times++) expect((await get(path)).status).toBe(200);
    const held = await get(path);
    expect([held.status, held.headers.get("retry-after")]).toEqual([429, "60"]);
    expect((await get(path, "192.0.2.2")).status).toBe(200);
    later(60_000);
    expect((await get(path)).status).toBe(200);
  });
});
