import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { GateRecord, StayInHand } from "@parkme/shared/domain/gate-record";
import type { StayId, TicketNumber } from "@parkme/shared/domain/ids";
import { createBook } from "./testing/book.ts";
import {
  admitted,
  arrives,
  CLOSED,
  closing,
  createRig,
  OPEN,
  START_MS,
  type Rig,
  type RigOptions,
} from "./testing/runner-rig.ts";

let rigs: Rig[] = [];

function rig(options: RigOptions = {}): Rig {
  const made = createRig(options);
  rigs.push(made);
  return made;
}

const records = (r: Rig): GateRecord[] => r.turns.flatMap((turn) => turn.records);
const types = (r: Rig): string[] => records(r).map(({ type }) => type);
const BY = { actor: "alex", reason: "by hand", idempotencyKey: "k" };

beforeEach(() => {
  rigs = [];
  vi.useFakeTimers({ now: START_MS });
});
afterEach(() => {
  for (const { runner } of rigs) runner.stop();
  vi.useRealTimers();
});

describe("time", () => {
  it("drives the lane by itself: arming, clearing, closing", () => {
    const r = rig();
    closing(r);
    expect(r.runner.lane().state).toBe("CLOSING");
    r.see(CLOSED);
    expect(r.runner.lane().state).toBe("IDLE");
    expect(r.sent.map(({ action }) => action)).toEqual(["open", "close"]);
    expect(types(r)).toEqual(["stay_started", "movement"]);
    expect(r.warnings).toEqual([]);
  });

  it("stands still when the runner is stopped", () => {
    const r = rig();
    arrives(r);
    r.runner.stop();
    vi.advanceTimersByTime(10_000);
    expect(r.runner.lane().state).toBe("IDLE");
    expect(vi.getTimerCount()).toBe(0);
  });

  it("keeps one timer at most, and none for a lane at rest", () => {
    const r = rig();
    r.see(CLOSED);
    expect(vi.getTimerCount()).toBe(0);
    r.see({ ...CLOSED, arming: true });
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(300);
    expect(vi.getTimerCount()).toBe(1);
  });

  it("catches up when the process was held up: every timer fires, in order", () => {
    const r = rig();
    arrives(r);
    vi.setSystemTime(START_MS + 60_000);
    vi.advanceTimersByTime(300);
    expect(r.runner.lane().state).toBe("ARMED");
    vi.advanceTimersByTime(2_500);
    expect(r.runner.lane().display).toMatch(/not read/);
  });
});

