import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { until } from "./devices/testing/until.ts";
import { createDiskWatch, roomOf, type Room, type Space, spaceOf } from "./disk-watch.ts";

const MIB = 1_048_576;
const GIB = 1_024 * MIB;
const disk = (freeMib: number, totalMib: number): Space => ({
  freeBytes: freeMib * MIB,
  totalBytes: totalMib * MIB,
});

describe("room on a disk", () => {
  it.each<[number, number, Room, Room]>([
    // A disk of 64 GiB: by its share.
    [6_600, 65_536, "enough", "enough"],
    [6_500, 65_536, "enough", "low"],
    [7_800, 65_536, "low", "low"],
    [7_900, 65_536, "low", "enough"],
    [1_960, 65_536, "low", "critical"],
    [2_300, 65_536, "critical", "critical"],
    [2_400, 65_536, "critical", "low"],
    [65_536, 65_536, "critical", "enough"],
    // A small one: by what is left of it.
    [1_030, 4_096, "enough", "enough"],
    [1_020, 4_096, "enough", "low"],
    [1_200, 4_096, "low", "low"],
    [250, 4_096, "low", "critical"],
    [250, 4_096, "enough", "critical"],
    [300, 4_096, "critical", "critical"],
    [310, 4_096, "critical", "low"],
    // What makes no sense is no room.
    [0, 0, "enough", "critical"],
    [-5, 100, "enough", "critical"],
  ])("of %i MiB of %i, which was %s, is %s", (free, total, before, now) => {
    expect(roomOf(disk(free, total), before)).toBe(now);
  });
});

const watches: { readonly stop: () => Promise<void> }[] = [];
afterEach(async () => {
  for (const watch of watches.splice(0)) await watch.stop();
});

/** A disk that a test fills, and a gate that writes down what it is told, or refuses to. */
function rig(first: Space | Error) {
  const state = { space: first, refuse: false, looks: 0 };
  const told: string[] = [];
  const notes: string[] = [];
  const tell = (what: string): void => {
    if (state.refuse) throw new Error("the disk is full");
    told.push(what);
  };
  const watch = createDiskWatch({
    space: () => {
      state.looks += 1;
      return state.space instanceof Error ? Promise.reject(state.space) : Promise.resolve(state.space);
    },
    alarm: { begin: (detail) => tell(`alarm ${detail}`), over: () => tell("over") },
    critical: (on) => tell(on ? "critical" : "not critical"),
    note: { warn: (_fields, message) => void notes.push(message) },
    everyMs: 1,
  });
  watches.push(watch);
  watch.start();
  const looks = async (): Promise<void> => {
    const { looks: before } = state;
    await until(() => state.looks > before + 2, "two looks");
  };
  return { state, told, notes, watch, looks };
}

describe("the watch over the disk", () => {
  it("tells once when there is little room, when there is hardly any, and when there is again", async () => {
    const { state, told, watch, looks } = rig(disk(30_000, 65_536));
    await looks();
    // An alarm that an earlier start has left is over.
    expect(told).toEqual(["over"]);
    state.space = disk(6_000, 65_536);
    await looks();
    expect(told.slice(1)).toEqual([expect.stringMatching(/^alarm 6000 MiB \(9 %\) are free/)]);
    expect(watch.isCritical()).toBe(false);
    state.space = disk(1_000, 65_536);
    await looks();
    expect(told.slice(2)).toEqual(["critical"]);
    expect(watch.isCritical()).toBe(true);
    state.space = disk(30_000, 65_536);
    await looks();
    expect(told.slice(3)).toEqual(["not critical", "over"]);
    expect(watch.isCritical()).toBe(false);
  });

  it("tells again what could not be written down", async () => {
    const { state, told, notes, watch, looks } = rig(disk(30_000, 65_536));
    await looks();
    state.refuse = true;
    state.space = disk(10, 65_536);
    await looks();
    // What is not essential is left out all the same.
    expect([told, watch.isCritical()]).toEqual([["over"], true]);
    expect(notes).toHaveLength(1);
    state.refuse = false;
    await looks();
    expect(told.slice(1)).toEqual(["critical", expect.stringMatching(/^alarm 10 MiB \(0 %\)/)]);
  });

  it("goes on after a disk that does not say", async () => {
    const { state, told, notes, looks } = rig(new Error("EIO"));
    await looks();
    expect([told, notes.length]).toEqual([[], 1]);
    state.space = disk(10, 65_536);
    await looks();
    expect(told[0]).toBe("critical");
  });

  it("knows the disk that a folder is on", async () => {
    const folder = mkdtempSync(join(tmpdir(), "parkme-disk-"));
    try {
      const { freeBytes, totalBytes } = await spaceOf(folder);
      expect(freeBytes).toBeGreaterThan(0);
      expect(totalBytes).toBeGreaterThanOrEqual(freeBytes);
      expect(totalBytes).toBeGreaterThan(GIB / 1_024);
      await expect(spaceOf(join(folder, "not-there"))).rejects.toThrow("ENOENT");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
