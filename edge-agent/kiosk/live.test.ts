import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { kioskSnapshotSchema, type KioskSnapshot } from "@parkme/shared/protocol/kiosk";
import { until } from "../devices/testing/until.ts";
import { problemOf } from "./testing/calls.ts";
import { payingVehicle } from "./testing/exit.ts";
import { startKiosk, type Kiosk } from "./testing/kiosk.ts";

let kiosk: Kiosk;
beforeEach(async () => {
  kiosk = await startKiosk();
});
afterEach(() => kiosk.stop());

/** Reads one stream of server-sent events. */
async function openLive(cookie: string) {
  const abort = new AbortController();
  const response = await fetch(new URL("/api/live", kiosk.url), {
    headers: { cookie },
    signal: abort.signal,
  });
  const snapshots: KioskSnapshot[] = [];
  const events: string[] = [];
  let ended = false;
  const reading = (async () => {
    let rest = "";
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      rest += decoder.decode(chunk as Uint8Array, { stream: true });
      const blocks = rest.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const [event = "", data = ""] = block.split("\n");
        events.push(event);
        snapshots.push(kioskSnapshotSchema.parse(JSON.parse(data.replace(/^data: /, ""))));
      }
    }
  })().then(
    () => (ended = true),
    () => (ended = true),
  );
  return {
    response,
    snapshots,
    events,
    ended: () => ended,
    close: async () => {
      abort.abort();
      await reading;
    },
  };
}

describe("the live stream", () => {
  it("begins at once, follows every change, and ends after signing out", async () => {
    const cookie = await kiosk.signedIn();
    const live = await openLive(cookie);
    expect(live.response.headers.get("content-type")).toMatch(/^text\/event-stream/);
    await until(() => live.snapshots.length > 0, "the first snapshot");
    expect(live.events[0]).toBe("event: snapshot");
    expect(live.snapshots[0]).toMatchObject({
      facility: { slug: "demo", currency: "EUR", minor_digits: 2, capacity: 10 },
      cloud: null,
      inside: 0,
    });
    expect(live.snapshots[0]?.lanes.map(({ lane, state }) => [lane, state])).toEqual([
      ["entry", "UNKNOWN"],
      ["exit", "UNKNOWN"],
      ["swing", "UNKNOWN"],
    ]);

    const stayId = await payingVehicle(kiosk);
    const exit = () => live.snapshots.at(-1)?.lanes[1];
    await until(() => exit()?.state === "PAYING", "the payment on the page");
    expect(exit()).toMatchObject({
      display: "Please pay 12.00 EUR",
      read: { plate: "BAB1234", confidence: 0.97, camera: "exit-cam" },
      stay: { stay_id: stayId, fee: { amount_minor: 1_200, applied_rule: "Flat Rate" } },
      inputs: { arming: "on", safety: "off", closing: "absent", closed_limit: "on" },
    });
    expect((await kiosk.get(exit()?.read?.image_url ?? "", cookie)).status).toBe(200);
    expect(live.snapshots.at(-1)).toMatchObject({ inside: 1, today: { out: 0, cash_minor: 0 } });
    expect(live.snapshots.at(-1)?.movements).toHaveLength(1);

    expect((await kiosk.call("/api/session", { method: "DELETE", cookie })).status).toBe(204);
    await until(live.ended, "the stream to end");
    await live.close();
  });

  it("repeats itself when nothing changes, so that a dead line is noticed", async () => {
    const live = await openLive(await kiosk.signedIn());
    const pauses = (): number[] => {
      const told = live.snapshots.map(({ at }) => Date.parse(at));
      return told.slice(1).map((at, i) => at - (told[i] ?? 0));
    };
    // What the gate's own start still brings comes first, at once; what repeats itself takes its time.
    const repeats = (): number => pauses().filter((pauseMs) => pauseMs > 500).length;
    await until(() => repeats() >= 2, "a quiet gate to be told of again, and again");
    await live.close();
  });

  it("is given to 50 pages, and to another one when one has gone", async () => {
    const cookie = await kiosk.signedIn();
    const pages = await Promise.all(Array.from({ length: 50 }, () => openLive(cookie)));
    await until(() => pages.every(({ snapshots }) => snapshots.length > 0), "every page to be served");
    const refused = await kiosk.get("/api/live", cookie);
    expect(await problemOf(refused)).toMatchObject({ status: 503, code: "too_many_pages" });
    for (const page of pages.splice(0, 2)) await page.close();
    let status = 503;
    const deadlineMs = performance.now() + 10_000;
    while (status === 503 && performance.now() < deadlineMs) {
      const next = await openLive(cookie);
      status = next.response.status;
      pages.push(next);
    }
    expect(status).toBe(200);
    await Promise.all(pages.map((page) => page.close()));
  });

  it("that fails is logged and ends", async () => {
    const live = await openLive(await kiosk.signedIn());
    await until(() => live.snapshots.length > 0, "the first snapshot");
    kiosk.store.close();
    await until(live.ended, "the stream to end");
    expect(kiosk.logged).toContainEqual(
      expect.objectContaining({ level: "error", message: "a page's live stream failed" }),
    );
  });
});
