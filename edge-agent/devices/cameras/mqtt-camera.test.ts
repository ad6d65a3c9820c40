import { describe, expect, it } from "vitest";
import type { PlateRead } from "../ports.ts";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { createMqttCamera } from "./mqtt-camera.ts";

const TOPIC = "parkme/demo/camera/exit-cam/plate";
const MESSAGE = {
  event_id: "e-1",
  plate: "b ab-123",
  confidence: 0.8,
  direction: "towards",
  captured_at: "2026-03-01T10:00:00+01:00",
};

async function startCamera() {
  const fake = createFakeBus();
  const { context, counts, warnings } = createTestContext(fake.bus);
  const reads: PlateRead[] = [];
  const camera = createMqttCamera({ name: "exit-cam", driver: "mqtt" }, context);
  await camera.start((read) => reads.push(read));
  return { ...fake, camera, reads, counts, warnings };
}

describe("an mqtt camera", () => {
  it("turns a message into a plate read", async () => {
    const { deliver, reads } = await startCamera();
    deliver(TOPIC, MESSAGE);
    deliver(TOPIC, { event_id: "e-2", plate: "NO PLATE" });
    expect(reads).toEqual([
      {
        camera: "exit-cam",
        sourceId: "e-1",
        raw: "b ab-123",
        plate: "BAB123",
        confidence: 0.8,
        direction: "towards",
        claimedAtMs: Date.UTC(2026, 2, 1, 9),
        image: null,
      },
      {
        camera: "exit-cam",
        sourceId: "e-2",
        raw: "NO PLATE",
        plate: null,
        confidence: null,
        direction: "unknown",
        claimedAtMs: null,
        image: null,
      },
    ]);
  });

  it("reports nothing out of the broker's memory", async () => {
    const { deliver, reads, counts } = await startCamera();
    deliver(TOPIC, MESSAGE, true);
    expect(reads).toEqual([]);
    expect(counts.get("mqtt_camera_retained_ignored")).toBe(1);
  });

  it("counts what it cannot read, and warns once until something right is said", async () => {
    const { deliver, reads, counts, warnings } = await startCamera();
    for (const bad of [
      "{",
      { ...MESSAGE, confidence: 204 },
      { plate: "B1" },
      { ...MESSAGE, plate: "x".repeat(65) },
    ])
      deliver(TOPIC, bad);
    expect(counts.get("mqtt_camera_bad_message")).toBe(4);
    expect(warnings).toHaveLength(1);
    deliver(TOPIC, MESSAGE);
    deliver(TOPIC, "{");
    expect(reads).toHaveLength(1);
    expect(warnings).toHaveLength(2);
  });

  it("is heard no more after its end", async () => {
    const { camera, topics } = await startCamera();
    expect(topics()).toEqual([TOPIC]);
    await camera.stop();
    expect(topics()).toEqual([]);
  });
});
