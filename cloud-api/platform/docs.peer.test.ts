import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromium, type Browser, type Page } from "playwright-core";
import { BROWSER_FLAGS } from "../testing/browser.ts";
import { startTestCloud, type TestCloud } from "../testing/cloud.ts";
import { serve } from "../testing/served.ts";

let cloud: TestCloud;
let server: Awaited<ReturnType<typeof serve>>;
let browser: Browser;
let page: Page;
const complaints: string[] = [];
const asked: string[] = [];
beforeAll(async () => {
  cloud = await startTestCloud();
  server = await serve(cloud.app);
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: BROWSER_FLAGS });
  page = await browser.newPage();
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(`${server.url}/api/docs`);
});
afterAll(async () => {
  await browser.close();
  await server.close();
  await cloud.stop();
});

describe("the API's reference in a browser", () => {
  it("shows the calls, from this server alone, under a policy that is kept", async () => {
    await page.getByRole("heading", { name: /ParkMe Gate/ }).waitFor();
    const document = (await (await fetch(`${server.url}/api/schema/`)).json()) as {
      tags: { name: string }[];
      paths: Record<string, Record<string, { tags: string[] }>>;
    };
    const sections = page.locator(".opblock-tag-section");
    await expect.poll(() => sections.count()).toBe(document.tags.length);
    for (const tag of ["bookings", "operations"]) {
      await page.locator(`[data-tag="${tag}"]`).click();
      const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
      const count = operations.filter(({ tags }) => tags.includes(tag)).length;
      const shown = page.locator(".opblock-tag-section", { has: page.locator(`[data-tag="${tag}"]`) });
      await expect.poll(() => shown.locator(".opblock").count(), { timeout: 30_000 }).toBe(count);
    }
    expect(asked.filter((url) => !url.startsWith(server.url) && !url.startsWith("data:"))).toEqual([]);
    expect(complaints).toEqual([]);
  });

  it("tries a call out", async () => {
    const call = page.locator(".opblock", { hasText: "/healthz" });
    await call.locator(".opblock-summary-control").click();
    await call.getByRole("button", { name: "Execute" }).click();
    await call.locator(".live-responses-table .response", { hasText: "200" }).waitFor();
    expect(complaints).toEqual([]);
  });
});
