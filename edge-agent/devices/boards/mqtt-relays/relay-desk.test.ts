import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { BoardEvent, RelayCommand } from "../../ports.ts";
import { outcomesOf, testClock } from "../../testing/context.ts";
import { createRelayDesk, type RelayDeskOptions } from "./relay-desk.ts";
import { openByRelay } from "./testing/fake-link.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());
const after = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);

function desk(options: Partial<RelayDeskOptions> = {}) {
  const events: BoardEvent[] = [];
  const sent: string[] = [];
  const latched: string[] = [];
  const readBack: string[] = [];
  const created = createRelayDesk({
    board: "gate",
    relays: ["r1", "r2"],
    clock: testClock,
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
    count: () => undefined,
    sink: (event) => events.push(event),
    send: (relay, pulseMs) => sent.push(`${relay} ${pulseMs ?? "off"}`) > 0,
    obstacle: () => null,
    answerMs: 1_000,
    marginMs: 1_000,
    readBack: (relay) => readBack.push(relay),
    onLatched: (reason) => latched.push(reason),
    ...options,
  });
  const bothOff = (): void => {
    created.seen("r1", false);
    created.seen("r2", false);
  };
  const outcome = ({ id }: RelayCommand): string => outcomesOf(events, id).join();
  return { desk: created, events, sent, latched, readBack, bothOff, outcome };
}

const close = (): RelayCommand => openByRelay({ relay: "r2", release: ["r1"] });

