import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RelayCommand } from "../ports.ts";
import { openByRelay, startOnFakeLink } from "./mqtt-relays/testing/fake-link.ts";
import { createTasmotaBoard, tasmotaBoardConfigSchema } from "./tasmota-board.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const after = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

/** A device that answers at once, as the test lets it. */
async function start(settings: object = {}) {
  const bootedMs = performance.now() - 100_000;
  const device = {
    deaf: new Set<string>(),
    power: [false, false],
    switches: ["OFF", "ON"],
    pulse: [5, 5],
    detached: "ON",
    powerOnState: 0,
    bootedMs,
    lateMs: 0,
  };
  const state = (): object => ({
    StatusSTS: {
      UptimeSec: Math.floor((performance.now() - device.bootedMs) / 1000),
      POWER1: device.power[0] === true ? "ON" : "OFF",
      ...(device.power[1] === undefined ? {} : { POWER2: device.power[1] ? "ON" : "OFF" }),
    },
  });
  const sensors = (): object => ({ StatusSNS: { Switch1: device.switches[0], Switch2: device.switches[1] } });
  const link = await startOnFakeLink(
    (context) =>
      createTasmotaBoard(
        tasmotaBoardConfigSchema.parse({
          name: "gate",
          driver: "tasmota",
          topic: "gate",
          relays: 2,
          inputs: 2,
          ...settings,
        }),
        context,
      ),
    ({ topic, payload }, say) => {
      const [, verb = "", digit = ""] = /^cmnd\/gate\/([A-Za-z]+?)(\d*)$/.exec(topic) ?? [];
      if (device.deaf.has(verb)) return;
      const result = (document: object): void => say("stat/gate/RESULT", document);
      const index = Number(digit) - 1;
      if (verb === "STATUS") {
        if (device.deaf.has(payload)) return;
        const answer = payload === "10" ? sensors() : state();
        if (device.lateMs === 0) say(`stat/gate/STATUS${payload}`, answer);
        else setTimeout(() => say(`stat/gate/STATUS${payload}`, answer), device.lateMs);
      } else if (verb === "PulseTime") {
        if (payload !== "") device.pulse[index] = Number(payload);
        result({ [`PulseTime${digit}`]: { Set: device.pulse[index], Remaining: 0 } });
      } else if (verb === "PowerOnState") result({ PowerOnState: device.powerOnState });
      else if (verb === "SetOption") result({ SetOption114: device.detached });
      else if (verb === "POWER" && payload !== "") {
        device.power[index] = payload === "ON";
        result({ [`POWER${digit}`]: payload });
        say(`stat/gate/POWER${digit}`, payload);
      }
    },
  );
  return { ...link, device };
}

