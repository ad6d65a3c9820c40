import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RelayCommand } from "../ports.ts";
import { openByRelay, startOnFakeLink } from "./mqtt-relays/testing/fake-link.ts";
import { createZigbee2mqttBoard, zigbee2mqttBoardConfigSchema } from "./zigbee2mqtt-board.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const after = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const CONFIG = {
  name: "gate",
  driver: "zigbee2mqtt",
  base_topic: "z2m",
  relays: {
    r1: { device: "twin", property: "state_l1" },
    r2: { device: "twin", property: "state_l2", off_wait_s: 1 },
  },
  inputs: {
    in1: { device: "loop", property: "contact", on: false, max_age_s: 60 },
    in2: { device: "beam", property: "occupancy", max_age_s: 10, ask: true },
  },
};

/** A bridge that answers health checks and reads, as the test lets it. */
async function start() {
  const bridge = {
    well: true,
    deaf: false,
    twin: { state_l1: "OFF", state_l2: "OFF" } as Record<string, string>,
  };
  let seen = Date.now();
  const link = await startOnFakeLink(
    (context) => createZigbee2mqttBoard(zigbee2mqttBoardConfigSchema.parse(CONFIG), context),
    ({ topic, payload }, say) => {
      if (bridge.deaf || payload === "") return;
      const message = JSON.parse(payload) as Record<string, unknown>;
      if (topic === "z2m/bridge/request/health_check") {
        const { transaction } = message;
        say("z2m/bridge/response/health_check", {
          data: { healthy: bridge.well },
          status: "ok",
          transaction,
        });
      } else if (topic === "z2m/twin/set") {
        for (const key of ["state_l1", "state_l2"]) {
          const state = message[key];
          if (typeof state === "string") bridge.twin[key] = state;
        }
      } else if (topic === "z2m/twin/get" && "state_l1" in bridge.twin)
        say("z2m/twin", { ...bridge.twin, last_seen: (seen += 1) });
    },
  );
  return {
    ...link,
    bridge,
    spoke: (device: string, message: object, retained = false) =>
      link.say(`z2m/${device}`, { ...message, linkquality: 90, last_seen: (seen += 1) }, retained),
    repeated: (device: string, message: object) => link.say(`z2m/${device}`, { ...message, last_seen: seen }),
  };
}

