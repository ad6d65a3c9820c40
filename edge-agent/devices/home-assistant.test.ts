import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LANE_INPUTS } from "@parkme/shared/domain/lane";
import type { MqttBus } from "./buses/mqtt-bus.ts";
import {
  announceToHomeAssistant,
  homeAssistantConfigSchema,
  homeAssistantDocuments,
  type HomeAssistantSite,
} from "./home-assistant.ts";

const SITE: HomeAssistantSite = {
  prefix: "homeassistant",
  facility: "demo",
  facilityName: "Demo park",
  lanes: [
    { name: "entry", title: "Entry", inputs: ["arming", "safety", "closed_limit"] },
    { name: "exit-2", title: "Exit 2", inputs: ["arming", "safety", "closed_limit", "fire"] },
  ],
};
const parsed = () =>
  homeAssistantDocuments(SITE).map(({ topic, payload }) => ({
    topic,
    document: JSON.parse(payload) as Record<string, unknown>,
  }));

describe("what Home Assistant is told", () => {
  it("is a document for each lane's state and each of its inputs, at a topic of its own", () => {
    expect(parsed().map(({ topic }) => topic)).toEqual([
      "homeassistant/sensor/parkme_demo_entry/state/config",
      "homeassistant/binary_sensor/parkme_demo_entry/arming/config",
      "homeassistant/binary_sensor/parkme_demo_entry/safety/config",
      "homeassistant/binary_sensor/parkme_demo_entry/closed_limit/config",
      "homeassistant/sensor/parkme_demo_exit-2/state/config",
      "homeassistant/binary_sensor/parkme_demo_exit-2/arming/config",
      "homeassistant/binary_sensor/parkme_demo_exit-2/safety/config",
      "homeassistant/binary_sensor/parkme_demo_exit-2/closed_limit/config",
      "homeassistant/binary_sensor/parkme_demo_exit-2/fire/config",
    ]);
    const ids = parsed().map(({ document }) => document["unique_id"]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("is read from the lane's state, and available while the agent is", () => {
    expect(parsed()[1]?.document).toEqual({
      unique_id: "parkme_demo_entry_arming",
      device: {
        identifiers: ["parkme_demo_entry"],
        name: "Demo park Entry",
        manufacturer: "ParkMe",
        model: "Gate lane",
      },
      origin: { name: "ParkMe Gate" },
      name: "Arming loop",
      state_topic: "parkme/demo/lane/entry/state",
      availability_topic: "parkme/demo/agent/status",
      availability_template: "{{ 'online' if value_json.online else 'offline' }}",
      value_template: expect.stringContaining("arming") as string,
      payload_on: "on",
      payload_off: "off",
    });
    expect(parsed()[0]?.document).toMatchObject({
      name: "State",
      device_class: "enum",
      options: expect.arrayContaining(["IDLE", "OPEN", "FAULT"]) as string[],
    });
  });

  it("names nothing that could be commanded", () => {
    for (const { topic, document } of parsed()) {
      expect(topic).toMatch(/^homeassistant\/(sensor|binary_sensor)\//);
      expect(Object.keys(document).filter((key) => /command|set/.test(key))).toEqual([]);
    }
  });
});

describe("the announcement", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function fakeBus() {
    const listeners = new Set<(connected: boolean) => void>();
    const said: { topic: string; payload: string; retain: boolean | undefined }[] = [];
    let room = Infinity;
    const bus: MqttBus = {
      start: () => undefined,
      connected: () => false,
      subscribe: () => undefined,
      unsubscribe: () => undefined,
      onLink(listener) {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
      publish(topic, payload, options) {
        if (room <= 0) return false;
        room -= 1;
        said.push({ topic, payload, retain: options?.retain });
        return true;
      },
      stop: () => Promise.resolve(),
    };
    return {
      bus,
      said,
      listeners,
      room: (value: number) => void (room = value),
      link: (up: boolean) => listeners.forEach((listener) => listener(up)),
    };
  }

  it("is made on every connection, a few at a time, retained; inputs that no lane has are taken back", () => {
    const { bus, said, link, listeners } = fakeBus();
    const end = announceToHomeAssistant(bus, SITE);
    expect(said).toEqual([]);
    link(true);
    expect(said).toHaveLength(10);
    vi.advanceTimersByTime(10_000);
    expect(said).toHaveLength(2 * (LANE_INPUTS.length + 1));
    expect(said.every(({ retain }) => retain === true)).toBe(true);
    const present = said.filter(({ payload }) => payload !== "").map(({ topic }) => topic);
    expect(present).toEqual(homeAssistantDocuments(SITE).map(({ topic }) => topic));
    expect(said.filter(({ payload }) => payload === "").map(({ topic }) => topic)).toContain(
      "homeassistant/binary_sensor/parkme_demo_entry/fire/config",
    );
    const once = said.length;
    link(false);
    link(true);
    vi.advanceTimersByTime(10_000);
    expect(said).toHaveLength(2 * once);
    end();
    expect(listeners.size).toBe(0);
  });

  it("goes on where the bus had no room, and not after the end", () => {
    const { bus, said, link, room } = fakeBus();
    room(13);
    const end = announceToHomeAssistant(bus, SITE);
    link(true);
    vi.advanceTimersByTime(1_000);
    expect(said).toHaveLength(13);
    room(4);
    vi.advanceTimersByTime(1_000);
    expect(new Set(said.map(({ topic }) => topic)).size).toBe(17);
    end();
    room(100);
    vi.advanceTimersByTime(10_000);
    expect(said).toHaveLength(17);
  });
});

describe("its configuration", () => {
  it("has a default, and takes one level of a topic", () => {
    expect(homeAssistantConfigSchema.parse({})).toEqual({ prefix: "homeassistant" });
    for (const prefix of ["", "a/b", "#", "a b"]) {
      expect(homeAssistantConfigSchema.safeParse({ prefix })).toMatchObject({ success: false });
    }
  });
});