describe("a Tasmota board", () => {
  it("is known from its first status, is asked every second, and its settings once", async () => {
    const { events, payloads } = await start();
    expect(events).toEqual([
      {
        kind: "inputs",
        levels: { in1: false, in2: true },
        outputs: { r1: false, r2: false },
        edges: null,
        boot: null,
      },
    ]);
    await after(3_000);
    expect(payloads("cmnd/gate/STATUS")).toEqual(["10", "11", "10", "11", "10", "11", "10", "11"]);
    expect(payloads("cmnd/gate/PulseTime1")).toEqual([""]);
    expect(payloads("cmnd/gate/SetOption114")).toEqual([""]);
  });

  it("reads contacts that say OFF when they are closed, and asks what a TOGGLE has made of them", async () => {
    const { image, say, device, payloads } = await start({ closed_says: "OFF" });
    expect(image()?.levels).toEqual({ in1: true, in2: false });
    say("stat/gate/RESULT", { Switch2: { Action: "OFF" } });
    expect(image()?.levels).toEqual({ in1: true, in2: true });
    device.switches = ["ON", "OFF"];
    const asked = payloads("cmnd/gate/STATUS").length;
    say("stat/gate/RESULT", { Switch1: { Action: "TOGGLE" } });
    expect(payloads("cmnd/gate/STATUS")).toHaveLength(asked + 2);
    expect(image()?.levels).toEqual({ in1: false, in2: true });
  });

  it("is not proven by half an answer", async () => {
    const { device, events } = await start();
    device.deaf.add("10");
    await after(10_000);
    expect(events.map(({ kind }) => kind).filter((kind) => kind === "lost")).toHaveLength(1);
    expect(events.at(-1)?.kind).toBe("lost");
  });

  it("lets go first of a relay that its status does not mention", async () => {
    const { board, device, sent } = await start();
    device.power = [false];
    await after(1_000);
    board.command(openByRelay());
    await after(0);
    const told = sent
      .filter(({ topic }) => topic.includes("POWER"))
      .map(({ topic, payload }) => `${topic} ${payload}`);
    expect(told).toEqual(["cmnd/gate/POWER2 OFF", "cmnd/gate/POWER1 ON"]);
  });

  it("is done when the board says that the relay is on", async () => {
    const { board, device, say, outcome, payloads } = await start();
    device.deaf.add("POWER");
    const open = openByRelay();
    board.command(open);
    await after(10);
    expect(payloads("cmnd/gate/POWER1")).toEqual(["ON"]);
    say("stat/gate/RESULT", { POWER1: "ON" }, true);
    say("stat/gate/POWER1", "ON", true);
    await after(10);
    expect(outcome(open)).toBe("");
    say("stat/gate/POWER1", "ON");
    say("stat/gate/RESULT", { POWER1: "ON" });
    await after(10);
    expect(outcome(open)).toBe("done");
  });

  it.each([
    ["PulseTime", /PulseTime1 5 \(it says nothing\)/],
    ["PowerOnState", /PowerOnState 0 \(it says nothing\)/],
    ["SetOption", /SetOption114 ON \(it says nothing\)/],
  ])("gets no command while it does not confirm %s", async (verb, why) => {
    const { board, device, link, outcome, detail, payloads } = await start();
    device.deaf.add(verb);
    link(false);
    link(true);
    const open = openByRelay();
    board.command(open);
    expect(outcome(open)).toBe("refused");
    expect(detail(open)).toMatch(why);
    device.deaf.clear();
    await after(1_000);
    const again = openByRelay();
    board.command(again);
    await after(0);
    expect(outcome(again)).toBe("done");
    expect(payloads("cmnd/gate/POWER1")).toEqual(["ON"]);
  });

  it("complains of a setting that it does not take, and gets no command", async () => {
    const { board, device, link, outcome, warnings } = await start();
    device.powerOnState = 3;
    link(false);
    link(true);
    await after(10_000);
    expect(warnings).toEqual(["board does not take a setting that a gate needs"]);
    const open = openByRelay();
    board.command(open);
    expect(outcome(open)).toBe("refused");
  });

  it("is not believed when its answers come too late, from the start or later on", async () => {
    const late = await start();
    late.device.lateMs = 10_000;
    await after(60_000);
    expect(late.events.map(({ kind }) => kind)).toEqual(["inputs", "lost"]);
    expect(late.counts.get("tasmota_status_late")).toBeGreaterThan(10);
    late.device.lateMs = 0;
    await after(1_000);
    expect(late.events.at(-1)?.kind).toBe("inputs");

    const { device, link, events } = await start();
    device.lateMs = 10_000;
    link(false);
    link(true);
    await after(120_000);
    expect(events.map(({ kind }) => kind)).toEqual(["inputs", "lost"]);
  });

  it("is lost when it restarts or connects anew, and confirms its settings again", async () => {
    const { device, events, payloads, say } = await start();
    device.bootedMs = performance.now();
    await after(1_000);
    expect(events.slice(1).map((event) => (event.kind === "lost" ? event.reason : event.kind))).toEqual([
      "the board restarted",
      "inputs",
    ]);
    expect(payloads("cmnd/gate/PulseTime1")).toHaveLength(2);
    say("tele/gate/LWT", "Online", true);
    expect(events).toHaveLength(3);
    say("tele/gate/LWT", "Online");
    expect(events.slice(3).map(({ kind }) => kind)).toEqual(["lost", "inputs"]);
    say("tele/gate/LWT", "Offline", true);
    expect(events.at(-1)).toEqual({ kind: "lost", reason: "the board is offline" });
  });

  it("that was away for longer than it had been up is known again", async () => {
    const { device, link, last, events } = await start();
    device.bootedMs = performance.now() - 1_000;
    await after(2_000);
    link(false);
    device.bootedMs = performance.now() + 60_000;
    await after(90_000);
    link(true);
    expect(events.at(-1)?.kind).toBe("inputs");
    expect(last("inputs")).toBeDefined();
  });

  it("with a relay that stays on is told to let it go, and commanded no more", async () => {
    const { board, device, outcome, events, payloads } = await start();
    const open = openByRelay();
    board.command(open);
    await after(0);
    expect(outcome(open)).toBe("done");
    await after(3_000);
    expect(payloads("cmnd/gate/POWER1")).toEqual(["ON", "OFF"]);
    expect(device.power).toEqual([false, false]);
    expect(events.some((event) => event.kind === "lost" && event.reason.includes("r1 did not let go"))).toBe(
      true,
    );
    const again = openByRelay();
    board.command(again);
    expect(outcome(again)).toBe("refused");
  });

  it("survives any garbage, and gives every command one outcome", async () => {
    const topics = ["RESULT", "STATUS10", "STATUS11", "POWER1"].map((what) => `stat/gate/${what}`);
    const key = fc.constantFrom("POWER1", "Switch1", "PulseTime1", "StatusSTS", "StatusSNS", "UptimeSec");
    const noise = fc.record({
      topic: fc.constantFrom(...topics, "tele/gate/LWT"),
      message: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.json(),
        fc.dictionary(
          key,
          fc.oneof(fc.jsonValue(), fc.constantFrom("ON", "OFF"), fc.dictionary(key, fc.jsonValue())),
        ),
      ),
      retained: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(noise, fc.nat(1_500)), { maxLength: 30 }), async (steps) => {
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

describe("configuration of a Tasmota board", () => {
  it("has defaults, and refuses what cannot work", () => {
    const least = { name: "gate", driver: "tasmota", topic: "gate" };
    expect(tasmotaBoardConfigSchema.parse(least)).toMatchObject({
      relays: 1,
      pulse_ms: 500,
      closed_says: "ON",
    });
    for (const wrong of [
      { topic: "" },
      { relays: 9 },
      { stale_after_ms: 2_000 },
      { poll_ms: 3_000 },
      { port: 1 },
    ]) {
      expect(tasmotaBoardConfigSchema.safeParse({ ...least, ...wrong })).toMatchObject({ success: false });
    }
  });
});
