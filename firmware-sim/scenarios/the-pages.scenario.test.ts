import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { edgeRecords } from "./records.ts";
import { eventually, setStage } from "./stage.ts";

const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const VISIBLE = { timeout: 60_000 };

let browser: Browser;
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS.split(" ") });
});
afterAll(() => browser.close());

describe("an attendant at the kiosk and headquarters at the dashboard", () => {
  it("see the same vehicles; cash taken by hand shows up at headquarters by itself", async () => {
    const { plan } = await setStage({ seed: "pages", attendant: "manual", meanStayMinutes: 0.1 });
    const kiosk = await open(plan.edgeUrl);
    await kiosk.getByLabel("Name").fill(plan.attendant.name);
    await kiosk.getByRole("textbox", { name: "PIN" }).fill("000");
    await kiosk.getByRole("button", { name: "Sign in" }).click();
    await kiosk.getByText("do not match").waitFor(VISIBLE);
    await kiosk.getByRole("textbox", { name: "PIN" }).fill(plan.attendant.secret);
    await kiosk.getByRole("button", { name: "Sign in" }).click();
    const exit = kiosk.getByRole("article", { name: "Exit 1" });
    await exit.waitFor(VISIBLE);

    const headquarters = await open(plan.cloudUrl);
    await headquarters.getByLabel("Email").fill(plan.headquarters.name);
    await headquarters.getByRole("textbox", { name: "Password" }).fill(plan.headquarters.secret);
    await headquarters.getByRole("button", { name: "Sign in" }).click();
    await headquarters.getByText("€0.00").first().waitFor(VISIBLE);

    const take = exit.getByRole("button", { name: "Take cash" });
    await take.and(kiosk.locator(":enabled")).click(VISIBLE);
    const dialog = kiosk.getByRole("dialog");
    await dialog.getByRole("group", { name: "Likely sums" }).getByRole("button").last().click();
    await dialog.getByRole("button", { name: /^Take €/ }).click();
    await dialog.getByText("is recorded").waitFor(VISIBLE);
    await dialog.getByRole("button", { name: "Done" }).click();
    const [payment] = edgeRecords(plan).payments;
    expect(payment).toMatchObject({ amountMinor: 100, currency: "EUR" });
    await headquarters.getByText("€1.00").first().waitFor(VISIBLE);
    const paid = edgeRecords(plan).stays.find(({ id }) => id === payment?.stayId);
    await headquarters
      .getByText(paid?.plate ?? "no plate")
      .first()
      .waitFor(VISIBLE);

    // The next vehicle is let out by hand, with a reason; nothing is taken for it.
    await take.and(kiosk.locator(":enabled")).waitFor(VISIBLE);
    await exit.getByRole("button", { name: "Vend" }).click();
    await dialog.getByRole("group", { name: "Common reasons" }).getByRole("button").first().click();
    await dialog.getByRole("button", { name: /open/i }).click();
    await eventually(
      "a vend in the record",
      () => edgeRecords(plan),
      ({ movements, payments }) => {
        return (
          movements.some(({ kind, direction }) => kind === "vend" && direction === "out") &&
          payments.length === 1
        );
      },
      30_000,
    );
  });
});

/** A page of its own; anything the page complains about fails the test. */
async function open(url: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  const page = await context.newPage();
  page.on("pageerror", (error) => {
    throw error;
  });
  await page.goto(url);
  return page;
}
