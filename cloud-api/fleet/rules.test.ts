import { describe, expect, it } from "vitest";
import { admit } from "./rules.ts";
import { asEvents, moved, started, voided } from "../testing/events.ts";

const LOG = asEvents([
  started(1, "2026-07-15T08:00:00Z"),
  moved("in", 1, "2026-07-15T08:00:10Z"),
  voided(2, "2026-07-15T08:05:00Z"),
]);

describe("admit", () => {
  it("takes what follows the cursor and passes over what is applied", () => {
    expect(admit(0, LOG)).toEqual({ kind: "admitted", fresh: LOG, duplicates: 0 });
    expect(admit(2, LOG)).toEqual({ kind: "admitted", fresh: LOG.slice(2), duplicates: 2 });
    expect(admit(9, LOG)).toEqual({ kind: "admitted", fresh: [], duplicates: 3 });
  });

  it("asks for the first missing event, wherever in the batch the gap is", () => {
    expect(admit(0, LOG.slice(1))).toEqual({ kind: "gap", expected: 1 });
    expect(admit(0, [LOG[0]!, LOG[2]!])).toEqual({ kind: "gap", expected: 1 });
  });

  it("counts an event twice in one batch as a duplicate", () => {
    expect(admit(0, [LOG[0]!, LOG[0]!, LOG[1]!])).toEqual({
      kind: "admitted",
      fresh: LOG.slice(0, 2),
      duplicates: 1,
    });
  });
});
