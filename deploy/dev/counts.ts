/** The part of vitest's JSON report that is counted. */
export interface TestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Count tests. A file that failed without a failed test (it did not load, or a hook threw) counts as one failure. A
 * skipped test counts as a failure too, unless `filteredByName`: then the filter, not the test, left it out.
 */
export function countTests(report: TestReport, filteredByName: boolean): TestCounts {
  let passed = 0;
  let failed = 0;
  for (const file of report.testResults) {
    const statuses = file.assertionResults.map((test) => test.status);
    const failedHere = statuses.filter((status) => status === "failed").length;
    const passedHere = statuses.filter((status) => status === "passed").length;
    const skippedHere = statuses.length - failedHere - passedHere;
    passed += passedHere;
    failed += failedHere;
    if (!filteredByName) failed += skippedHere;
    if (file.status === "failed" && failedHere === 0 && (filteredByName || skippedHere === 0)) failed += 1;
  }
  return { passed, failed };
}

/** The last line of a test run. */
export function summaryLine(counts: TestCounts): string {
  return `${counts.passed} passed, ${counts.failed} failed`;
}
