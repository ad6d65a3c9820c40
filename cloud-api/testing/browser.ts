import { createAdaptorServer } from "@hono/node-server";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium, type Page } from "playwright-core";
import { build } from "vite";
import { loadPage } from "../dashboard/page.ts";
import { startTestCloud, USER, type TestCloud } from "./cloud.ts";

/** What a machine without a screen needs; nothing is fetched in the background. */
export const BROWSER_FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export type SeenPage = {
  readonly page: Page;
  /** What the browser complained about. */ readonly complaints: string[];
};

/** The cloud with its page, as it is built, and a browser that looks at it. */
export type BrowserStage = {
  readonly cloud: TestCloud;
  /** A page of its own, at the server's address. */
  readonly open: () => Promise<SeenPage>;
  readonly stop: () => Promise<void>;
};

export async function startBrowserStage(): Promise<BrowserStage> {
  const folder = await mkdtemp(join(tmpdir(), "parkme-dashboard-"));
  await build({
    root: fileURLToPath(import.meta.resolve("../dashboard/web")),
    configFile: fileURLToPath(import.meta.resolve("../dashboard/web/vite.config.ts")),
    logLevel: "warn",
    build: { outDir: folder, emptyOutDir: true },
  });
  const cloud = await startTestCloud({ page: await loadPage(folder) });
  const server = createAdaptorServer({ fetch: cloud.app.fetch });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: BROWSER_FLAGS });
  return {
    cloud,
    open: async () => {
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      const complaints = listen(page);
      await page.goto(url);
      return { page, complaints };
    },
    stop: async () => {
      await browser.close();
      cloud.app.close();
      server.close();
      await cloud.stop();
      await rm(folder, { recursive: true });
    },
  };
}

function listen(page: Page): string[] {
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // Chromium logs every answer above 399, also the one that says nobody is signed in.
    if (message.type() === "error" && !message.text().includes("401")) complaints.push(message.text());
  });
  return complaints;
}

export async function signInAt(page: Page, password: string = USER.password): Promise<void> {
  await page.getByLabel("Email").fill(USER.email);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

/** How much the page is wider and higher than its window. */
export async function overflowOf(page: Page): Promise<number[]> {
  return await page.evaluate<number[]>(
    "[document.documentElement.scrollWidth - innerWidth, document.documentElement.scrollHeight - innerHeight]",
  );
}
