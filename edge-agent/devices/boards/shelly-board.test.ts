import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RelayCommand } from "../ports.ts";
import { openByRelay, type Sent, startOnFakeLink } from "./mqtt-relays/testing/fake-link.ts";
import { createShellyBoard, shellyBoardConfigSchema } from "./shelly-board.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const after = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

const TOPIC = "shellypro2-a8032abc";
const ANSWERS = "parkme/demo/board/gate/rpc";
type Request = { id: number; src: string; method: string; params: Record<string, unknown> };

/** A device that answers at once, as the test lets it. */
async function start(settings: object = {}) {
  const device = {
    deaf: new Set<string>(),
    outputs: [false, false],
    inputs: [false, true],
    uptime: 100,
    settingsVersion: 1,
    settings: { in_mode: "detached", initial_state: "off" } as object,
    error: null as object | null,
  };
  const status = (): object => ({
    "switch:0": { output: device.outputs[0] },
    "switch:1": { output: device.outputs[1] },
    "input:0": { state: device.inputs[0] },
    "input:1": { state: device.inputs[1] },
    sys: { uptime: device.uptime, cfg_rev: device.settingsVersion },
  });
  const resultOf = ({ method, params }: Request): object => {
    if (method === "Shelly.GetStatus") return status();
    if (method === "Switch.GetConfig") return device.settings;
    device.outputs[Number(params["id"])] = params["on"] === true;
    return { was_on: false };
  };
  const link = await startOnFakeLink(
    (context) =>
      createShellyBoard(
        shellyBoardConfigSchema.parse({
          name: "gate",
          driver: "shelly",
          topic: TOPIC,
          relays: 2,
          inputs: 2,
          ...settings,
        }),
        context,
      ),
    ({ topic, payload }: Sent, say) => {
      if (topic !== `${TOPIC}/rpc` || payload === "") return;
      const request = JSON.parse(payload) as Request;
      if (device.deaf.has(request.method)) return;
      const answer =
        device.error === null || request.method !== "Switch.Set"
          ? { result: resultOf(request) }
          : { error: device.error };
      say(`${request.src}/rpc`, { id: request.id, src: TOPIC, dst: request.src, ...answer });
    },
  );
  const requests = (method: string): Request[] =>
    link
      .payloads(`${TOPIC}/rpc`)
      .map((payload) => JSON.parse(payload) as Request)
      .filter((request) => request.method === method);
  return { ...link, device, requests };
}