describe("commit, then send", () => {
  it("writes the stay, the command and the credit in one turn before the command leaves", () => {
    const r = rig();
    admitted(r);
    const granting = r.turns.find(({ commands }) => commands.length > 0);
    expect(granting).toMatchObject({ lane: "entry", state: "OPENING", records: [{ type: "stay_started" }] });
    expect(granting?.credit?.stay?.plate).toBe("BAB1234");
    expect(granting?.commands).toEqual(r.sent);
    expect(r.order.slice(-2)).toEqual(["commit", "send open"]);
  });

  it("writes nothing when there is nothing to remember", () => {
    const r = rig();
    arrives(r);
    r.see(CLOSED);
    expect(r.turns).toEqual([]);
  });

  it("keeps the credit on the disk from the grant until the passage is written, and not longer", () => {
    const r = rig();
    closing(r);
    const credits = r.turns.map(({ records: [first], credit }) => [first?.type ?? "read", credit !== null]);
    expect(credits).toEqual([
      ["read", false],
      ["stay_started", true],
      ["movement", false],
    ]);
  });

  it("takes a credit off the disk even when nothing else is to be written", () => {
    const r = rig({ direction: "exit" });
    const stayId = "01890000-0000-7000-8000-00000000000a" as never;
    r.book.parked({
      stayId,
      ticketNumber: "PKM-00000000" as never,
      plate: "BAB1234",
      entryWallMs: START_MS - 60_000,
      status: "open",
      right: null,
      due: null,
    });
    admitted(r);
    expect(r.turns.at(-1)?.credit).not.toBeNull();
    r.see(OPEN);
    vi.advanceTimersByTime(1_500);
    expect(r.runner.lane().state).toBe("CLEARING");
    expect(r.turns.at(-1)).toMatchObject({ records: [], commands: [], credit: null });
  });

  it("remembers a credit in doubt through a loss of the board", () => {
    const r = rig();
    admitted(r);
    const granted = r.turns.at(-1)?.credit;
    r.runner.blind("line dead");
    expect(r.turns.at(-1)).toMatchObject({ records: [{ type: "alarm" }] });
    expect(r.turns.at(-1)?.credit).toEqual(granted);
  });

  it("takes up the credit found at a start, and opens nothing for it", () => {
    const before = rig();
    admitted(before);
    const credit = before.turns.at(-1)?.credit ?? null;
    const after = rig({ credit, book: before.book });
    after.see({ ...CLOSED });
    expect(after.sent).toEqual([]);
    expect(records(after)).toMatchObject([{ type: "stay_review", review: "passage_unproven" }]);
    expect(after.turns.at(-1)?.credit).toBeNull();
  });

  it("writes answers of the board along with the next turn", () => {
    const r = rig();
    admitted(r);
    const commandId = r.sent[0]!.id;
    r.runner.outcome(commandId, "done", "done");
    const written = r.turns.length;
    r.read("HHCD77");
    r.read("HHCD77");
    expect(r.turns.slice(written).map(({ outcomes }) => outcomes)).toEqual([
      [{ commandId, outcome: "done" }],
      [],
    ]);
  });

  it("says that a read is stored only when it is", () => {
    const r = rig();
    r.see(CLOSED);
    expect(r.read("BAB1234")).toBe(true);
    expect(r.turns.at(-1)?.reads).toMatchObject([{ plate: "BAB1234" }]);
    r.refuse(1);
    expect(r.read("BAB1234")).toBe(false);
  });
});

describe("a disk that refuses", () => {
  it("opens nothing; the lane decides anew when it is seen again", () => {
    const r = rig();
    arrives(r);
    r.read("BAB1234");
    r.refuse(1);
    vi.advanceTimersByTime(300);
    expect(r.sent).toEqual([]);
    expect(r.book.stays.size).toBe(0);
    expect(r.runner.lane()).toMatchObject({ state: "UNKNOWN", trouble: "The disk refuses to write" });
    r.see({ ...CLOSED, arming: true });
    vi.advanceTimersByTime(300);
    expect(r.sent.map(({ action }) => action)).toEqual(["open"]);
    expect(r.book.stays.size).toBe(1);
  });

  it("tells the attendant that nothing was done", () => {
    const r = rig();
    arrives(r);
    vi.advanceTimersByTime(300);
    r.refuse(1);
    expect(r.runner.ask({ kind: "vend", ...BY })).toMatchObject({ ok: false, code: "store_failed" });
    expect(r.sent).toEqual([]);
  });

  it("does not keep a closing arm from reopening onto an obstruction", () => {
    const r = rig();
    closing(r);
    r.refuse(1);
    r.see({ safety: true });
    expect(r.order.slice(-2)).toEqual(["refused", "send open"]);
    expect(r.sent.at(-1)).toMatchObject({ action: "open", safety: true });
    r.see({ safety: true, ...OPEN });
    expect(r.runner.lane().state).toBe("PASSING");
  });

  it("does not close either, and the passage is written once the disk works again", () => {
    for (const refusals of [1, 3]) {
      const r = rig();
      admitted(r);
      r.see({ safety: true, ...OPEN });
      r.see({ safety: true, closing: true, ...OPEN });
      r.see(OPEN);
      r.refuse(refusals);
      vi.advanceTimersByTime(1_000);
      expect(r.sent.map(({ action }) => action)).toEqual(["open"]);
      for (let i = 0; i < 3; i++) r.see(OPEN);
      expect(types(r)).toEqual(["stay_started", "movement"]);
      expect(r.book.inside()).toBe(1);
      expect(r.turns.at(-1)?.credit).toBeNull();
      expect(r.runner.ask({ kind: "reset", ...BY }).ok).toBe(true);
      vi.advanceTimersByTime(1_000);
      expect(r.sent.map(({ action }) => action)).toEqual(["open", "close"]);
    }
  });

  it("does not lose an uncontrolled passage", () => {
    const r = rig();
    r.see(CLOSED);
    r.see({});
    r.see({ safety: true });
    r.see({ safety: true, closing: true });
    r.see({});
    r.refuse(1);
    vi.advanceTimersByTime(1_000);
    expect(r.book.inside()).toBe(0);
    r.see({});
    expect(r.book.inside()).toBe(1);
    expect(records(r).filter(({ type }) => type === "movement")).toHaveLength(1);
  });
});

