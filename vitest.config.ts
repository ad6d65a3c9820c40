import { defineConfig } from "vitest/config";

const outside = ["**/node_modules/**", "dist/**", ".tsbuild/**", ".parkme/**"];
const devicePeers = ["edge-agent/devices/**/*.peer.test.ts", "firmware-sim/boards/**/*.peer.test.ts"];
const processTests = ["firmware-sim/scenarios/**/*.scenario.test.ts", "**/*.peer.test.ts"];

/**
 * Three projects, one after the other: `unit` answers in seconds, so it goes first. `devices` holds drivers against the
 * programs of others; `scenarios` starts whole sites (brokers, databases, browsers). Both mostly wait for something to
 * happen, so two or three files run at a time, and none of them measures how long anything takes.
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
          globalSetup: "cloud-api/testing/shared-server.ts",
          maxWorkers: 2,
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        test: {
          name: "devices",
          include: devicePeers,
          exclude: outside,
          maxWorkers: 2,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: "scenarios",
          include: processTests,
          exclude: [...outside, ...devicePeers],
          maxWorkers: 3,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
