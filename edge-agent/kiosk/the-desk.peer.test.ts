import { join } from "node:path";
import { type Browser, chromium, type Locator, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { until } from "../devices/testing/until.ts";
import { exitAtRest } from "./testing/exit.ts";
import { PIN, startKiosk, type Kiosk } from "./testing/kiosk.ts";

/** As `npm test` has built it. */
const PAGE = join(import.meta.dirname, "../../dist/edge-agent/kiosk");
const FLAGS =
  "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";
const SIZES = [
  { width: 1024, height: 768 },
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
];
/** What a finger hits without aiming. */
const FINGER_PX = 44;

let browser: Browser;
let kiosk: Kiosk;
let page: Page;
let complaints: string[];
beforeAll(async () => {
  browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: FLAGS.split(" ") });
});
afterAll(() => browser.close());
beforeEach(async () => {
  kiosk = await startKiosk(PAGE);
  await exitAtRest(kiosk);
  page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  page.setDefaultTimeout(60_000);
  complaints = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  await page.goto(kiosk.url);
  await page.getByLabel("Name").fill("alex");
  await page.getByRole("textbox", { name: "PIN" }).fill(PIN);
  await page.getByRole("button", { name: "Sign in" }).click();
  await card("Exit 1").getByText("Ready").waitFor();
});
afterEach(async () => {
  await page.context().close();
  await kiosk.stop();
  expect(complaints).toEqual([]);
});

const card = (name: string): Locator => page.getByRole("article", { name });
const dialog = (): Locator => page.getByRole("dialog").last();
const laneOf = (name: string) => kiosk.gate.lanes.get(name)?.runner.lane();

async function fromMenu(lane: string, item: RegExp): Promise<void> {
  await page.getByRole("button", { name: `More for ${lane}` }).click();
  await page.getByRole("menuitem", { name: item }).click();
}

/** Runs in the page, whose types are not this program's: how wide everything is, and how high each button in view. */
const MEASURE = `({
  width: document.documentElement.scrollWidth,
  buttons: [...document.querySelectorAll("button")]
    .map((button) => ({
      words: button.getAttribute("aria-label") ?? button.textContent,
      height: button.getBoundingClientRect().height,
    }))
    .filter(({ height }) => height > 0),
})`;
type Measured = {
  readonly width: number;
  readonly buttons: readonly { readonly words: string; readonly height: number }[];
};

/** Picks the first common reason and confirms with the button that says what it does. */
async function confirm(words: RegExp): Promise<void> {
  await dialog().getByRole("group", { name: "Common reasons" }).getByRole("button").first().click();
  await dialog().getByRole("button", { name: words }).click();
}

