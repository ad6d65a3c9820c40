import { defineConfig } from "vitest/config";

const outside = ["**/node_modules/**", "dist/**", ".tsbuild/**", ".parkme/**"];
const processTests = ["firmware-sim/scenarios/**/*.scenario.test.ts", "**/*.peer.test.ts"];

/**
 * Two projects, one after the other: `unit` answers in seconds, so it goes first; `scenarios` starts real
 * processes (brokers, databases, browsers), one file at a time, so that nothing is timed on a crowded machine.
 */
export default defineConfig({
  test: {
    allowOnly: false,
    projects: [
      {
        test: {
          name: "unit",
          include: ["**/*.test.ts", "**/*.test.tsx"],
          exclude: [...outside, ...processTests],
          maxWorkers: 2,
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "scenarios",
          include: processTests,
          exclude: outside,
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
