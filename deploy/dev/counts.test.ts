import { describe, expect, it } from "vitest";
import { countTests, summaryLine } from "./counts.ts";

function file(status: string, ...tests: string[]) {
  return { name: "some.test.ts", status, assertionResults: tests.map((test) => ({ status: test })) };
}

describe("countTests", () => {
  it("adds up the tests of all files", () => {
    const report = { testResults: [file("passed", "passed", "passed"), file("failed", "passed", "failed")] };
    expect(countTests(report, false)).toEqual({ passed: 3, failed: 1 });
  });

  it("counts a file that does not load as one failure", () => {
    expect(countTests({ testResults: [file("failed")] }, false)).toEqual({ passed: 0, failed: 1 });
  });

  it("counts a failed hook after passing tests as one failure", () => {
    expect(countTests({ testResults: [file("failed", "passed")] }, false)).toEqual({ passed: 1, failed: 1 });
  });

  it("counts a skipped test as a failure", () => {
    expect(countTests({ testResults: [file("passed", "passed", "skipped")] }, false)).toEqual({
      passed: 1,
      failed: 1,
    });
  });

  it("does not count what a name filter left out", () => {
    expect(countTests({ testResults: [file("passed", "passed", "skipped")] }, true)).toEqual({
      passed: 1,
      failed: 0,
    });
  });
});

describe("summaryLine", () => {
  it("says passed, then failed", () => {
    expect(summaryLine({ passed: 12, failed: 3 })).toBe("12 passed, 3 failed");
  });
});
