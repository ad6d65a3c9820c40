import { afterEach, describe, expect, it } from "vitest";
import { until } from "../testing/until.ts";
import { heard, startRelaySite } from "./mqtt-relays/testing/site.ts";
import { openByRelay } from "./mqtt-relays/testing/fake-link.ts";
import { createShellyBoard, shellyBoardConfigSchema } from "./shelly-board.ts";

const TOPIC = "shelly/gate";
const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

async function startSite(settings: object = {}) {
  const config = {
    name: "gate",
    driver: "shelly",
    topic: TOPIC,
    relays: 2,
    inputs: 2,
    poll_ms: 250,
    ...settings,
  };
  return startRelaySite(
    (context) => createShellyBoard(shellyBoardConfigSchema.parse(config), context),
    cleanup,
  );
}
type Site = Awaited<ReturnType<typeof startSite>>;

/** Commands wait until the relays' settings have been read. */
async function ready(site: Site): Promise<void> {
  await site.known();
  await site.runUntil("done");
  await until(() => site.outputs()?.["r1"] === false, "the first pulse to end");
}

describe("a simulated Shelly behind mosquitto", () => {
  it("reports its inputs, and ends by itself the pulses it is told, one relay after the other", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("shelly", TOPIC);
    await ready(site);
    expect(site.levels()).toEqual({ in1: false, in2: false });
    await device.tell("input in2 on");
    await site.input("in2", true);
    await device.tell("input in2 off");
    await site.input("in2", false);
    expect(await site.run({ relay: "r2", release: ["r1"] })).toBe("done");
    await until(() => site.outputs()?.["r2"] === true, "the relay to be read back");
    // Reversed in the middle of the pulse.
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
    expect(await site.run({ relay: "r2", release: ["r3"] })).toBe("refused");
  });

  it("is believed though its coil is dead, talks twice, and lets nonsense pass", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("shelly", TOPIC);
    await ready(site);
    await device.tell("duplicates on");
    await device.tell("dead r1 on");
    const before = device.moves("r1").length;
    const command = openByRelay();
    site.board.command(command);
    await until(() => site.outcome(command) !== "", "the outcome");
    await until(() => site.outputs()?.["r1"] === false, "the pulse to end");
    // The contact did not move, and nobody but the arm's limits can tell.
    expect(site.outcome(command)).toBe("done");
    expect(device.moves("r1")).toHaveLength(before);
    await device.tell("garbage");
    await until(() => (site.counts.get("mqtt_relay_bad_message") ?? 0) > 0, "the nonsense");
    await device.tell("input in1 on");
    await site.input("in1", true);
  });

  it("is lost when it falls silent, goes, restarts or answers too late, and found again", async () => {
    const site = await startSite({ stale_after_ms: 1_500 });
    site.bus.start();
    const device = await site.startDevice("shelly", TOPIC);
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

    await until(() => site.outputs()?.["r1"] === false, "the relay to be off");
    expect(await site.run({ pulseMs: 2_000 })).toBe("done");
    await device.tell("reboot");
    await site.lost(/offline|restarted/);
    expect(device.moves("r1").at(-1)).toBe(false);
    await ready(site);

    await device.tell("late 3000");
    await site.lost(/nothing new/);
    const late = site.counts.get("shelly_answer_ignored") ?? 0;
    await until(
      () => (site.counts.get("shelly_answer_ignored") ?? 0) > late + 5,
      "answers that are too late",
    );
    expect(site.levels()).toBeNull();
    await device.tell("late 0");
    await ready(site);
  });

  it("is not known by what the broker remembers, and commands kept there are wiped", async () => {
    const site = await startSite();
    site.bus.start();
    const { broker, cable, bus } = site;
    await until(() => bus.connected(), "the bus");
    cable.cut();
    await until(() => !bus.connected(), "the cable to be out");
    const device = await site.startDevice("shelly", TOPIC);
    await device.tell("rubbish");
    // What the device may not say itself, somebody with more rights has.
    const command = { id: 1, src: "somebody", method: "Switch.Set", params: { id: 0, on: true } };
    await broker.publish("agent", `${TOPIC}/rpc`, command, "-r");
    const answer = { id: 7_000_001, src: "x", dst: "y", result: { "switch:0": { output: false } } };
    await broker.publish("agent", "parkme/demo/board/gate/rpc", answer, "-r");
    await device.tell("silence on");
    cable.mend();
    await until(() => bus.connected(), "the cable to be in");
    await until(() => site.warnings.includes("a command was retained by the broker"), "the retained command");
    const later = await broker.listen("agent", `${TOPIC}/rpc`, "-W", "1");
    await until(() => later.exitCode() !== null, "a second without a retained command");
    expect(site.events.map(({ kind }) => kind)).toEqual(["lost"]);
    expect(heard(later).filter((line) => line.includes("somebody"))).toEqual([]);
  });

  it("gets no pulse while an input or returning power would move the arm", async () => {
    const site = await startSite();
    site.bus.start();
    const device = await site.startDevice("shelly", TOPIC, "in_mode=follow");
    await site.known();
    await until(() => site.warnings.includes("a relay is not set up for a gate"), "the complaint");
    expect(await site.run()).toBe("refused");
    expect(site.detailOf(/in_mode is follow/)).toBe(true);
    expect(device.moves("r1")).toEqual([]);
    await device.tell("setup in_mode detached");
    await ready(site);
    await device.tell("setup initial_state on");
    await until(() => site.warnings.length >= 3, "the next complaint");
    expect(await site.run()).toBe("refused");
    expect(site.detailOf(/initial_state is on/)).toBe(true);
  });
});

