import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parentProblem } from "./zone-rules.ts";

describe("parentProblem", () => {
  it("refuses a zone within itself, near and far, and a zone that is not there", () => {
    const zones = [
      { id: "a", parentId: null },
      { id: "b", parentId: "a" },
      { id: "c", parentId: "b" },
    ];
    expect(parentProblem(zones, "c", "a")).toBeNull();
    expect(parentProblem(zones, "a", null)).toBeNull();
    expect(parentProblem(zones, "a", "a")).toBe("lies in this zone itself");
    expect(parentProblem(zones, "a", "c")).toBe("lies in this zone itself");
    expect(parentProblem(zones, "a", "d")).toBe("is no zone of this facility");
  });

  it("lets no circle come about, whatever is moved where", () => {
    const id = fc.integer({ min: 0, max: 6 });
    fc.assert(
      fc.property(fc.array(fc.tuple(id, fc.option(id, { nil: null })), { maxLength: 40 }), (moves) => {
        const parents = new Map<string, string | null>(
          Array.from({ length: 7 }, (_, n) => [String(n), null]),
        );
        for (const [zone, parent] of moves) {
          const zones = [...parents].map(([zoneId, parentId]) => ({ id: zoneId, parentId }));
          const parentId = parent === null ? null : String(parent);
          if (parentProblem(zones, String(zone), parentId) === null) parents.set(String(zone), parentId);
        }
        for (const begin of parents.keys()) {
          let steps = 0;
          for (let next: string | null = begin; next !== null; next = parents.get(next) ?? null) steps += 1;
          expect(steps).toBeLessThanOrEqual(7);
        }
      }),
    );
  });
});
