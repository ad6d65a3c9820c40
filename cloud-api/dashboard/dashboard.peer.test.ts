import { createAdaptorServer } from "@hono/node-server";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { build } from "vite";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startTestCloud, USER, type TestCloud } from "../testing/cloud.ts";
import { asEvents, fee, moved, paid, raised, send, started } from "../testing/events.ts";
import { loadPage } from "./page.ts";

/** What a machine without a screen needs; nothing is fetched in the background. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let folder: string;
let cloud: TestCloud;
let server: ReturnType<typeof createAdaptorServer>;
let url: string;
let browser: Browser;
let page: Page;
/** What the browser complained about. */
let complaints: string[];
let seq = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "parkme-dashboard-"));
  const root = join(import.meta.dirname, "web");
  await build({
    root,
    configFile: fileURLToPath(import.meta.resolve("./web/vite.config.ts")),
    logLevel: "warn",
    build: { outDir: folder, emptyOutDir: true },
  });
  cloud = await startTestCloud({ page: await loadPage(folder) });
  server = createAdaptorServer({ fetch: cloud.app.fetch });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS });
});
afterAll(async () => {
  await browser.close();
  cloud.app.close();
  server.close();
  await cloud.stop();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // Chromium logs every answer above 399, also the one that says nobody is signed in.
    if (message.type() === "error" && !message.text().includes("401")) complaints.push(message.text());
  });
  await page.goto(url);
});
afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
});

async function signIn(password: string): Promise<void> {
  await page.getByLabel("Email").fill(USER.email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function happen(facts: Parameters<typeof asEvents>[0]): Promise<void> {
  expect((await send(cloud.app, asEvents(facts, seq + 1))).status).toBe(200);
  seq += facts.length;
}

describe("the dashboard in a browser", () => {
  it("lets nobody in with a wrong password, and says so", async () => {
    await signIn("wrong");
    await page.getByText("The email or the password is not right.").waitFor();
    expect(await page.getByLabel("Password", { exact: true }).inputValue()).toBe("");
  });

  it("shows what happens without being asked again", async () => {
    await signIn(USER.password);
    const card = page.getByRole("article").filter({ hasText: "Harbour Square" });
    await card.getByLabel("0 of 120 inside").waitFor();

    await happen([
      started(1, "2026-07-15T08:00:00Z"),
      moved("in", 1, "2026-07-15T08:00:10Z", { plate: "BAB1234" }),
    ]);
    await card.getByLabel("1 of 120 inside").waitFor();
    await page.getByRole("cell", { name: "BAB1234" }).waitFor();
    await page.getByRole("cell", { name: "10:00:10" }).waitFor();

    await happen([
      paid(1, 123_450, "2026-07-15T09:30:00Z"),
      moved("out", 1, "2026-07-15T09:30:10Z", { plate: "BAB1234", fee: fee(123_450) }),
      raised(1, "tailgate", "2026-07-15T09:30:20Z"),
    ]);
    await card.getByLabel("0 of 120 inside").waitFor();
    await card.getByText("€1,234.50").waitFor();
    await page.getByText("Tailgating").waitFor();
  });

  it("shows the facility that is chosen, in its own time", async () => {
    await signIn(USER.password);
    await page.getByRole("button", { name: "Shibuya Tower" }).click();
    await page.getByText("No vehicle has passed yet.").waitFor();
    await page.getByRole("article").filter({ hasText: "Shibuya Tower" }).getByText("21:00").waitFor();
  });

  it("asks for the password again once somebody has signed out", async () => {
    await signIn(USER.password);
    await page.getByRole("button", { name: "Account" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  });

  it("fits its window, light and dark, on a tablet and on a wall", async () => {
    await signIn(USER.password);
    await page.getByRole("article").first().waitFor();
    for (const [width, height] of [
      [1024, 768],
      [1280, 800],
      [1920, 1080],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const overflow = () =>
          page.evaluate<number[]>(
            "[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]",
          );
        await expect.poll(overflow).toEqual([0, 0]);
        const background = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
        await expect
          .poll(background)
          .toBe(colorScheme === "light" ? "rgb(238, 241, 245)" : "rgb(11, 16, 23)");
      }
    }
  });
});