describe("a board behind Zigbee2MQTT", () => {
  it("is known by the answer to its own question, and asks for what can be asked", async () => {
    const { bridge, events, payloads, say } = await start();
    expect(events).toEqual([
      { kind: "inputs", levels: {}, outputs: {}, edges: null, boot: null },
      { kind: "inputs", levels: {}, outputs: { r1: false, r2: false }, edges: null, boot: null },
    ]);
    expect(payloads("z2m/beam/get")).toEqual(['{"occupancy":""}']);
    await after(10_000);
    expect(payloads("z2m/beam/get")).toHaveLength(2);
    expect(payloads("z2m/bridge/request/health_check")).toHaveLength(6);
    // Answers to somebody else's questions prove nothing.
    bridge.deaf = true;
    for (let i = 0; i < 7; i++) {
      await after(1_000);
      say("z2m/bridge/response/health_check", { data: { healthy: true }, status: "ok", transaction: "x" });
      say("z2m/bridge/response/health_check", { data: { healthy: true }, status: "ok" });
    }
    expect(events.at(-1)?.kind).toBe("lost");
  });

  it("knows each input for as long as its device's last word counts", async () => {
    const { spoke, repeated, image } = await start();
    spoke("loop", { contact: false }, true);
    expect(image()?.levels).toEqual({});
    spoke("loop", { contact: false });
    spoke("beam", { occupancy: true });
    expect(image()?.levels).toEqual({ in1: true, in2: true });
    await after(9_999);
    repeated("beam", { occupancy: true });
    expect(image()?.levels).toEqual({ in1: true, in2: true });
    await after(1);
    expect(image()?.levels).toEqual({ in1: true });
    spoke("loop", { contact: true, battery: 40 });
    spoke("loop", { battery: 41 });
    expect(image()?.levels).toEqual({ in1: false });
  });

  it("drops the points of a device that is gone, by its availability, and takes no other proof that it is back", async () => {
    const { spoke, say, image, board, outcome, detail } = await start();
    spoke("loop", { contact: false });
    spoke("beam", { occupancy: false });
    say("z2m/loop/availability", { state: "offline" }, true);
    expect(image()?.levels).toEqual({ in2: false });
    say("z2m/loop/availability", "online");
    expect(image()?.levels).toEqual({ in2: false });
    spoke("loop", { contact: false });
    expect(image()?.levels).toEqual({ in1: true, in2: false });
    say("z2m/twin/availability", "offline");
    expect(image()?.outputs).toEqual({});
    const open = openByRelay();
    board.command(open);
    expect([outcome(open), detail(open)]).toEqual([
      "refused",
      "relay r1 has not answered over the air lately",
    ]);
  });

  it("sets a relay with its time, reads it, and is done by the reading", async () => {
    const { bridge, board, spoke, sent, outcome, payloads } = await start();
    bridge.deaf = true;
    const before = sent.length;
    const close = openByRelay({ relay: "r2", release: ["r1"], pulseMs: 700 });
    board.command(close);
    await after(0);
    expect(sent.slice(before).map(({ topic, payload }) => [topic, JSON.parse(payload) as unknown])).toEqual([
      ["z2m/twin/set", { state_l2: "ON", on_time: 0.7, off_wait_time: 1 }],
      ["z2m/twin/get", { state_l2: "" }],
    ]);
    // The other gang's news, and what was so before.
    spoke("twin", { state_l1: "OFF", state_l2: "OFF" });
    await after(0);
    expect(outcome(close)).toBe("");
    spoke("twin", { state_l1: "OFF", state_l2: "ON" });
    await after(0);
    expect(outcome(close)).toBe("done");
    // It reads the relay back when the pulse should be over, and ends it itself when it is not.
    await after(900);
    expect(payloads("z2m/twin/get").length).toBeGreaterThan(1);
    await after(3_000);
    expect(payloads("z2m/twin/set").at(-1)).toBe('{"state_l2":"OFF"}');
  });

  it("is lost when the bridge is silent, gone or not well, and its inputs with it", async () => {
    const { bridge, spoke, say, events, last, image } = await start();
    const kinds = (): string[] => events.map(({ kind }) => kind);
    spoke("loop", { contact: false });
    bridge.deaf = true;
    await after(6_000);
    expect(kinds().at(-1)).toBe("lost");
    spoke("loop", { contact: true });
    expect(kinds().at(-1)).toBe("lost");
    bridge.deaf = false;
    await after(2_000);
    expect(image()?.levels).toEqual({ in1: false });
    say("z2m/bridge/state", { state: "offline" }, true);
    expect(last("lost")).toEqual({ kind: "lost", reason: "Zigbee2MQTT is offline" });
    await after(2_000);
    expect(image()?.levels).toEqual({});
    bridge.well = false;
    await after(2_000);
    expect(last("lost")).toEqual({ kind: "lost", reason: "Zigbee2MQTT says that it is not well" });
  });

  it("knows its relays for as long as they answer, not as long as they are repeated", async () => {
    const { bridge, repeated, image, link, payloads, board, outcome } = await start();
    bridge.twin = {};
    for (let i = 0; i < 40; i++) {
      await after(1_000);
      repeated("twin", { state_l1: "OFF", state_l2: "OFF" });
    }
    expect(image()?.outputs).toEqual({});
    const open = openByRelay();
    board.command(open);
    expect(outcome(open)).toBe("refused");
    bridge.twin = { state_l1: "OFF", state_l2: "OFF" };
    // A new connection asks at once.
    const asked = payloads("z2m/twin/get").length;
    link(false);
    link(true);
    expect(payloads("z2m/twin/get")).toHaveLength(asked + 2);
    expect(image()?.outputs).toEqual({ r1: false, r2: false });
  });

  it("complains once when devices have no last_seen, and believes none of them", async () => {
    const { say, counts, warnings, image } = await start();
    for (let i = 0; i < 3; i++) say("z2m/loop", { contact: i % 2 === 0 });
    expect(counts.get("zigbee2mqtt_no_last_seen")).toBe(3);
    expect(warnings).toEqual(["Zigbee2MQTT does not say when devices were last seen"]);
    expect(image()?.levels).toEqual({});
  });

  it("survives any garbage, and gives every command one outcome", async () => {
    const noise = fc.record({
      topic: fc.constantFrom(
        "z2m/twin",
        "z2m/loop",
        "z2m/twin/availability",
        "z2m/bridge/state",
        "z2m/bridge/response/health_check",
      ),
      message: fc.oneof(
        fc.uint8Array({ maxLength: 80 }),
        fc.json(),
        fc.record({
          state_l1: fc.oneof(fc.jsonValue(), fc.constantFrom("ON", "OFF")),
          last_seen: fc.oneof(fc.nat(), fc.jsonValue()),
        }),
        fc.record({ contact: fc.jsonValue(), last_seen: fc.nat() }),
      ),
      retained: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(noise, fc.nat(1_500)), { maxLength: 40 }), async (steps) => {
        const { board, say, outcome } = await start();
        const commands: RelayCommand[] = [];
        for (const step of steps) {
          if (typeof step === "number") {
            const [relay, other] = step % 2 === 0 ? ["r1", "r2"] : ["r2", "r1"];
            const command = openByRelay({ relay, release: [other ?? ""] });
            commands.push(command);
            board.command(command);
            await after(step);
          } else say(step.topic, step.message, step.retained);
        }
        await after(10_000);
        await board.stop();
        for (const command of commands) expect(outcome(command)).toMatch(/^(done|refused|silent)$/);
      }),
      { numRuns: 150 },
    );
  });

  it("hears nothing any more when it stops", async () => {
    const { board, topics, sent, events } = await start();
    await board.stop();
    expect(topics()).toEqual([]);
    const told = [sent.length, events.length];
    await after(120_000);
    expect([sent.length, events.length]).toEqual(told);
  });
});

describe("configuration of a board behind Zigbee2MQTT", () => {
  it("has defaults, and refuses what cannot work", () => {
    const least = { name: "gate", driver: "zigbee2mqtt", relays: { r1: { device: "Gate open" } } };
    expect(zigbee2mqttBoardConfigSchema.parse(least)).toMatchObject({
      base_topic: "zigbee2mqtt",
      relays: { r1: { property: "state", off_wait_s: 0 } },
      stale_after_ms: 6_000,
    });
    for (const wrong of [
      { relays: { r1: { device: "a/+" } } },
      { inputs: { in1: { device: "loop", property: "contact" } } },
      { inputs: { in1: { device: "loop", property: "a b", max_age_s: 60 } } },
      { stale_after_ms: 1_500 },
      { relay_max_age_s: 15 },
      { topic: "x" },
    ]) {
      expect(zigbee2mqttBoardConfigSchema.safeParse({ ...least, ...wrong })).toMatchObject({
        success: false,
      });
    }
  });
});
