import { afterEach, describe, expect, it } from "vitest";
import { until } from "../testing/until.ts";
import { openByRelay } from "./mqtt-relays/testing/fake-link.ts";
import { heard, startRelaySite } from "./mqtt-relays/testing/site.ts";
import { createTasmotaBoard, tasmotaBoardConfigSchema } from "./tasmota-board.ts";

const TOPIC = "gate";
const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

function startSite(settings: object = {}) {
  const config = {
    name: "gate",
    driver: "tasmota",
    topic: TOPIC,
    relays: 2,
    inputs: 2,
    poll_ms: 250,
    ...settings,
  };
  return startRelaySite(
    (context) => createTasmotaBoard(tasmotaBoardConfigSchema.parse(config), context),
    cleanup,
  );
}
type Site = Awaited<ReturnType<typeof startSite>>;

/** Commands wait until the board has confirmed its settings. */
async function ready(site: Site): Promise<void> {
  await site.known();
  await site.runUntil("done");
  await until(() => site.outputs()?.["r1"] === false, "the first pulse to end");
}

describe("a simulated Tasmota behind mosquitto", () => {
  it("is set up, then pulses and reports its switches", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("tasmota", TOPIC);
    await ready(site);
    expect(await device.tell("state")).toMatchObject({
      pulse_times: [5, 5],
      detached: true,
      power_on_state: 0,
    });
    expect(site.levels()).toEqual({ in1: false, in2: false });
    await device.tell("input in1 on");
    await site.input("in1", true);
    // A loop moves no relay.
    expect(site.outputs()).toEqual({ r1: false, r2: false });
    await device.tell("input in1 off");
    await site.input("in1", false);
    expect(await site.run({ relay: "r2", release: ["r1"] })).toBe("done");
    expect(await site.run()).toBe("done");
    await until(() => device.moves("r1").length === 4, "the pulse to end");
    const clicks = device.lines
      .filter(({ event }) => event === "relay")
      .map((line) => [line["relay"], line["on"]]);
    expect(clicks.slice(2)).toEqual([
      ["r2", true],
      ["r2", false],
      ["r1", true],
      ["r1", false],
    ]);
    expect(await site.run({ relay: null, release: ["r1", "r2"] })).toBe("done");
  });

  it("takes another length of pulse when it is asked for, and is asked again when somebody changes it", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("tasmota", TOPIC);
    await ready(site);
    expect(await site.run({ pulseMs: 900 })).toBe("refused");
    expect(site.detailOf(/PulseTime1 9 \(it says 5\)/)).toBe(true);
    await site.runUntil("done", { pulseMs: 900 });
    await until(() => site.outputs()?.["r1"] === false, "the pulse to end");
    await device.tell("console PulseTime1 0");
    const pulseTimes = async (): Promise<unknown> => (await device.tell("state"))["pulse_times"];
    for (let look = 0; look < 400 && JSON.stringify(await pulseTimes()) !== "[9,5]"; look++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    expect(await pulseTimes()).toEqual([9, 5]);
    await site.runUntil("done", { pulseMs: 900 });
  });

  it("that only looks like one gets no pulse at all, or one that is ended for it", async () => {
    const site = await startSite();
    site.bus.start();
    const plain = await site.startDevice("tasmota", TOPIC, "firmware=plain");
    await site.known();
    await until(() => (site.levels() ?? {})["in1"] === false, "its inputs");
    expect(await site.run()).toBe("refused");
    expect(
      site.detailOf(/has not confirmed that it ends pulses by itself: PulseTime1 5 \(it says nothing\)/),
    ).toBe(true);
    expect(plain.moves("r1")).toEqual([]);
    await plain.stop();

    const parrot = await site.startDevice("tasmota", TOPIC, "firmware=parrot");
    await site.known();
    await site.runUntil("done");
    await site.lost(/r1 did not let go by itself/);
    await until(() => parrot.moves("r1").length === 2, "the relay to be let go of");
    await site.known();
    expect(await site.run()).toBe("refused");
    expect(await site.run({ relay: null, release: ["r1", "r2"] })).toBe("done");
    expect(parrot.moves("r1")).toEqual([true, false]);
  });

  it("is lost when it falls silent, goes, restarts in mid-cycle or answers late, and found again", async () => {
    const site = await startSite({ stale_after_ms: 2_500 });
    site.bus.start();
    const device = await site.startDevice("tasmota", TOPIC);
    await ready(site);
    await device.tell("silence on");
    await site.lost(/nothing new/);
    expect(await site.run()).toBe("refused");
    await device.tell("silence off");
    await ready(site);
    await device.tell("offline on");
    await site.lost(/offline/);
    await device.tell("offline off");
    await ready(site);

    await site.runUntil("done", { pulseMs: 2_000 });
    await device.tell("reboot");
    await site.lost(/offline|anew|restarted/);
    expect(device.moves("r1").at(-1)).toBe(false);
    await ready(site);

    await device.tell("late 5000");
    await site.lost(/nothing new/);
    await until(() => (site.counts.get("tasmota_status_late") ?? 0) > 5, "answers that are too late", 20_000);
    expect(site.levels()).toBeNull();
    await device.tell("late 0");
    await ready(site);
    await device.tell("duplicates on");
    await device.tell("garbage");
    expect(await site.run()).toBe("done");
  });

  it("is not known by what the broker remembers, and commands kept there are wiped", async () => {
    const site = await startSite();
    const { broker, bus } = site;
    const device = await site.startDevice("tasmota", TOPIC);
    await device.tell("rubbish");
    await broker.publish("agent", `cmnd/${TOPIC}/POWER1`, "ON", "-r");
    await device.tell("silence on");
    bus.start();
    await until(() => site.warnings.includes("a command was retained by the broker"), "the retained command");
    const later = await broker.listen("agent", `cmnd/${TOPIC}/POWER1`, "-W", "1");
    await until(() => later.exitCode() !== null, "a second without a retained command");
    expect(heard(later)).not.toContain("ON");
    expect(site.events.some(({ kind }) => kind === "inputs")).toBe(false);
    await site.lost(/nothing new/);
    await device.tell("silence off");
    await ready(site);
  });
});