describe("a Shelly board", () => {
  it("is known from its first status, with inputs and relays, and asked every second", async () => {
    const { events, requests } = await start();
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
    expect(requests("Shelly.GetStatus")).toHaveLength(4);
    expect(requests("Switch.GetConfig")).toHaveLength(2);
    expect(new Set(requests("Shelly.GetStatus").map(({ id }) => id)).size).toBe(4);
    expect(requests("Shelly.GetStatus")[0]).toMatchObject({ src: "parkme/demo/board/gate" });
  });

  it("pulses with the device's own timer, and is done by its answer alone", async () => {
    const { board, device, requests, say, outcome } = await start();
    device.deaf.add("Switch.Set");
    const open = openByRelay({ pulseMs: 700 });
    board.command(open);
    await after(10);
    expect(requests("Switch.Set").map(({ params }) => params)).toEqual([
      { id: 0, on: true, toggle_after: 0.7 },
    ]);
    say(`${TOPIC}/events/rpc`, {
      method: "NotifyStatus",
      params: { ts: 1, "switch:0": { id: 0, output: true, source: "MQTT" } },
    });
    await after(10);
    expect(outcome(open)).toBe("");
    const [{ id } = { id: 0 }] = requests("Switch.Set");
    say(ANSWERS, { id: id - 1, result: {} });
    await after(10);
    expect(outcome(open)).toBe("");
    say(ANSWERS, { id, result: { was_on: false } }, true);
    await after(10);
    expect(outcome(open)).toBe("");
    say(ANSWERS, { id, result: { was_on: false } });
    say(ANSWERS, { id, result: { was_on: false } });
    await after(10);
    expect(outcome(open)).toBe("done");
  });

  it("does not credit a late answer to the next command", async () => {
    const { board, device, requests, say, outcome, counts } = await start();
    device.deaf.add("Switch.Set");
    const first = openByRelay();
    board.command(first);
    await after(2_300);
    expect(outcome(first)).toBe("silent");
    const second = openByRelay();
    board.command(second);
    await after(0);
    const [late, off] = requests("Switch.Set");
    say(ANSWERS, { id: off?.id, result: { was_on: false } });
    await after(0);
    const ignored = counts.get("shelly_answer_ignored") ?? 0;
    say(ANSWERS, { id: late?.id, result: { was_on: false } });
    await after(0);
    expect(counts.get("shelly_answer_ignored")).toBe(ignored + 1);
    expect(outcome(second)).toBe("");
    say(ANSWERS, { id: requests("Switch.Set")[2]?.id, result: { was_on: false } });
    await after(0);
    expect(outcome(second)).toBe("done");
  });

  it("says in the device's words what it refused", async () => {
    const { board, device, outcome, detail } = await start();
    device.error = { code: -105, message: "Argument 'id', value 0 not found!\n\u0007" };
    const open = openByRelay();
    board.command(open);
    await after(0);
    expect(outcome(open)).toBe("refused");
    expect(detail(open)).toBe("the board refused: -105 Argument 'id', value 0 not found! ");
  });

  it("refuses until the settings were read, and asks for them again when they changed or it restarted", async () => {
    const { board, device, requests, outcome, detail, events } = await start();
    device.deaf.add("Switch.GetConfig");
    device.uptime = 5;
    await after(1_000);
    expect(events.slice(1).map(({ kind }) => kind)).toEqual(["lost", "inputs"]);
    const open = openByRelay();
    board.command(open);
    expect([outcome(open), detail(open)]).toEqual([
      "refused",
      "the settings of relay r1 have not been read yet",
    ]);
    device.deaf.clear();
    const asked = requests("Switch.GetConfig").length;
    await after(1_000);
    expect(requests("Switch.GetConfig")).toHaveLength(asked + 2);
    const again = openByRelay();
    board.command(again);
    await after(0);
    expect(outcome(again)).toBe("done");
  });

  it("is lost by silence, by its Will even if retained, and with the link; online is no proof", async () => {
    const { board, device, link, say, events, outcome } = await start();
    const kinds = (): string[] => events.map(({ kind }) => kind).filter((kind) => kind !== "outcome");
    device.deaf.add("Shelly.GetStatus");
    await after(3_000);
    expect(kinds()).toEqual(["inputs", "lost"]);
    say(`${TOPIC}/online`, "true");
    say(`${TOPIC}/online`, "true", true);
    expect(kinds()).toHaveLength(2);
    device.deaf.clear();
    say(`${TOPIC}/online`, "true");
    expect(kinds()).toEqual(["inputs", "lost", "inputs"]);
    say(`${TOPIC}/online`, "false", true);
    expect(events.at(-1)).toEqual({ kind: "lost", reason: "the board is offline" });
    await after(1_000);
    device.deaf.add("Switch.Set");
    const open = openByRelay();
    board.command(open);
    await after(10);
    link(false);
    await after(10);
    expect(outcome(open)).toBe("silent");
    expect(kinds().at(-1)).toBe("lost");
    const offline = openByRelay();
    board.command(offline);
    expect(outcome(offline)).toBe("refused");
    link(true);
    expect(kinds().at(-1)).toBe("inputs");
  });

  it("leaves out inputs that have no level, and is lost with a reason when it talks nonsense", async () => {
    const { device, image, last, say, warnings } = await start();
    say(`${TOPIC}/events/rpc`, { method: "NotifyStatus", params: { "input:0": { id: 0, state: true } } });
    expect(image()?.levels).toEqual({ in1: true, in2: true });
    device.inputs = [false, null as unknown as boolean];
    await after(1_000);
    expect(image()?.levels).toEqual({ in1: false });
    device.outputs = ["on", "on"] as unknown as boolean[];
    await after(4_000);
    expect(last("lost")).toEqual({
      kind: "lost",
      reason: "what the board says makes no sense: a status without relays",
    });
    expect(warnings).toHaveLength(1);
    device.outputs = [false, false];
    await after(1_000);
    device.deaf.add("Shelly.GetStatus");
    await after(4_000);
    expect(last("lost")).toEqual({ kind: "lost", reason: "nothing new from the board for 3 s" });
  });

  it("reads its settings again when somebody has changed them", async () => {
    const { board, device, outcome, requests } = await start();
    device.settings = { in_mode: "detached", initial_state: "restore_last" };
    await after(2_000);
    expect(requests("Switch.GetConfig")).toHaveLength(2);
    device.settingsVersion += 1;
    await after(2_000);
    const open = openByRelay();
    board.command(open);
    expect(outcome(open)).toBe("refused");
  });

  it("lets go first of a relay that its status does not mention", async () => {
    const { board, device, requests } = await start();
    device.outputs = [false];
    await after(1_000);
    board.command(openByRelay());
    await after(0);
    expect(requests("Switch.Set").map(({ params }) => params)).toEqual([
      { id: 1, on: false },
      { id: 0, on: true, toggle_after: 0.5 },
    ]);
  });

  it("wipes commands that the broker retains, and leaves everything behind when it stops", async () => {
    const { board, say, sent, warnings, topics, events } = await start();
    say(`${TOPIC}/rpc`, { id: 1, src: "x", method: "Switch.Set", params: { id: 0, on: true } }, true);
    expect(sent.at(-1)).toEqual({ topic: `${TOPIC}/rpc`, payload: "", retain: true });
    expect(sent.filter(({ retain }) => retain)).toHaveLength(1);
    say(`${TOPIC}/rpc`, "", true);
    expect(sent.filter(({ retain }) => retain)).toHaveLength(1);
    expect(warnings).toEqual(["a command was retained by the broker"]);
    await board.stop();
    expect(topics()).toEqual([]);
    const told = [sent.length, events.length];
    await after(60_000);
    expect([sent.length, events.length]).toEqual(told);
  });

  it("survives any garbage, and gives every command one outcome", async () => {
    const topics = [`${TOPIC}/online`, `${TOPIC}/events/rpc`, ANSWERS];
    const noise = fc.record({
      topic: fc.constantFrom(...topics),
      message: fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.json(),
        fc.record({ id: fc.nat(), result: fc.jsonValue() }),
        fc.record({ id: fc.nat(), error: fc.jsonValue() }),
        fc.record({ method: fc.constantFrom("NotifyStatus", "NotifyEvent"), params: fc.jsonValue() }),
      ),
      retained: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(noise, fc.nat(1_500)), { maxLength: 30 }), async (steps) => {
        const { board, say, outcome } = await start();
        const commands: RelayCommand[] = [];
        for (const step of steps) {
          if (typeof step === "number") {
            commands.push(
              openByRelay({ relay: step % 2 === 0 ? "r1" : "r2", release: [step % 2 === 0 ? "r2" : "r1"] }),
            );
            board.command(commands.at(-1) ?? openByRelay());
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

describe("configuration of a Shelly board", () => {
  it("has defaults, and refuses what cannot work", () => {
    const least = { name: "gate", driver: "shelly", topic: "shelly/gate" };
    expect(shellyBoardConfigSchema.parse(least)).toMatchObject({
      relays: 1,
      inputs: 0,
      stale_after_ms: 3_000,
    });
    for (const wrong of [{ topic: "a/#" }, { relays: 0 }, { inputs: 9 }, { poll_ms: 2_000 }, { port: 1 }]) {
      expect(shellyBoardConfigSchema.safeParse({ ...least, ...wrong })).toMatchObject({ success: false });
    }
  });
});
