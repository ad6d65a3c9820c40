import type { Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { LiveState } from "@parkme/shared/protocol/downlink";
import { raiseIncident } from "../fleet/incidents.queries.ts";
import { overflowOf, signInAt, startBrowserStage, type BrowserStage } from "../testing/browser.ts";
import { EDGE_ID, EDGE_TOKEN, FACILITY_ID } from "../testing/cloud.ts";
import { asEvents, BOOT, send, started } from "../testing/events.ts";
import { rowsOf } from "../testing/tables.ts";

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
  await signInAt(page);
});
afterEach(async () => {
  await page.close();
  expect(complaints).toEqual([]);
});

const panel = (title: string): Locator =>
  page.locator("section").filter({ has: page.getByRole("heading", { name: title, exact: true }) });

async function happen(facts: Parameters<typeof asEvents>[0]): Promise<void> {
  expect((await send(stage.cloud.app, asEvents(facts, seq + 1))).status).toBe(200);
  seq += facts.length;
}

async function look(lanes: LiveState["lanes"]): Promise<void> {
  const { now } = stage.cloud.clock;
  // The state counts as fresh by the cloud's clock.
  const state: LiveState = {
    boot_id: BOOT,
    serial: (serial += 1),
    wall_time: now.toISOString(),
    inside: 1,
    capacity: 120,
    zones: [],
    lanes,
    alarms: 0,
    waiting: 0,
    manifest: 0,
  };
  const told = await stage.cloud.app.request("/api/edge/state", {
    method: "POST",
    headers: { authorization: `Bearer ${EDGE_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify(state),
  });
  expect(told.status).toBeLessThan(300);
}
let serial = 0;

/** As somebody comes there: from the facility's card. */
async function openGate(): Promise<void> {
  await page.getByRole("button", { name: /^Harbour Square, the gate/ }).click();
  await panel("Lanes").waitFor();
}

describe("the page of a gate", () => {
  it("is reached from the facility's card, by its address, and left by the browser's own button", async () => {
    await openGate();
    expect(page.url()).toContain(`#gate/${FACILITY_ID}`);
    await page.reload();
    await panel("Lanes").waitFor();
    await page.goBack();
    await page.getByRole("button", { name: /^Harbour Square, the gate/ }).waitFor();
    await openGate();
    await page.getByRole("button", { name: "Back to all facilities" }).click();
    await page.getByText("Revenue today").first().waitFor();
  });

  it("shows what the lanes do now, and asks one to open: with a reason, once, until the gate has answered", async () => {
    await happen([started(1, "2026-07-15T08:00:00Z")]);
    await look([
      { lane: "entry", state: "IDLE", mode: "full", trouble: null },
      { lane: "exit", state: "FAULT", mode: "open", trouble: "The arm did not come down" },
    ]);
    await openGate();
    const lanes = panel("Lanes");
    await lanes.getByText("Ready; full: rights only").waitFor();
    await lanes.getByText("Fault: the arm did not do as told; The arm did not come down").waitFor();

    await page.getByRole("button", { name: "Open once: Exit 1" }).click();
    const dialog = page.getByRole("dialog", { name: "Open once: Exit 1" });
    const send = dialog.getByRole("button", { name: "Open once" });
    await dialog.getByLabel("Reason").fill("no");
    expect(await send.isDisabled()).toBe(true);
    await dialog.getByLabel("Reason").fill("Driver called: ticket cannot be read");
    await send.click();
    await dialog.waitFor({ state: "hidden" });
    const asked = panel("Asked of the gate");
    const row = asked.getByRole("listitem").filter({ hasText: "Open once · Exit 1" });
    await row.getByText("On its way").waitFor();
    await row.getByText("Headquarters: Driver called: ticket cannot be read").waitFor();

    const commands = await rowsOf(stage.cloud.db, "select id, act, lane, reason from remote_commands");
    expect(commands).toMatchObject([
      { act: "vend", lane: "exit", reason: "Driver called: ticket cannot be read" },
    ]);
    const answer = {
      command_id: String(commands[0]?.["id"]),
      outcome: "refused",
      at: "2026-07-15T12:00:05Z",
    } as const;
    await happen([{ kind: "command.answered", payload: { ...answer, detail: "The arm is at fault." } }]);
    await row.getByText("Refused").waitFor();
    await row.getByText("The gate: The arm is at fault.").waitFor();
  });

  it("asks for the rarer acts from a menu, and says what they do", async () => {
    await openGate();
    await page.getByRole("button", { name: "More for Entry 1" }).click();
    await page.getByRole("menuitem", { name: "Close" }).click();
    const dialog = page.getByRole("dialog", { name: "Close: Entry 1" });
    await dialog.getByText("The lane lets nobody in any more").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    await dialog.waitFor({ state: "hidden" });
  });

  it("shows what a person should look at, until one has", async () => {
    const report = {
      facilityId: FACILITY_ID,
      edgeId: EDGE_ID,
      kind: "fenced",
      detail: "program 7 still speaks",
    } as const;
    await raiseIncident(stage.cloud.db, report, stage.cloud.clock.now);
    await openGate();
    const incidents = panel("For a person to look at");
    await incidents.getByText("1 open").waitFor();
    await incidents.getByRole("button", { name: "Seen: A second agent spoke up" }).click();
    await incidents.getByText("seen by Headquarters").waitFor();
    expect(await incidents.getByText("1 open").count()).toBe(0);
    expect(await rowsOf(stage.cloud.db, "select kind, seen_by from sync_incidents")).toEqual([
      { kind: "fenced", seen_by: "Headquarters" },
    ]);
  });

  it("makes a code that lets another box in", async () => {
    await openGate();
    await page.getByRole("button", { name: "Replace the box…" }).click();
    const dialog = page.getByRole("dialog", { name: "Replace the box" });
    await dialog.getByText("The box that is enrolled now is let out").waitFor();
    await dialog.getByRole("button", { name: "Make a code" }).click();
    const code = await dialog.getByRole("status").innerText();
    expect(code).toMatch(/^[0-9A-Z]{4}(-[0-9A-Z]{4}){3}$/);
    await dialog.getByText(`parkme-edge enroll ${new URL(page.url()).origin} ${code}`).waitFor();
    expect(await rowsOf(stage.cloud.db, "select made_by, used_at from enrolment_codes")).toHaveLength(1);
  });

  it("fits its window, and is never wider, light and dark", async () => {
    await openGate();
    for (const [width, height, fits] of [
      [1280, 800, true],
      [1920, 1080, true],
      [1024, 768, true],
      [820, 1180, false],
    ] as const) {
      await page.setViewportSize({ width, height });
      for (const colorScheme of ["light", "dark"] as const) {
        await page.emulateMedia({ colorScheme });
        await expect.poll(async () => (await overflowOf(page))[0]).toBe(0);
        if (fits) await expect.poll(async () => (await overflowOf(page))[1]).toBe(0);
        // Nothing lies over anything else.
        await expect.poll(() => overlapsIn(page)).toBe(0);
      }
    }
  });
});

/** Pairs of panels that cover a part of each other. */
async function overlapsIn(at: Page): Promise<number> {
  return await at.evaluate<number>(`(() => {
    const boxes = [...document.querySelectorAll("main section")].map((panel) => panel.getBoundingClientRect());
    const cover = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
    return boxes.flatMap((a, i) => boxes.slice(i + 1).filter((b) => cover(a, b))).length;
  })()`);
}
