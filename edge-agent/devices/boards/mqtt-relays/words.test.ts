import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { onOffOf, oneOf, pointNameSchema, topicSchema, wordOf } from "./device-topics.ts";
import { readStatus, unfitness } from "./shelly-status.ts";
import { powersIn, pulseTimeOf, settingsIn, switchesIn, uptimeIn } from "./tasmota-status.ts";
import { availabilityOf, createDeviceWords, lastSeenOf } from "./zigbee-words.ts";

const bytes = (text: string): Uint8Array => Buffer.from(text);
/** Whatever JSON can say, with the names that the devices use. */
const fields = fc.dictionary(
  fc.oneof(
    fc.constantFrom(
      "switch:0",
      "input:0",
      "sys",
      "POWER",
      "POWER1",
      "Switch1",
      "PulseTime1",
      "UptimeSec",
      "Uptime",
    ),
    fc.constantFrom("last_seen", "state", "in_mode", "__proto__", "constructor"),
    fc.string({ maxLength: 10 }),
  ),
  fc.oneof(fc.jsonValue(), fc.constantFrom("ON", "OFF", "TOGGLE", "1T02:03:04", "5 (Active 3)")),
);

describe("what a Shelly says", () => {
  it("is read where it speaks of relays and inputs, which count from 0", () => {
    const status = readStatus({
      cloud: { connected: false },
      "input:0": { id: 0, state: true },
      "input:1": { id: 1, state: null },
      "switch:0": { id: 0, source: "timer", output: false, temperature: { tC: 40 } },
      "switch:1": { id: 1, apower: 3 },
      "switch:12": { output: true },
      sys: { uptime: 77, cfg_rev: 12 },
    });
    expect([...status.inputs]).toEqual([[0, true]]);
    expect([...status.outputs]).toEqual([
      [0, false],
      [12, true],
    ]);
    expect(status).toMatchObject({ uptimeS: 77, settings: 12 });
  });

  it("never throws, whatever it is", () => {
    fc.assert(
      fc.property(fc.oneof(fields, fc.anything()), (value) => {
        const { outputs, inputs } = readStatus(value);
        for (const on of [...outputs.values(), ...inputs.values()]) expect(typeof on).toBe("boolean");
        unfitness(value, true);
      }),
      { numRuns: 1_000 },
    );
  });

  it.each([
    [{ in_mode: "detached", initial_state: "off", auto_on: false }, true, null],
    [{ in_mode: "follow", initial_state: "off" }, true, /in_mode is follow/],
    [{ in_mode: "follow", initial_state: "off" }, false, null],
    [{ initial_state: "restore_last" }, false, /initial_state is restore_last/],
    [{ auto_on: true }, false, /auto_on/],
    [{}, true, null],
    ["?", true, /cannot be read/],
  ])("of a relay's settings %j is judged", (settings, withInputs, why) => {
    const found = unfitness(settings, withInputs);
    if (why === null) expect(found).toBeNull();
    else expect(found).toMatch(why);
  });
});

