import { describe, expect, it } from "vitest";
import { boardConfigSchema, cameraConfigSchema, createBoard, createCamera } from "./registry.ts";
import { anprEvent } from "./cameras/testing/hikvision-pushes.ts";
import { createFakeBus, createTestContext } from "./testing/context.ts";

describe("device registry", () => {
  it("makes a board of every driver out of its section of the configuration", async () => {
    const { context } = createTestContext(createFakeBus().bus);
    for (const section of [
      { name: "entry-board", driver: "mqtt" },
      { name: "exit-board", driver: "pcless", tcp: "127.0.0.1:1" },
    ]) {
      const board = createBoard(boardConfigSchema.parse(section), context);
      expect(board.name).toBe(section.name);
      await board.stop();
    }
  });

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

  it.each([
    [{ name: "Entry Board", driver: "mqtt" }],
    [{ name: "entry-board", driver: "modbus" }],
    [{ name: "entry-board", driver: "mqtt", tcp: "127.0.0.1:1" }],
    [{ name: "entry-board", driver: "pcless" }],
  ])("refuses %j", (section) => {
    expect(boardConfigSchema.safeParse(section).success).toBe(false);
  });
});