describe("a Shelly played by hand with mosquitto's own clients", () => {
  it("hears JSON-RPC, is answered on the source's topic, and is heard when it notifies", async () => {
    const site = await startSite({ relays: 1, inputs: 1, stale_after_ms: 20_000, poll_ms: 10_000 });
    const { broker } = site;
    const ear = await broker.listen("gate", `${TOPIC}/rpc`);
    site.bus.start();
    await until(() => heard(ear).length >= 2, "the first questions", 25_000);
    const frames = (): Record<string, unknown>[] =>
      heard(ear).map((line) => JSON.parse(line) as Record<string, unknown>);
    const frame = (method: string): Record<string, unknown> => {
      const found = frames().findLast((each) => each["method"] === method);
      if (found === undefined) throw new Error(`no ${method}`);
      return found;
    };
    const answer = (method: string, result: object): Promise<unknown> =>
      broker.publish("gate", "parkme/demo/board/gate/rpc", {
        id: frame(method)["id"],
        src: "shellypro1-0123",
        dst: frame(method)["src"],
        result,
      });
    expect(frame("Shelly.GetStatus")["src"]).toBe("parkme/demo/board/gate");
    await answer("Switch.GetConfig", { id: 0, in_mode: "detached", initial_state: "off", auto_on: false });
    await answer("Shelly.GetStatus", {
      "switch:0": { id: 0, output: false, source: "init" },
      "input:0": { id: 0, state: false },
      sys: { uptime: 100 },
    });
    await site.known();
    const notify = (params: object): Promise<unknown> =>
      broker.publish("gate", `${TOPIC}/events/rpc`, {
        src: "shellypro1-0123",
        dst: `${TOPIC}/events`,
        method: "NotifyStatus",
        params,
      });
    await notify({ ts: 1, "input:0": { id: 0, state: true } });
    await site.input("in1", true);

    const command = openByRelay({ release: [], pulseMs: 700, deadlineMs: performance.now() + 15_000 });
    site.board.command(command);
    await until(() => frames().some((each) => each["method"] === "Switch.Set"), "the command");
    expect(frame("Switch.Set")["params"]).toEqual({ id: 0, on: true, toggle_after: 0.7 });
    await notify({ ts: 2, "switch:0": { id: 0, output: true, source: "MQTT" } });
    await until(() => site.outputs()?.["r1"] === true, "the read-back");
    // Only the answer is an answer.
    expect(site.outcome(command)).toBe("");
    await answer("Switch.Set", { was_on: false });
    await until(() => site.outcome(command) === "done", "the outcome");
    await notify({ ts: 3, "switch:0": { id: 0, output: false, source: "timer" } });
    await until(() => site.outputs()?.["r1"] === false, "the end of the pulse");
    await broker.publish("gate", `${TOPIC}/online`, "false", "-r");
    await site.lost(/offline/);
    expect(ear.output()).not.toMatch(/^1 /m);
  });
});