describe("a disk that refuses at an exit (edge case 46)", () => {
  it("opens the arm and holds it open, whatever cannot be written", () => {
    const r = rig({ direction: "exit", storeFailure: "open" });
    arrives(r);
    r.refuse(10);
    r.read("BAB1234");
    expect(r.sent).toMatchObject([{ action: "open", safety: true }]);
    expect(r.runner.lane()).toMatchObject({ state: "HELD_OPEN", heldBy: "policy" });
    r.see({ ...OPEN, arming: true });
    r.see({ ...OPEN, safety: true });
    r.see(OPEN);
    vi.advanceTimersByTime(60_000);
    expect(r.sent.map(({ action }) => action)).toEqual(["open"]);
    expect(r.runner.lane().state).toBe("HELD_OPEN");
  });

  it("asks a disk that goes on refusing again and again, but not without a pause", () => {
    const r = rig({ direction: "exit", storeFailure: "open" });
    arrives(r);
    r.refuse(Infinity);
    r.read("BAB1234");
    for (const levels of [{ arming: true }, { safety: true }]) r.see({ ...OPEN, ...levels });
    const before = r.order.length;
    // A vehicle stands under the arm for long: an alarm that cannot be written down.
    vi.advanceTimersByTime(120_000);
    const asked = r.order.slice(before).filter((what) => what === "refused").length;
    expect(asked).toBeGreaterThan(10);
    expect(asked).toBeLessThanOrEqual(120);
    r.refuse(0);
    vi.advanceTimersByTime(2_000);
    expect(types(r)).toContain("alarm");
    expect(r.runner.lane().state).toBe("HELD_OPEN");
  });

  it("closes again on a person's word when the disk works", () => {
    const r = rig({ direction: "exit", storeFailure: "open" });
    arrives(r);
    r.refuse(1);
    r.read("BAB1234");
    r.see(OPEN);
    expect(r.runner.ask({ kind: "reset", ...BY }).ok).toBe(true);
    vi.advanceTimersByTime(5_000);
    expect(r.sent.map(({ action }) => action)).toEqual(["open", "close"]);
  });
});

describe("what a lane is told", () => {
  it("is written before anything is ordered because of it", () => {
    const r = rig();
    arrives(r);
    r.read("BAB1234");
    vi.advanceTimersByTime(300);
    const before = r.order.length;
    r.runner.tell({ kind: "device", device: "printer", ok: false, reason: "the paper is out" });
    expect(r.order.slice(before)).toEqual(["commit"]);
    expect(r.turns.at(-1)?.records).toMatchObject([{ type: "alarm", kind: "printer" }]);
    r.runner.tell({ kind: "device", device: "printer", ok: false, reason: "the paper is out" });
    expect(r.order.slice(before)).toEqual(["commit"]);
  });
});

