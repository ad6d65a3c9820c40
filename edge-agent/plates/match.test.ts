import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchPlate } from "./match.ts";

const stays = (...plates: (string | null)[]) => plates.map((plate, index) => ({ id: index, plate }));
const plate = fc.stringMatching(/^[0ODQ1IL2Z5S6G8BACEFH]{2,9}$/);

describe("matching a read at the exit", () => {
  it("takes the stay of exactly this plate, though others look alike", () => {
    expect(matchPlate("BO123", stays("B0123", "BO123", "8O123"))).toEqual({
      kind: "exact",
      stay: { id: 1, plate: "BO123" },
    });
  });

  it("takes the only look-alike: one character, two in seven or more", () => {
    expect(matchPlate("B0I23", stays("BOI23", "XX999"))).toMatchObject({
      kind: "near",
      stay: { id: 0 },
      substitutions: 1,
    });
    expect(matchPlate("BOI23", stays("B0123"))).toEqual({ kind: "none" });
    expect(matchPlate("BAB0I23", stays("BABO123"))).toMatchObject({ kind: "near", substitutions: 2 });
    expect(matchPlate("8AB0I23", stays("BABO123"))).toEqual({ kind: "none" });
  });

  it("does not choose between two, and shows the closer one first", () => {
    const candidates = stays("BABO1Z3", "BABO123", null);
    expect(matchPlate("BAB0123", candidates)).toEqual({
      kind: "ambiguous",
      candidates: [candidates[1], candidates[0]],
    });
    expect(matchPlate("BABO123", stays("BABO123", "BABO123"))).toMatchObject({ kind: "ambiguous" });
  });

  it("finds nothing among other lengths, other characters, and stays without a plate", () => {
    expect(matchPlate("BAB123", stays("BAB1234", "BAB12", "BAX123", "CAB123", null))).toEqual({
      kind: "none",
    });
  });

  it("shows ten candidates at most", () => {
    const match = matchPlate(
      "OOOOOOO",
      Array.from({ length: 30 }, (_, id) => ({ id, plate: "0OOOOOO" })),
    );
    expect(match.kind === "ambiguous" && match.candidates.length).toBe(10);
  });

  it("never names a stay that differs by anything but a few look-alike characters", () => {
    const groups = ["0ODQ", "1IL", "2Z", "5S", "6G", "8B"];
    fc.assert(
      fc.property(plate, fc.array(plate, { maxLength: 20 }), (read, plates) => {
        const open = stays(...plates);
        const match = matchPlate(read, open);
        const named =
          match.kind === "ambiguous" ? match.candidates : match.kind === "none" ? [] : [match.stay];
        for (const { plate: other } of named) {
          const differing = [...read].flatMap((character, at) =>
            character === other?.[at] ? [] : [character + other?.[at]],
          );
          expect(other).toHaveLength(read.length);
          expect(differing.length).toBeLessThanOrEqual(read.length >= 7 ? 2 : 1);
          for (const pair of differing)
            expect(groups.some((group) => [...pair].every((each) => group.includes(each)))).toBe(true);
        }
        if (plates.filter((each) => each === read).length === 1) expect(match.kind).toBe("exact");
      }),
      { numRuns: 500 },
    );
  });

  it("is symmetric: what is misread one way is misread the other way", () => {
    fc.assert(
      fc.property(plate, plate, (a, b) => {
        expect(matchPlate(a, stays(b)).kind).toBe(matchPlate(b, stays(a)).kind);
      }),
    );
  });
});