describe("a Tasmota played by hand with mosquitto's own clients", () => {
  it("is asked for its status and settings, set up, and switched", async () => {
    const site = await startSite({ relays: 1, inputs: 1, stale_after_ms: 20_000, poll_ms: 10_000 });
    const { broker } = site;
    const ear = await broker.listen("gate", `cmnd/${TOPIC}/+`, "-F", "%r %q %t %p");
    const told = (command: string): string[] =>
      heard(ear).flatMap((line) => {
        const [topic = "", payload = ""] = line.split(" ");
        return topic === `cmnd/${TOPIC}/${command}` ? [payload] : [];
      });
    const say = (topic: string, message: object | string): Promise<unknown> =>
      broker.publish("gate", `stat/${TOPIC}/${topic}`, message);
    site.bus.start();
    await until(() => told("STATUS").length === 2, "the first questions");
    expect(told("STATUS")).toEqual(["10", "11"]);
    await say("STATUS10", { StatusSNS: { Time: "2026-03-01T10:00:00", Switch1: "OFF" } });
    await say("STATUS11", { StatusSTS: { Uptime: "0T00:03:29", UptimeSec: 209, POWER: "OFF" } });
    await site.known();
    expect(site.levels()).toEqual({ in1: false });
    await until(() => told("PulseTime1").length === 1, "the question for the setting");
    expect(told("PulseTime1")).toEqual([""]);
    await say("RESULT", { PulseTime1: { Set: 0, Remaining: 0 } });
    await say("RESULT", { PowerOnState: 0 });
    await say("RESULT", { SetOption114: "ON" });
    // Not confirmed: the command is refused, and the setting is made.
    expect(await site.run({ release: [] })).toBe("refused");
    await until(() => told("PulseTime1").at(-1) === "5", "the setting");
    await say("RESULT", { PulseTime1: { Set: 5, Remaining: 5 } });
    await say("RESULT", { Switch1: { Action: "ON" } });
    await site.input("in1", true);

    const command = openByRelay({ release: [], deadlineMs: performance.now() + 15_000 });
    site.board.command(command);
    await until(() => told("POWER1").includes("ON"), "the command");
    expect(site.outcome(command)).toBe("");
    await say("RESULT", { POWER: "ON" });
    await until(() => site.outcome(command) === "done", "the outcome");
    await say("POWER1", "OFF");
    await until(() => site.outputs()?.["r1"] === false, "the end of the pulse");
    await broker.publish("gate", `tele/${TOPIC}/LWT`, "Offline", "-r");
    await site.lost(/offline/);
    expect(ear.output()).not.toMatch(/^1 /m);
  });
});
