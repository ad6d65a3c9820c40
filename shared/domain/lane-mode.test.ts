import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LANE_MODES, modeInForce, type LaneMode } from "./lane-mode.ts";

const mode = fc.constantFrom(...LANE_MODES);
const around = fc.array(mode, { maxLength: 4 });
const strictness = (of: LaneMode): number => LANE_MODES.indexOf(of);

describe("at an entry", () => {
  it.each<[LaneMode, LaneMode[], LaneMode]>([
    ["open", [], "open"],
    ["open", ["open", "full"], "full"],
    ["open", ["closed", "open"], "closed"],
    ["held_open", ["open", "full"], "held_open"],
    ["held_open", ["closed_to_all", "full"], "closed_to_all"],
    ["closed", ["full"], "closed"],
  ])("%s within %j is %s", (own, others, inForce) => {
    expect(modeInForce("entry", own, others)).toBe(inForce);
  });

  it("the strictest of all is in force, in whatever order they are told", () => {
    fc.assert(
      fc.property(mode, around, (own, others) => {
        const inForce = modeInForce("entry", own, others);
        expect([own, ...others]).toContain(inForce);
        for (const each of [own, ...others])
          expect(strictness(inForce)).toBeGreaterThanOrEqual(strictness(each));
        expect(modeInForce("entry", own, others.toReversed())).toBe(inForce);
      }),
    );
  });
});

describe("at an exit", () => {
  it("nobody is kept in by what is said of the places around it", () => {
    fc.assert(
      fc.property(around, (others) => {
        const inForce = modeInForce("exit", "open", others);
        expect(inForce).toBe(others.includes("held_open") ? "held_open" : "open");
      }),
    );
  });

  it("its own closing is in force, whatever else is said", () => {
    fc.assert(
      fc.property(around, (others) => {
        for (const own of ["closed", "closed_to_all"] as const)
          expect(modeInForce("exit", own, others)).toBe(own);
      }),
    );
  });
});