describe("an attendant at the desk", () => {
  it("holds an arm open and releases it", async () => {
    await fromMenu("Exit 1", /Hold open/);
    await confirm(/Hold the arm open/);
    await card("Exit 1").getByText("Held open", { exact: true }).waitFor();
    expect(laneOf("exit")?.heldBy).toBe("operator");
    await card("Exit 1").getByRole("button", { name: "Release" }).click();
    await confirm(/Release the arm/);
    await until(() => laneOf("exit")?.heldBy === null, "the arm to be released", 60_000);
  });

  it("sees a fire across the page, and why the gate does not let go of the arm", async () => {
    kiosk.report("exit-board", false, false, true, true);
    await page.getByRole("alert").getByText("Exit 1: open, and stay open").waitFor();
    await card("Exit 1").getByText("Fire: held open").waitFor();
    await card("Exit 1").getByRole("button", { name: "Reset" }).click();
    await confirm(/Reset after the fire/);
    await dialog().getByText("The fire alarm system still holds the arm open").waitFor();
    kiosk.report("exit-board", false, false, false, false);
    await dialog()
      .getByRole("button", { name: /Reset after the fire/ })
      .click();
    await until(() => laneOf("exit")?.heldBy === null, "the arm to be released", 60_000);
    await page.getByRole("alert").getByText("Exit 1: open, and stay open").waitFor({ state: "detached" });
  });

  it("turns a lane, at once or when it is clear, and takes that back", async () => {
    kiosk.report("swing-board", false, false, true);
    await until(() => laneOf("swing")?.state === "IDLE", "the lane to be proven");
    await fromMenu("Lane 3", /Turn to exit/);
    await dialog().getByRole("button", { name: "Turn to exit" }).click();
    await card("Lane 3").getByText("Exit", { exact: true }).waitFor();
    kiosk.report("swing-board", true, false, true);
    await fromMenu("Lane 3", /Turn to entry/);
    await dialog().getByRole("button", { name: "Turn to entry" }).click();
    await card("Lane 3").getByText("Turns to entry when clear").waitFor();
    await fromMenu("Lane 3", /Keep as exit/);
    await dialog().getByRole("button", { name: "Keep as exit" }).click();
    await card("Lane 3").getByText("Turns to entry when clear").waitFor({ state: "detached" });
    expect(laneOf("swing")).toMatchObject({ direction: "exit", turnTo: null });
  });

  it("acknowledges alarms, one or all that are over", async () => {
    kiosk.raise("exit", "tailgate", "a vehicle followed");
    kiosk.raise("exit", "wrong_way");
    kiosk.raise("entry", "printer", "paper out");
    const alarms = page.getByRole("region", { name: /Alarms/ });
    await alarms.getByText("Paper out").waitFor();
    await alarms.getByRole("button", { name: "Acknowledge: Ticket printer, Entry 1" }).click();
    await page.getByRole("button", { name: "Alarms: 2 wait" }).waitFor();
    await alarms.getByRole("button", { name: "Acknowledge 2 that are over" }).click();
    await page.getByRole("button", { name: "Alarms: none wait" }).click();
    // It goes on, so it stays in view with the name of who has seen it.
    await dialog().getByText("alex,").waitFor();
    await dialog().getByRole("button", { name: "Show earlier" }).click();
    await dialog().getByText("A vehicle followed").waitFor();
    expect(kiosk.store.alarmsWaiting()).toBe(0);
  });

  it("sets a mode and a count right, and resets anti-passback", async () => {
    kiosk.addStay("BAB1234");
    await page.getByRole("button", { name: /^Facility/ }).click();
    const zone = page.getByRole("region", { name: "Level 1" });
    await zone.getByText("5 free").waitFor();
    await zone.getByRole("button", { name: "Correct count" }).click();
    await dialog().getByRole("button", { name: "1 more" }).click();
    await dialog().getByText("1 more than the gate counts").waitFor();
    await confirm(/Correct the count/);
    await zone.getByText("4 free").waitFor();
    await zone.getByRole("button", { name: "Mode: Normal" }).click();
    await dialog()
      .getByRole("radio", { name: /^Closed to all/ })
      .click();
    await confirm(/Set the mode/);
    await zone.getByRole("button", { name: "Mode: Closed to all" }).waitFor();
    await zone.getByText(/^alex, since/).waitFor();
    await page.getByRole("button", { name: "Reset anti-passback" }).click();
    await confirm(/Reset anti-passback/);
    await page.getByText("Anti-passback begins anew").waitFor();
    expect(kiosk.store.modes()).toMatchObject([{ scope: "zone", name: "level-1", mode: "closed_to_all" }]);
  });

  it("finds nothing too small for a finger or beside the screen, in light and dark", async () => {
    for (let i = 0; i < 60; i++) kiosk.raise("exit", "tailgate", `${i} ${"long words ".repeat(20)}`);
    await page.getByText("10 older ones follow").first().waitFor();
    for (const size of SIZES) {
      await page.setViewportSize(size);
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        const { width, buttons } = await page.evaluate<Measured>(MEASURE);
        expect(width).toBeLessThanOrEqual(size.width);
        expect(buttons.length).toBeGreaterThan(8);
        expect(buttons.filter(({ height }) => height < FINGER_PX)).toEqual([]);
      }
    }
  });
});
