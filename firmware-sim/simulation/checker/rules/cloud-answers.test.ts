import { describe, expect, it } from "vitest";
import { createChecker } from "../checker.ts";
import type { CloudRows } from "../cloud-rows.ts";
import { goodDay } from "../testing/day.ts";
import { cloudOf } from "../testing/gate-books.ts";
import { SCHEDULE } from "../testing/places.ts";

const EDGE = goodDay().gate.edge();

function judged(cloud: CloudRows | null): string[] {
  const checker = createChecker(SCHEDULE, ["cloud-answers"]);
  return checker.end({ step: 9, atMs: 9, edge: EDGE, cloud }).map(({ message }) => message);
}

describe("cloud answers", () => {
  it("hold where all answers were right, and where there is no cloud", () => {
    expect(judged(cloudOf(EDGE))).toEqual([]);
    expect(judged(null)).toEqual([]);
  });

  it("break with every answer that never may be", () => {
    const wrongAnswers = ["POST /api/edge/log was answered 500"];
    expect(judged({ ...cloudOf(EDGE), wrongAnswers })).toEqual(wrongAnswers);
  });
});