describe("commands at the desk", () => {
  it("go out alone where the other relay is known to be off, and are done when the device says so", async () => {
    const { desk: it, sent, bothOff, outcome } = desk();
    bothOff();
    const open = openByRelay();
    it.command(open);
    await after(0);
    expect(sent).toEqual(["r1 500"]);
    // News that left the device before it read the command settle nothing, and do not undo it.
    it.seen("r1", false);
    it.seen("r2", false);
    await after(0);
    expect(outcome(open)).toBe("");
    expect(it.levels()).toEqual({ r2: false });
    it.answered("r1", true);
    await after(0);
    expect(outcome(open)).toBe("done");
    expect(it.levels()).toEqual({ r1: true, r2: false });
  });

  it.each(["on", "not known"])("break first where the other relay is %s", async (state) => {
    const { desk: it, sent, outcome } = desk();
    it.seen("r1", false);
    if (state === "on") it.seen("r2", true);
    const open = openByRelay();
    it.command(open);
    await after(500);
    expect(sent).toEqual(["r2 off"]);
    it.answered("r2", false);
    await after(0);
    expect(sent).toEqual(["r2 off", "r1 500"]);
    it.answered("r1", true);
    await after(0);
    expect(outcome(open)).toBe("done");
  });

  it("are not sent when the other relay does not let go", async () => {
    const { desk: it, sent, outcome } = desk();
    it.seen("r1", false);
    const open = openByRelay();
    it.command(open);
    await after(1_000);
    expect(outcome(open)).toBe("refused");
    expect(sent).toEqual(["r2 off"]);
  });

  it("give a relay that is on or not known a new edge", async () => {
    const { desk: it, sent, outcome, bothOff } = desk();
    bothOff();
    it.seen("r1", true);
    const open = openByRelay();
    it.command(open);
    await after(0);
    it.answered("r1", false);
    await after(0);
    it.answered("r1", true);
    await after(0);
    expect(sent).toEqual(["r1 off", "r1 500"]);
    expect(outcome(open)).toBe("done");
  });

  it("let a reversal through at once, and pulse the other way only when the first has let go", async () => {
    const { desk: it, sent, outcome, bothOff } = desk();
    bothOff();
    const first = close();
    it.command(first);
    await after(0);
    const open = openByRelay();
    it.command(open);
    await after(0);
    expect(sent).toEqual(["r2 500", "r2 off"]);
    it.answered("r2", true);
    it.answered("r2", false);
    await after(0);
    it.answered("r1", true);
    await after(0);
    expect(sent).toEqual(["r2 500", "r2 off", "r1 500"]);
    expect([outcome(first), outcome(open)]).toEqual(["done", "done"]);
  });

  it("that only let go are sent whatever is known, and done when each relay has said so", async () => {
    const { desk: it, sent, outcome, bothOff } = desk();
    bothOff();
    const release = openByRelay({ relay: null, release: ["r1", "r2"] });
    it.command(release);
    await after(0);
    it.answered("r1", false);
    await after(0);
    expect(outcome(release)).toBe("");
    it.answered("r2", false);
    await after(0);
    expect(sent).toEqual(["r1 off", "r2 off"]);
    expect(outcome(release)).toBe("done");
  });

  it("are silent without an answer, refused by the device's word, and never both", async () => {
    const { desk: it, outcome, bothOff } = desk();
    bothOff();
    const silent = openByRelay();
    it.command(silent);
    await after(2_249);
    expect(outcome(silent)).toBe("");
    await after(1);
    expect(outcome(silent)).toBe("silent");
    it.rejected("r1", true, "too late");
    bothOff();
    const refused = openByRelay();
    it.command(refused);
    await after(0);
    it.rejected("r1", true, "no such relay");
    it.answered("r1", true);
    await after(60_000);
    expect([outcome(silent), outcome(refused)]).toEqual(["silent", "refused"]);
  });

  it("after a silent one begin by letting go, so that its late answer is not taken for theirs", async () => {
    const { desk: it, sent, outcome, bothOff } = desk();
    bothOff();
    it.command(openByRelay());
    await after(2_250);
    const next = openByRelay();
    it.command(next);
    await after(0);
    it.answered("r1", true);
    await after(0);
    expect(outcome(next)).toBe("");
    expect(sent).toEqual(["r1 500", "r1 off"]);
    it.answered("r1", false);
    await after(0);
    it.answered("r1", true);
    await after(0);
    expect(outcome(next)).toBe("done");
  });

  it("are refused late, twice, in crowds, for relays that are not there, and for what the driver knows", async () => {
    let obstacle: string | null = null;
    const { desk: it, sent, outcome, bothOff } = desk({ obstacle: () => obstacle });
    bothOff();
    const late = openByRelay({ deadlineMs: performance.now() });
    const foreign = openByRelay({ relay: "r3" });
    const strange = openByRelay({ release: ["r2", "r3"] });
    for (const command of [late, foreign, strange]) it.command(command);
    it.command(openByRelay());
    await after(0);
    const twice = openByRelay();
    it.command(twice);
    obstacle = "not today";
    const hindered = close();
    it.command(hindered);
    for (const command of [late, foreign, strange, twice, hindered]) expect(outcome(command)).toBe("refused");
    expect(sent).toEqual(["r1 500"]);
    const crowd = Array.from({ length: 20 }, () => openByRelay({ relay: null, release: ["r2"] }));
    for (const command of crowd) it.command(command);
    expect(crowd.filter((command) => outcome(command) === "refused")).toHaveLength(5);
  });

  it("that the link does not take are refused", async () => {
    const { desk: it, outcome, bothOff } = desk({ send: () => false });
    bothOff();
    const open = openByRelay();
    it.command(open);
    await after(0);
    expect(outcome(open)).toBe("refused");
  });

  it("that wait are silent when the device is lost, and when the driver stops", async () => {
    const { desk: it, outcome, bothOff } = desk();
    bothOff();
    const first = openByRelay();
    it.command(first);
    await after(0);
    it.lost("gone");
    await after(0);
    expect(outcome(first)).toBe("silent");
    expect(it.levels()).toEqual({});
    bothOff();
    const second = openByRelay();
    it.command(second);
    await after(0);
    await it.stop();
    expect(outcome(second)).toBe("silent");
    const third = openByRelay();
    it.command(third);
    expect(outcome(third)).toBe("refused");
  });
});