describe("what Tasmota says", () => {
  it("is read in the shapes of its versions", () => {
    expect([...powersIn({ POWER: "ON", POWER2: "OFF", POWER3: "x", Power4: "ON" })]).toEqual([
      [1, true],
      [2, false],
    ]);
    expect([
      ...switchesIn({ Switch1: "ON", Switch2: { Action: "OFF" }, Switch3: { Action: "TOGGLE" }, Time: "x" }),
    ]).toEqual([
      [1, true],
      [2, false],
      [3, null],
    ]);
    expect(uptimeIn({ Uptime: "1T02:03:04", UptimeSec: 5 })).toBe(5);
    expect(uptimeIn({ Uptime: "1T02:03:04" })).toBe(93_784);
    expect(uptimeIn({ Uptime: "soon" })).toBeNull();
    expect(
      Object.fromEntries(settingsIn({ PulseTime1: { Set: 5, Remaining: 0 }, SetOption114: "ON" })),
    ).toEqual({
      pulsetime1: "5",
      setoption114: "ON",
    });
    expect(settingsIn({ PulseTime1: "5 (Active 5)" }).get("pulsetime1")).toBe("5");
    expect([50, 500, 549, 2_000, 60_000].map(pulseTimeOf)).toEqual(["1", "5", "5", "20", "111"]);
  });

  it("never throws, whatever it is", () => {
    fc.assert(
      fc.property(fields, (value) => {
        for (const on of powersIn(value).values()) expect(typeof on).toBe("boolean");
        for (const on of switchesIn(value).values()) expect([true, false, null]).toContain(on);
        for (const setting of settingsIn(value).values()) expect(typeof setting).toBe("string");
        const uptime = uptimeIn(value);
        expect(uptime === null || Number.isFinite(uptime)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("what Zigbee2MQTT says", () => {
  it.each([
    ["online", "online"],
    ["offline", "offline"],
    ['{"state":"offline"}', "offline"],
    ['{"state":"online"}', "online"],
    ['{"state":"asleep"}', null],
    ["", null],
    ["7", null],
  ])("of availability, %s, is %s", (text, availability) => {
    expect(availabilityOf(bytes(text))).toBe(availability);
  });

  it("never throws, whatever it is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fields, (payload, message) => {
        availabilityOf(payload);
        const seen = lastSeenOf(message);
        expect(seen === null || Number.isFinite(seen)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it("is a device's word when it has spoken since, and a repetition when it has not", () => {
    const words = createDeviceWords(() => 100_000);
    const age = (lastSeen: unknown, value: unknown): number | null =>
      words.ageMs({ last_seen: lastSeen }, "in1", value, 60_000);
    expect(age(90_000, true)).toBe(10_000);
    expect(age(90_000, true)).toBeNull();
    // Two frames within one tick of its clock: a change is never a repetition.
    expect(age(90_000, false)).toBe(0);
    expect(age(90_000, false)).toBeNull();
    expect(age(new Date(95_000).toISOString(), false)).toBe(0);
    // Its clock stepped back.
    expect(age(20_000, false)).toBe(0);
    expect(age(undefined, true)).toBeNull();
  });

  it("when the agent starts is as old as it states, and none when that is too old", () => {
    const age = (lastSeen: number): number | null =>
      createDeviceWords(() => 100_000).ageMs({ last_seen: lastSeen }, "in1", true, 60_000);
    expect(age(100_000)).toBe(0);
    expect(age(40_000)).toBe(60_000);
    expect(age(39_999)).toBeNull();
    expect(age(130_000)).toBe(0);
  });
});

describe("topics and words", () => {
  it("are taken when they name one thing", () => {
    for (const topic of ["gate1", "shelly/gate1", "garage/Entry loop", "Straße/ä"]) {
      expect(topicSchema.safeParse(topic)).toMatchObject({ success: true });
    }
    for (const topic of ["", "/a", "a/", "a/+", "a/#", "#", "+", "$SYS/a", "a\nb", "x".repeat(121)]) {
      expect(topicSchema.safeParse(topic)).toMatchObject({ success: false });
    }
    for (const name of ["", "R1", "r-1", "r".repeat(21)]) {
      expect(pointNameSchema.safeParse(name)).toMatchObject({ success: false });
    }
    expect(["r1", "r2", "r10", "", "xr1"].filter((name) => oneOf(["r1", "r2"]).test(name))).toEqual([
      "r1",
      "r2",
    ]);
  });

  it("are short", () => {
    expect(wordOf(bytes(" ON\n"))).toBe("ON");
    expect(wordOf(bytes("x".repeat(65)))).toBeNull();
    expect(["ON", "OFF", "on", "", null].map(onOffOf)).toEqual([true, false, null, null, null]);
  });
});
