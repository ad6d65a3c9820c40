import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { overflowOf, signInAt, startBrowserStage, type BrowserStage } from "../testing/browser.ts";
import { asEvents, fee, moved, paid, raised, send, started } from "../testing/events.ts";

let stage: BrowserStage;
let page: Page;
let complaints: readonly string[];
let seq = 0;

beforeAll(async () => {
  stage = await startBrowserStage();
});
afterAll(() => stage.stop());

beforeEach(async () => {
  ({ page, complaints } = await stage.open());
});
afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
});

const signIn = (password?: string): Promise<void> => signInAt(page, password);

async function happen(facts: Parameters<typeof asEvents>[0]): Promise<void> {
  expect((await send(stage.cloud.app, asEvents(facts, seq + 1))).status).toBe(200);
  seq += facts.length;
}

describe("the dashboard in a browser", () => {
  it("lets nobody in with a wrong password, and says so", async () => {
    await signIn("wrong");
    await page.getByText("The email or the password is not right.").waitFor();
    expect(await page.getByLabel("Password", { exact: true }).inputValue()).toBe("");
  });

  it("shows what happens without being asked again", async () => {
    await signIn();
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
    await signIn();
    await page.getByRole("button", { name: "Shibuya Tower", exact: true }).click();
    await page.getByText("No vehicle has passed yet.").waitFor();
    await page.getByRole("article").filter({ hasText: "Shibuya Tower" }).getByText("21:00").waitFor();
  });

  it("asks for the password again once somebody has signed out", async () => {
    await signIn();
    await page.getByRole("button", { name: "Account" }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
    await page.reload();
    await page.getByRole("button", { name: "Sign in" }).waitFor();
  });

  it("fits its window, light and dark, on a tablet and on a wall", async () => {
    await signIn();
    await page.getByRole("article").first().waitFor();
    for (const [width, height] of [
      [1024, 768],
      [1280, 800],
      [1920, 1080],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await expect.poll(() => overflowOf(page)).toEqual([0, 0]);
        const background = () => page.evaluate<string>("getComputedStyle(document.body).backgroundColor");
        await expect
          .poll(background)
          .toBe(colorScheme === "light" ? "rgb(238, 241, 245)" : "rgb(11, 16, 23)");
      }
    }
  });
});
