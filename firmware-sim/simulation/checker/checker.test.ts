import { describe, expect, it } from "vitest";
import { goodDay } from "./testing/day.ts";

describe("the checker", () => {
  it("finds nothing on a day on which all is right", () => {
    expect(goodDay().judged()).toEqual([]);
  });
});
