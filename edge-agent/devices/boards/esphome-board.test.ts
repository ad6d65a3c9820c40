import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RelayCommand } from "../ports.ts";
import { createEsphomeBoard, esphomeBoardConfigSchema } from "./esphome-board.ts";
import { openByRelay, startOnFakeLink } from "./mqtt-relays/testing/fake-link.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const after = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const CONFIG = {
  name: "gate",
  driver: "esphome",
  topic: "node",
  relays: { r1: { switch: "open", button: "open_pulse" }, r2: { switch: "close" } },
  inputs: { in1: "loop_a", in2: "loop_s" },
};
const start = async () => {
  const link = await startOnFakeLink((context) =>
    createEsphomeBoard(esphomeBoardConfigSchema.parse(CONFIG), context),
  );
  return {
    ...link,
    switchSays: (id: string, word: string, retained = false) =>
      link.say(`node/switch/${id}/state`, word, retained),
    sensorSays: (id: string, word: string, retained = false) =>
      link.say(`node/binary_sensor/${id}/state`, word, retained),
  };
};

describe("an ESPHome board", () => {
  it("knows what was said and is said again, and nothing else", async () => {
    const { sensorSays, switchSays, events, image } = await start();
    sensorSays("loop_a", "ON", true);
    switchSays("open", "OFF", true);
    expect(events).toEqual([]);
    sensorSays("loop_a", "ON");
    expect(events).toEqual([{ kind: "inputs", levels: { in1: true }, outputs: {}, edges: null, boot: null }]);
    await after(2_000);
    sensorSays("loop_s", "OFF");
    expect(image()?.levels).toEqual({ in1: true, in2: false });
    await after(1_000);
    expect(image()?.levels).toEqual({ in2: false });
    switchSays("open", "OFF");
    expect(image()?.outputs).toEqual({ r1: false });
    await after(3_000);
    expect(events.at(-1)).toEqual({ kind: "lost", reason: "nothing new from the board for 3 s" });
  });

  it("tells an image at once when it changed, and not ten times a second when it did not", async () => {
    const { sensorSays, events } = await start();
    sensorSays("loop_a", "ON");
    for (let i = 0; i < 40; i++) {
      await after(100);
      sensorSays("loop_a", "ON");
    }
    expect(events.length).toBeLessThanOrEqual(10);
    expect(events.every(({ kind }) => kind === "inputs")).toBe(true);
    const before = events.length;
    sensorSays("loop_a", "OFF");
    expect(events).toHaveLength(before + 1);
  });

  it("presses its button where it has one, and is done when the switch is on", async () => {
    const { board, switchSays, payloads, outcome } = await start();
    switchSays("open", "OFF");
    switchSays("close", "OFF");
    const open = openByRelay();
    board.command(open);
    await after(0);
    expect(payloads("node/button/open_pulse/command")).toEqual(["PRESS"]);
    switchSays("open", "OFF");
    switchSays("open", "ON", true);
    await after(0);
    expect(outcome(open)).toBe("");
    switchSays("open", "ON");
    await after(0);
    expect(outcome(open)).toBe("done");
    const close = openByRelay({ relay: "r2", release: ["r1"] });
    board.command(close);
    await after(0);
    expect(payloads("node/switch/open/command")).toEqual(["OFF"]);
    expect(payloads("node/switch/close/command")).toEqual([]);
    switchSays("open", "OFF");
    await after(0);
    expect(payloads("node/switch/close/command")).toEqual(["ON"]);
    switchSays("close", "ON");
    await after(0);
    expect(outcome(close)).toBe("done");
  });

  it("does not energise one relay while the other has not been spoken of lately", async () => {
    const { board, switchSays, sensorSays, payloads, outcome } = await start();
    switchSays("open", "OFF");
    switchSays("close", "OFF");
    await after(2_000);
    switchSays("open", "OFF");
    await after(1_500);
    sensorSays("loop_a", "ON");
    const open = openByRelay({ deadlineMs: performance.now() + 10_000 });
    board.command(open);
    await after(3_500);
    expect(outcome(open)).toBe("refused");
    expect(payloads("node/switch/close/command")).toEqual(["OFF"]);
    expect(payloads("node/button/open_pulse/command")).toEqual([]);
  });

  it("is lost with its Will, even a retained one; its birth is no proof", async () => {
    const { say, sensorSays, events, image } = await start();
    sensorSays("loop_a", "ON");
    say("node/status", "online");
    say("node/status", "offline", true);
    expect(events.at(-1)).toEqual({ kind: "lost", reason: "the board is offline" });
    say("node/status", "online");
    expect(events).toHaveLength(2);
    sensorSays("loop_s", "ON");
    expect(image()?.levels).toEqual({ in2: true });
  });

  it("says what is wrong when nothing it says can be understood", async () => {
    const { sensorSays, events, warnings } = await start();
    sensorSays("loop_a", "maybe");
    sensorSays("loop_a", "x".repeat(100));
    await after(3_000);
    expect(events).toEqual([
      { kind: "lost", reason: "what the board says makes no sense: neither ON nor OFF: null" },
    ]);
    expect(warnings).toEqual(["board sent a message that is none"]);
  });

  it("survives any garbage, and gives every command one outcome", async () => {
    const noise = fc.record({
      topic: fc.constantFrom(
        "node/status",
        "node/switch/open/state",
        "node/switch/close/state",
        "node/binary_sensor/loop_a/state",
      ),
      message: fc.oneof(fc.uint8Array({ maxLength: 80 }), fc.constantFrom("ON", "OFF", "online", "offline")),
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
});

describe("configuration of an ESPHome board", () => {
  it("names its relays and inputs, and refuses what cannot work", () => {
    const least = { name: "gate", driver: "esphome", topic: "node", relays: { open1: { switch: "open" } } };
    expect(esphomeBoardConfigSchema.parse(least)).toMatchObject({ inputs: {}, stale_after_ms: 3_000 });
    for (const wrong of [
      { relays: {} },
      { relays: { "r 1": { switch: "open" } } },
      { relays: { r1: { switch: "a/b" } } },
      { inputs: { in1: "Loop A" } },
      { stale_after_ms: 500 },
      { poll_ms: 1_000 },
    ]) {
      expect(esphomeBoardConfigSchema.safeParse({ ...least, ...wrong })).toMatchObject({ success: false });
    }
  });
});
