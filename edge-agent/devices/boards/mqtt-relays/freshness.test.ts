import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createFreshPoints } from "./fresh-points.ts";
import { createLagGauge } from "./lag-gauge.ts";
import { createTasmotaSettings } from "./tasmota-settings.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("fresh points", () => {
  it("are known for the time stated, from the last word on", () => {
    const expired: string[] = [];
    const points = createFreshPoints((point) => expired.push(point));
    expect(points.said("in1", true, 1_000)).toBe(true);
    expect(points.said("in2", false, 5_000)).toBe(true);
    vi.advanceTimersByTime(999);
    expect(points.said("in1", true, 1_000)).toBe(false);
    vi.advanceTimersByTime(999);
    expect(points.levels()).toEqual({ in1: true, in2: false });
    vi.advanceTimersByTime(1);
    expect(points.levels()).toEqual({ in2: false });
    expect(expired).toEqual(["in1"]);
    expect(points.forget("in2")).toBe(true);
    expect(points.forget("in2")).toBe(false);
    points.said("in1", false, 1_000);
    points.forgetAll();
    vi.advanceTimersByTime(60_000);
    expect(expired).toEqual(["in1"]);
    expect(points.levels()).toEqual({});
  });
});

describe("the lag of a device's words", () => {
  it("shows in the uptime they state, once it is known when it booted", () => {
    const gauge = createLagGauge();
    expect([gauge.calibrated(), gauge.lagMs(5, 10_000)]).toEqual([false, null]);
    gauge.calibrate(10, 50_300);
    expect(gauge.calibrated()).toBe(true);
    // In time; half a second late; eight seconds late; in time again.
    expect(Math.round(gauge.lagMs(11, 51_300) ?? -1)).toBe(0);
    expect(Math.round(gauge.lagMs(12, 52_800) ?? -1)).toBeCloseTo(500, -1);
    expect(Math.round(gauge.lagMs(13, 61_300) ?? -1)).toBeCloseTo(8_000, -2);
    expect(Math.round(gauge.lagMs(22, 62_300) ?? -1)).toBe(0);
    gauge.reset();
    expect(gauge.lagMs(1, 99_000)).toBeNull();
  });

  it("learns from words that were faster than the first, and follows a slow clock", () => {
    const gauge = createLagGauge();
    gauge.calibrate(10, 51_000);
    expect(gauge.lagMs(11, 51_100)).toBe(0);
    expect(Math.round(gauge.lagMs(12, 53_000) ?? -1)).toBeCloseTo(900, -2);
    // A day later its clock has lost nine seconds, a tenth of a second in each quarter of an hour.
    let lagMs: number | null = 0;
    for (let i = 1; i <= 96; i++)
      lagMs = gauge.lagMs(12 + 900 * i - Math.floor(i / 10), 52_100 + 900_000 * i);
    expect(lagMs).toBeLessThan(1_000);
  });
});

describe("settings a Tasmota must confirm", () => {
  function settings() {
    const sent: string[] = [];
    const refused: string[] = [];
    const kept = createTasmotaSettings(
      (setting, payload) => sent.push(`${setting} ${payload}`.trim()),
      (setting) => refused.push(setting),
    );
    kept.require("PulseTime1", "5");
    kept.require("SetOption114", "ON", "1");
    const state = (stated: Record<string, string>): void => kept.stated(new Map(Object.entries(stated)));
    return { kept, sent, refused, state };
  }

  it("are asked for, set when they are otherwise, and missing until they are stated", () => {
    const { kept, sent, state } = settings();
    expect(kept.missing(["PulseTime1", "PowerOnState"])).toBe("PulseTime1 5 (it says nothing)");
    kept.pursue();
    expect(sent).toEqual(["PulseTime1", "SetOption114"]);
    state({ pulsetime1: "0", setoption114: "ON", other: "7" });
    kept.pursue();
    expect(sent.slice(2)).toEqual(["PulseTime1 5"]);
    expect(kept.missing(["PulseTime1"])).toBe("PulseTime1 5 (it says 0)");
    state({ pulsetime1: "5" });
    expect(kept.missing(["PulseTime1", "SetOption114", "PowerOnState"])).toBeNull();
    kept.pursue();
    expect(sent).toHaveLength(3);
    kept.require("PulseTime1", "7");
    expect(kept.missing(["PulseTime1"])).toBe("PulseTime1 7 (it says 5)");
    kept.pursue();
    expect(sent.at(-1)).toBe("PulseTime1 7");
    state({ pulsetime1: "7" });
    kept.forget();
    expect(kept.missing(["PulseTime1"])).toBe("PulseTime1 7 (it says nothing)");
  });

  it("are not written to the flash for ever, and told of once", () => {
    const { kept, sent, refused, state } = settings();
    state({ pulsetime1: "0", setoption114: "ON" });
    for (let i = 0; i < 10; i++) kept.pursue();
    expect(sent).toEqual(["PulseTime1 5", "PulseTime1 5", "PulseTime1 5"]);
    expect(refused).toEqual(["PulseTime1"]);
  });
});