describe("answers within the call", () => {
  it("a refused opening is tried once more, then the lane is at fault; each step is written first", () => {
    const r = rig();
    arrives(r);
    r.read("BAB1234");
    r.answer("refused");
    vi.advanceTimersByTime(300);
    expect(r.order).toEqual(["commit", "commit", "send open", "commit", "send open", "commit"]);
    expect(r.runner.lane().state).toBe("FAULT");
    expect(types(r)).toEqual(["stay_started", "alarm", "alarm"]);
    expect(r.turns.at(-1)?.credit).not.toBeNull();
  });

  it("do not change what the attendant is told of what was done", () => {
    const r = rig();
    arrives(r);
    vi.advanceTimersByTime(300);
    r.answer("refused");
    let first = true;
    const commit = r.turns.push.bind(r.turns);
    r.turns.push = (...turns) => {
      const length = commit(...turns);
      // The vend itself is written; what follows within the same call is not.
      if (first) r.refuse(1);
      first = false;
      return length;
    };
    expect(r.runner.ask({ kind: "vend", ...BY })).toEqual({ ok: true, payment: null });
    expect(types(r)).toEqual(["stay_started", "vend"]);
    expect(r.runner.lane().state).toBe("UNKNOWN");
    expect(r.runner.lane().unresolved?.kind).toBe("vend");
  });

  it("of a board gone mad never trap the runner", () => {
    const r = rig();
    closing(r);
    r.answer("silent");
    r.see({ safety: true });
    expect(r.sent.map(({ action }) => action)).toEqual(["open", "close", "open", "open"]);
    expect(r.runner.lane().state).toBe("PASSING");
  });
});

describe("two lanes", () => {
  it("and one space left: exactly one of them opens", () => {
    const book = createBook();
    const one = rig({ book, capacity: 1 });
    const two = rig({ book, capacity: 1 });
    for (const [i, r] of [one, two].entries()) {
      arrives(r);
      r.read(`BAB${i}777`);
    }
    vi.advanceTimersByTime(300);
    expect([one, two].map((r) => r.runner.lane().state)).toEqual(["OPENING", "DENIED"]);
    vi.advanceTimersByTime(1_000);
    expect(two.sent).toEqual([]);
  });
});

describe("a stay that changes elsewhere", () => {
  const HOUR_MS = 3_600_000;

  function owing(): { r: Rig; stay: StayInHand } {
    const book = createBook();
    const stay: StayInHand = {
      stayId: "01890000-0000-7000-8000-000000000001" as StayId,
      ticketNumber: "PKM-00000000" as TicketNumber,
      plate: "BAB1234",
      entryWallMs: START_MS - 2 * HOUR_MS,
      status: "open",
      right: null,
      due: null,
    };
    book.parked(stay);
    const r = rig({ direction: "exit", book });
    arrives(r);
    r.read("BAB1234");
    vi.advanceTimersByTime(300);
    expect(r.runner.lane().state).toBe("PAYING");
    return { r, stay };
  }

  it("opens the exit in the turn that tells of it, written before the command leaves", () => {
    const { r, stay } = owing();
    r.order.length = 0;
    r.book.changeDue(stay.stayId, { paid: 500 });
    r.runner.tell({ kind: "due_changed", stayId: stay.stayId });
    expect(r.runner.lane().state).toBe("OPENING");
    expect(r.order).toEqual(["commit", "send open"]);
  });

  it("opens nothing when the disk refuses", () => {
    const { r, stay } = owing();
    r.book.changeDue(stay.stayId, { paid: 500 });
    r.refuse(1);
    r.runner.tell({ kind: "due_changed", stayId: stay.stayId });
    expect(r.runner.lane().state).toBe("UNKNOWN");
    expect(r.sent).toEqual([]);
  });

  it("an attendant's word on a vehicle is answered by what came of it", () => {
    const { r, stay } = owing();
    const word = { kind: "identify", actor: "alex", reason: "papers" } as const;
    const nobody = "01890000-0000-7000-8000-000000000002" as StayId;
    expect(r.runner.ask({ ...word, stayId: nobody })).toMatchObject({ ok: false, code: "no_stay" });
    expect(types(r)).toEqual([]);
    expect(r.runner.ask({ ...word, stayId: stay.stayId })).toEqual({ ok: true, payment: null });
    expect(r.runner.lane().state).toBe("PAYING");
    expect(types(r)).toEqual(["identified"]);
  });
});
