import { describe, expect, it } from "vitest";
import { wordsOfReport } from "./report.ts";
import { isClean, type TortureReport } from "./run.ts";

const CLEAN: TortureReport = {
  seed: "s",
  cuts: 4,
  kinds: {
    power: { cuts: 3, ioctl: 2, copy: 1, atStart: 1 },
    kill: { cuts: 1, ioctl: 0, copy: 0, atStart: 0 },
  },
  acknowledged: 321,
  violations: [],
  slowestRestartMs: 900,
  slowestServiceMs: 2_100,
  controls: [{ synchronous: "OFF", cuts: 3, acknowledged: 60, lost: 59, damaged: 1 }],
  seconds: 12,
  stopped: false,
};

describe("the report of a run", () => {
  it("tells what was done, and how the controls fared", () => {
    const words = wordsOfReport(CLEAN, "torture");
    expect(words).toMatch(/^4 cuts in 12 s, seed s\n/);
    expect(words).toMatch(/power +3: 2 by the shutdown call, 1 by copy, 0 by kill -9; 1 while it started/);
    expect(words).toMatch(/321 acknowledgements .* 0 violations/);
    expect(words).toMatch(/OFF +59 of 60 acknowledgements lost/);
    expect(isClean(CLEAN)).toBe(true);
  });

  it("names the seed and the cut of a violation, and how to see it again", () => {
    const bad = { ...CLEAN, violations: [{ batch: 2, cut: 23, what: "lost: payment p" }] };
    expect(wordsOfReport(bad, "torture --cuts 40")).toMatch(
      /batch 2, cut 23: lost: payment p\nagain: torture --cuts 40 --seed s --only-batch 2\n/,
    );
    expect(isClean(bad)).toBe(false);
  });

  it("does not pass a run whose control lost nothing", () => {
    const blunt = { synchronous: "NORMAL", cuts: 3, acknowledged: 60, lost: 0, damaged: 0 } as const;
    const bad = { ...CLEAN, controls: [...CLEAN.controls, blunt] };
    expect(isClean(bad)).toBe(false);
    expect(wordsOfReport(bad, "torture")).toMatch(/NORMAL +0 of 60 .*NOTHING LOST/);
  });
});