describe("a relay that stays on after its pulse", () => {
  it("is read back, told to let go until it has, and never pulsed again", async () => {
    const { desk: it, sent, latched, readBack, outcome, bothOff } = desk();
    bothOff();
    it.command(openByRelay());
    await after(0);
    it.answered("r1", true);
    await after(350);
    // Some devices repeat themselves all the time.
    it.answered("r1", true);
    await after(350);
    expect(readBack).toEqual(["r1"]);
    it.answered("r1", true);
    await after(999);
    expect(latched).toEqual([]);
    await after(1);
    expect(sent).toEqual(["r1 500", "r1 off"]);
    await after(3_000);
    expect(sent).toEqual(["r1 500", "r1 off", "r1 off", "r1 off", "r1 off"]);
    expect(latched).toHaveLength(1);
    it.answered("r1", false);
    await after(60_000);
    expect(sent).toHaveLength(5);
    const again = openByRelay();
    it.command(again);
    expect(outcome(again)).toBe("refused");
    // Its rival still works, and it can still be let go of.
    const closing = close();
    it.command(closing);
    await after(0);
    expect(sent.at(-1)).toBe("r2 500");
  });

  it("is watched although its command was silent, and again after the link was away", async () => {
    const { desk: it, sent, bothOff } = desk();
    bothOff();
    it.command(openByRelay());
    await after(3_000);
    it.seen("r1", true);
    await after(1_000);
    it.lost("gone");
    await after(60_000);
    expect(sent).toEqual(["r1 500"]);
    it.seen("r1", true);
    await after(1_700);
    expect(sent).toEqual(["r1 500", "r1 off"]);
  });

  it("is watched, and not taken for off, when what is said is older than what was sent", async () => {
    const { desk: it, sent, bothOff } = desk();
    bothOff();
    it.command(openByRelay());
    await after(0);
    it.command(close());
    await after(0);
    // Said before the device read the first of them, which it has yet to answer.
    it.answered("r1", false);
    await after(0);
    it.rejected("r2", true, "not now");
    it.seen("r2", false);
    await after(0);
    it.command(close());
    await after(0);
    expect(sent).toEqual(["r1 500", "r1 off", "r2 500", "r1 off"]);
    it.answered("r1", true);
    await after(1_700);
    expect(sent.slice(4)).toContain("r1 off");
  });

  it("is left alone when somebody else switched it on", async () => {
    const { desk: it, sent } = desk();
    it.seen("r1", true);
    await after(60_000);
    expect(sent).toEqual([]);
  });

  it("is not suspected when it let go in time", async () => {
    const { desk: it, latched, bothOff, outcome } = desk();
    bothOff();
    for (let pulse = 0; pulse < 3; pulse++) {
      const open = openByRelay();
      it.command(open);
      await after(0);
      it.answered("r1", true);
      await after(1_600);
      it.seen("r1", false);
      await after(5_000);
      expect(outcome(open)).toBe("done");
    }
    expect(latched).toEqual([]);
  });
});

describe("whatever happens in whatever order", () => {
  it("every command has one outcome, and no relay is sent on while its rival may be on", async () => {
    const relay = fc.constantFrom("r1", "r2");
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ do: fc.constant("command" as const), relay }) },
      { weight: 4, arbitrary: fc.constant({ do: "device" as const }) },
      { weight: 1, arbitrary: fc.constant({ do: "deaf" as const }) },
      { weight: 3, arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(1_500) }) },
      { weight: 1, arbitrary: fc.constant({ do: "lost" as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const inbox: string[] = [];
        const on = new Set<string>();
        let burnt = false;
        const { desk: it, outcome } = desk({ send: (name, pulseMs) => inbox.push(`${name} ${pulseMs}`) > 0 });
        /** The device carries out what it was sent, in order, and says so. */
        const device = (): void => {
          for (const told of inbox.splice(0)) {
            const [name = "", pulse] = told.split(" ");
            if (pulse === "null") on.delete(name);
            else {
              on.add(name);
              setTimeout(() => {
                on.delete(name);
                it.seen(name, false);
              }, 500);
            }
            if (on.size > 1) burnt = true;
            it.answered(name, pulse !== "null");
          }
        };
        const commands: RelayCommand[] = [];
        for (const next of steps) {
          if (next.do === "command") {
            const command = next.relay === "r1" ? openByRelay() : close();
            commands.push(command);
            it.command(command);
          } else if (next.do === "device") device();
          else if (next.do === "deaf") inbox.length = 0;
          else if (next.do === "wait") await after(next.ms);
          else it.lost("gone");
          await after(0);
        }
        await after(10_000);
        await it.stop();
        for (const command of commands) expect(outcome(command)).toMatch(/^(done|refused|silent)$/);
        expect(burnt).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
