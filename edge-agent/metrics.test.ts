import { describe, expect, it } from "vitest";
import { asId, type MovementId } from "@parkme/shared/domain/ids";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import { createMetrics } from "./metrics.ts";

const movement = (direction: "in" | "out"): GateRecord => ({
  type: "movement",
  movementId: asId<MovementId>("019ab3c4-0000-7000-8000-000000000001"),
  direction,
  kind: "normal",
  scope: "facility",
  zones: [],
  stayId: null,
  plate: null,
  review: null,
  quote: null,
});

function createTestMetrics() {
  const now = { pending: 3, inside: 2 };
  const metrics = createMetrics({
    facility: "demo",
    movementsBefore: [{ lane: "entry", direction: "in", n: 40 }],
    pendingEvents: () => now.pending,
    inside: () => now.inside,
  });
  const lines = async () =>
    (await metrics.scrape()).text.split("\n").filter((line) => line.startsWith("parkme_"));
  return { metrics, now, lines };
}

describe("metrics", () => {
  it("go on counting movements where the process before stopped", async () => {
    const { metrics, lines } = createTestMetrics();
    metrics.recorded("entry", [movement("in"), { type: "alarm", kind: "tailgate", detail: "" }]);
    metrics.recorded("exit", [movement("out"), movement("out")]);
    expect(await lines()).toEqual(
      expect.arrayContaining([
        'parkme_movements_total{facility="demo",lane="entry",direction="in"} 41',
        'parkme_movements_total{facility="demo",lane="exit",direction="out"} 2',
      ]),
    );
  });

  it("tell what is inside and what waits for the cloud, at the moment they are asked", async () => {
    const { now, lines } = createTestMetrics();
    expect(await lines()).toEqual(expect.arrayContaining(["parkme_pending_events 3", "parkme_inside 2"]));
    now.pending = 0;
    now.inside = 5;
    expect(await lines()).toEqual(expect.arrayContaining(["parkme_pending_events 0", "parkme_inside 5"]));
  });

  it("count device trouble by its name", async () => {
    const { metrics, lines } = createTestMetrics();
    metrics.count("camera_push_no_event");
    metrics.count("camera_push_no_event");
    expect(await lines()).toContain('parkme_device_events_total{event="camera_push_no_event"} 2');
  });

  it("are the text that monitors read, with the process's own figures", async () => {
    const { metrics } = createTestMetrics();
    const { contentType, text } = await metrics.scrape();
    expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(text).toContain("process_resident_memory_bytes");
  });
});
