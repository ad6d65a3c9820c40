import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RelayCommand } from "../ports.ts";
import { openCommand } from "../testing/context.ts";
import { createRelayPulses, type PulseOptions, type Switched } from "./pulse.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const DONE: Switched = { outcome: "done", detail: "ok" };
const SILENT: Switched = { outcome: "silent", detail: "no answer" };
const REFUSED: Switched = { outcome: "refused", detail: "late" };

/** Relays that answer after 10 ms, as the test says; `wire` is what they were told, `on` what is energised. */
function relays(options: Partial<PulseOptions> = {}) {
  const wire: string[] = [];
  const on = new Set<string>();
  const answers = new Map<string, Switched>();
  const overdue: string[] = [];
  const say = async (relay: string, level: boolean): Promise<Switched> => {
    const told = `${relay} ${level ? "on" : "off"}`;
    wire.push(told);
    const answer = answers.get(told) ?? DONE;
    if (answer !== REFUSED && level) on.add(relay);
    if (answer === DONE && !level) on.delete(relay);
    await new Promise((resolve) => setTimeout(resolve, 10));
    return answer;
  };
  const pulses = createRelayPulses({
    on: (relay) => say(relay, true),
    off: (relay) => say(relay, false),
    endsItself: false,
    onOverdue: (relay, detail) => overdue.push(`${relay}: ${detail}`),
    ...options,
  });
  return { pulses, wire, on, answers, overdue };
}

const open = (more: Partial<RelayCommand> = {}): RelayCommand =>
  openCommand({ relay: "r1", release: ["r2", "r3"], pulseMs: 500, ...more });
const close = (): RelayCommand => open({ relay: "r2", release: ["r1", "r3"] });
const after = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

describe("pulses on plain relays", () => {
  it("break before they make, and end after their time", async () => {
    const { pulses, wire, on } = relays();
    const outcome = pulses.run(open());
    await after(30);
    expect(await outcome).toEqual(DONE);
    expect(wire).toEqual(["r2 off", "r3 off", "r1 on"]);
    await after(499);
    expect([...on]).toEqual(["r1"]);
    await after(1);
    expect(wire.at(-1)).toBe("r1 off");
    await after(60_000);
    expect(wire).toHaveLength(4);
    expect(pulses.overdue()).toEqual([]);
  });

  it("are not begun while another relay of the barrier cannot be let go of", async () => {
    const { pulses, wire, answers } = relays();
    answers.set("r2 off", SILENT);
    const outcome = pulses.run(open());
    await after(30);
    expect(await outcome).toEqual({ outcome: "refused", detail: "not sent, as r2 off: no answer" });
    expect(wire).not.toContain("r1 on");
    answers.delete("r2 off");
    await after(200);
    expect(wire.filter((told) => told === "r2 off")).toHaveLength(2);
  });

  it("only let go when there is nothing to energise", async () => {
    const { pulses, wire, answers } = relays();
    const done = pulses.run(open({ relay: null, release: ["r1", "r2", "r3"] }));
    await after(30);
    expect((await done).outcome).toBe("done");
    expect(wire).toEqual(["r1 off", "r2 off", "r3 off"]);
    answers.set("r1 off", SILENT);
    const silent = pulses.run(open({ relay: null, release: ["r1", "r2", "r3"] }));
    await after(30);
    expect((await silent).outcome).toBe("silent");
    expect(wire.slice(3)).toEqual(["r1 off", "r2 off", "r3 off"]);
  });

  it("are overtaken by a newer command of the same barrier, at every moment", async () => {
    for (let delay = 0; delay <= 40; delay += 5) {
      const { pulses, wire, on } = relays();
      const first = pulses.run(open());
      await after(delay);
      const second = pulses.run(close());
      await after(60);
      expect((await second).outcome).toBe("done");
      expect([...on]).toEqual(["r2"]);
      // Whatever the first had energised was let go of before the second pulled in.
      const before = wire.slice(0, wire.indexOf("r2 on"));
      if ((await first).outcome === "done") expect(before.lastIndexOf("r1 off")).toBeGreaterThan(0);
      else expect(wire).not.toContain("r1 on");
      await after(1_000);
      expect([...on]).toEqual([]);
    }
  });

  it("start their time anew with a second command, also when that is refused", async () => {
    for (const answer of [DONE, REFUSED]) {
      const { pulses, on, answers } = relays();
      void pulses.run(open());
      await after(230);
      answers.set("r1 on", answer);
      const second = pulses.run(open());
      await after(30);
      expect((await second).outcome).toBe(answer.outcome);
      await after(499);
      expect([...on]).toEqual(["r1"]);
      await after(20);
      expect([...on]).toEqual([]);
    }
  });

  it("leave nothing behind when the board refused", async () => {
    const { pulses, wire, answers } = relays();
    answers.set("r1 on", REFUSED);
    void pulses.run(open());
    await after(60_000);
    expect(wire).toEqual(["r2 off", "r3 off", "r1 on"]);
  });

  it("end at once when nobody knows whether they began", async () => {
    const { pulses, wire, answers } = relays();
    answers.set("r1 on", SILENT);
    const outcome = pulses.run(open());
    await after(31);
    expect((await outcome).outcome).toBe("silent");
    expect(wire.at(-1)).toBe("r1 off");
  });
});

