import { describe, expect, it } from "vitest";
import { anprEvent } from "../cameras/testing/hikvision-pushes.ts";
import { createFakeBus, createTestContext } from "../testing/context.ts";
import { cameraConfigSchema, createCamera } from "./cameras.ts";

describe("the registry of cameras", () => {
  it("makes a camera of every driver, on the bus or for the HTTP server", () => {
    const { context } = createTestContext(createFakeBus().bus);
    const onBus = createCamera(cameraConfigSchema.parse({ name: "exit-cam", driver: "mqtt" }), context);
    expect(onBus).toMatchObject({ via: "bus", camera: { name: "exit-cam" } });
    const pushing = createCamera(
      cameraConfigSchema.parse({ name: "entry-cam", driver: "hikvision", key_file: "key" }),
      context,
    );
    if (pushing.via !== "push") throw new Error("not a push camera");
    const received = pushing.camera.receive("text/xml", Uint8Array.from(Buffer.from(anprEvent())));
    expect(received).toMatchObject({ ok: true, value: { camera: "entry-cam", plate: "PECT600" } });
  });
});
