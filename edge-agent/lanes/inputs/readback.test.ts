import { describe, expect, it } from "vitest";
import { createReadback } from "./readback.ts";

const RELAYS = { open: "r1", close: "r2", stop: null };
const off = { r1: false, r2: false };
const opening = { id: "c1", action: "open" as const, pulseMs: 500, deadlineMs: 2_000 };

describe("the relays read back", () => {
  it("are as commanded through a whole pulse", () => {
    const readback = createReadback(RELAYS);
    expect(readback.seen(off, 0)).toBeNull();
    readback.sent(opening, 10);
    expect(readback.seen({ r1: true, r2: false }, 20)).toBeNull();
    readback.done("c1", 25);
    expect(readback.seen({ r1: true, r2: false }, 300)).toBeNull();
    expect(readback.seen(off, 600)).toBeNull();
  });

  it("say nothing where the board cannot read back, or has no such relay", () => {
    const readback = createReadback(RELAYS);
    readback.sent(opening, 0);
    readback.done("c1", 10);
    expect(readback.seen(null, 50)).toBeNull();
    expect(readback.seen({}, 100)).toBeNull();
    expect(readback.seen({}, 900)).toBeNull();
  });

  it("are wrong when one is on that nobody commanded, or on long after its pulse", () => {
    const readback = createReadback(RELAYS);
    expect(readback.seen({ r1: true, r2: false }, 0)).toBe(
      "the relay for OPEN is energised without a command",
    );
    expect(readback.seen({ r1: false, r2: true }, 1)).toBe(
      "the relay for CLOSE is energised without a command",
    );
    readback.sent(opening, 10);
    expect(readback.seen({ r1: true, r2: false }, 20)).toBeNull();
    expect(readback.seen({ r1: true, r2: false }, 5_000)).toMatch(/OPEN is energised without/);
    expect(readback.seen(off, 5_100)).toBeNull();
  });

  it("are wrong when both are on, whatever was commanded", () => {
    const readback = createReadback(RELAYS);
    readback.sent(opening, 0);
    expect(readback.seen({ r1: true, r2: true }, 10)).toMatch(/together/);
  });

  it("tell of a dead coil: done, they say, but never seen on; over when it is seen to pull", () => {
    const readback = createReadback(RELAYS);
    readback.sent(opening, 0);
    readback.done("c1", 10);
    expect(readback.seen(off, 100)).toBeNull();
    expect(readback.seen(off, 600)).toBe("the relay for OPEN does not pull though its board says so");
    expect(readback.seen(off, 1_600)).toMatch(/does not pull/);
    readback.sent({ ...opening, id: "c2", deadlineMs: 4_000 }, 2_000);
    expect(readback.seen({ r1: true, r2: false }, 2_100)).toBeNull();
    expect(readback.seen(off, 2_600)).toBeNull();
  });

  it("call no coil dead that nobody looked at while it should have pulled", () => {
    const readback = createReadback(RELAYS);
    readback.sent(opening, 0);
    readback.done("c1", 10);
    expect(readback.seen(off, 1_000)).toBeNull();
  });
});