describe("a pulse that does not end", () => {
  it("is ended again and again, with one complaint", async () => {
    const { pulses, wire, on, answers, overdue } = relays();
    answers.set("r1 off", SILENT);
    void pulses.run(open());
    await after(700);
    expect(overdue).toEqual([]);
    await after(10_000);
    expect(overdue).toEqual(["r1: no answer"]);
    expect(pulses.overdue()).toEqual(["r1"]);
    expect(wire.filter((told) => told === "r1 off").length).toBeGreaterThan(50);
    answers.delete("r1 off");
    await after(200);
    expect(pulses.overdue()).toEqual([]);
    expect([...on]).toEqual([]);
    const said = wire.length;
    await after(10_000);
    expect(wire).toHaveLength(said);
  });

  it("is left alone while the link is gone, and ended when it is back", async () => {
    const { pulses, wire, on } = relays();
    void pulses.run(open());
    await after(100);
    pulses.lost();
    const said = wire.length;
    await after(10_000);
    expect(wire).toHaveLength(said);
    expect(pulses.overdue()).toEqual(["r1"]);
    pulses.found(["r4"]);
    expect(pulses.overdue()).toEqual(["r1", "r4"]);
    await after(10);
    expect(wire.slice(said)).toEqual(["r1 off", "r4 off"]);
    expect([...on, ...pulses.overdue()]).toEqual([]);
  });

  it("is remembered when the link goes before the relay has answered", async () => {
    const { pulses, on, answers } = relays();
    answers.set("r1 on", SILENT);
    void pulses.run(open());
    await after(25);
    pulses.lost();
    await after(1_000);
    expect(pulses.overdue()).toEqual(["r1"]);
    pulses.found([]);
    await after(10);
    expect([...on]).toEqual([]);
  });

  it("is ended before the driver stops", async () => {
    const { pulses, on } = relays();
    void pulses.run(open());
    await after(100);
    const stopped = pulses.stop();
    await after(10);
    await stopped;
    expect([...on]).toEqual([]);
  });
});

describe("pulses that the board ends itself", () => {
  it("are never ended by us, and still break before they make", async () => {
    const { pulses, wire } = relays({ endsItself: true });
    void pulses.run(open());
    await after(60_000);
    pulses.lost();
    pulses.found(["r1"]);
    await pulses.stop();
    expect(wire).toEqual(["r2 off", "r3 off", "r1 on"]);
    expect(pulses.overdue()).toEqual([]);
  });

  it("are not begun while another relay of the barrier cannot be let go of", async () => {
    const { pulses, wire, answers } = relays({ endsItself: true });
    answers.set("r3 off", SILENT);
    const outcome = pulses.run(open());
    await after(60_000);
    expect((await outcome).outcome).toBe("refused");
    expect(wire).toEqual(["r2 off", "r3 off"]);
  });
});
