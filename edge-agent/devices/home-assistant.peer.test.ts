import { afterEach, describe, expect, it } from "vitest";
import { createMqttBus } from "./buses/mqtt-bus.ts";
import { announceToHomeAssistant, homeAssistantDocuments, type HomeAssistantSite } from "./home-assistant.ts";
import { testClock } from "./testing/context.ts";
import { PASSWORD, startMosquitto } from "./testing/mosquitto.ts";
import { until } from "./testing/until.ts";

const SITE: HomeAssistantSite = {
  prefix: "homeassistant",
  facility: "demo",
  facilityName: "Demo park",
  lanes: [{ name: "entry", title: "Entry", inputs: ["arming", "safety"] }],
};
const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

describe("Home Assistant at mosquitto", () => {
  it("finds the lanes although it comes later, hears them, and can command nothing", async () => {
    const broker = await startMosquitto(["agent", "homeassistant", "entry-board"]);
    cleanup.push(() => broker.remove());
    const bus = createMqttBus({
      url: `mqtt://127.0.0.1:${broker.port}`,
      username: "agent",
      password: PASSWORD,
      facility: "demo",
      epoch: 7,
      clock: testClock,
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
      count: () => undefined,
    });
    cleanup.push(() => bus.stop());
    const end = announceToHomeAssistant(bus, SITE);
    bus.start();
    await until(() => bus.connected(), "the bus");
    // The last of them is said when all are.
    const last = homeAssistantDocuments(SITE).at(-1)?.topic ?? "";
    const early = await broker.listen("homeassistant", last);
    await until(() => early.output().includes('"parkme_demo_entry_safety"'), "the last document");
    end();

    const late = await broker.listen("homeassistant", "homeassistant/#");
    const found = (): string[] =>
      late
        .output()
        .split("\n")
        .filter((line) => line.startsWith("1 1 {"));
    await until(() => found().length === 3, "the documents, retained");
    expect(found().map((line) => line.slice(4))).toEqual(
      expect.arrayContaining(homeAssistantDocuments(SITE).map(({ payload }) => payload)),
    );
    const states = await broker.listen("homeassistant", "parkme/demo/lane/entry/state");
    bus.publish("parkme/demo/lane/entry/state", '{"state":"IDLE"}', { retain: true });
    await until(() => states.output().includes("IDLE"), "a state");

    const board = await broker.listen("agent", "parkme/demo/#");
    for (const topic of ["board/entry-board/cmd", "lane/entry/state", "agent/status"]) {
      await broker.publish("homeassistant", `parkme/demo/${topic}`, "forged");
    }
    await broker.publish("agent", "parkme/demo/mark", "mark");
    await until(() => board.output().includes("mark"), "the mark behind it");
    expect(board.output()).not.toContain("forged");
  });
});
