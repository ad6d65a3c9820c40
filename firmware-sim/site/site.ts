import { join } from "node:path";
import { startProgram, type Program } from "./program.ts";
import type { SitePlan, SitePorts } from "./plan.ts";

/** The programs of a planned site, each its own process, started and stopped one by one. */

export const PROGRAM_NAMES = ["broker", "cloud", "edge", "sim"] as const;
export type ProgramName = (typeof PROGRAM_NAMES)[number];

export type SiteRunOptions = {
  readonly plan: SitePlan;
  readonly ports: SitePorts;
  /** Where the bundles are. */
  readonly distFolder: string;
  readonly speed: number;
  readonly seed: string;
  readonly onEvent?: (program: ProgramName, event: Readonly<Record<string, unknown>>) => void;
};

export type Site = {
  /** Starts a program and waits until it is ready. */
  readonly start: (name: ProgramName) => Promise<Program>;
  readonly running: (name: ProgramName) => Program | undefined;
  /** Stops everything, those who use others first. */
  readonly stop: () => Promise<void>;
};

export function createSite(options: SiteRunOptions): Site {
  const running = new Map<ProgramName, Program>();
  return {
    start: async (name) => {
      const program = startProgram({
        name,
        logFile: join(options.plan.folder, "logs", `${name}.log`),
        onEvent: (event) => options.onEvent?.(name, event),
        ...commandOf(name, options),
      });
      running.set(name, program);
      void program.exited.then(() => {
        if (running.get(name) === program) running.delete(name);
      });
      await program.ready;
      return program;
    },
    running: (name) => running.get(name),
    stop: async () => {
      for (const name of PROGRAM_NAMES.toReversed()) await running.get(name)?.stop();
    },
  };
}

/** As the packages' READMEs say: without a limit V8 lets garbage grow as it likes on a machine with much memory. */
const EDGE_NODE_ARGS = ["--max-old-space-size=160", "--max-semi-space-size=4"];
export const CLOUD_NODE_ARGS = ["--max-old-space-size=512", "--max-semi-space-size=8"];

function commandOf(name: ProgramName, { plan, ports, distFolder, speed, seed }: SiteRunOptions) {
  const bundle = (path: string): string => join(distFolder, path);
  switch (name) {
    case "broker":
      return { file: bundle("edge-agent/broker.mjs"), env: { PARKME_MQTT_PORT: String(ports.mqtt) } };
    case "cloud":
      return {
        file: bundle("cloud-api/main.mjs"),
        nodeArgs: CLOUD_NODE_ARGS,
        env: {
          PARKME_CLOUD_PORT: String(ports.cloud),
          PARKME_DATA_DIR: join(plan.folder, "cloud"),
          PARKME_PROVISION: plan.provisionFile,
        },
      };
    case "edge":
      return {
        file: bundle("edge-agent/main.mjs"),
        nodeArgs: EDGE_NODE_ARGS,
        args: ["--config", plan.edgeFile],
        env: { PARKME_EDGE_PORT: String(ports.edge) },
      };
    case "sim":
      return {
        file: bundle("firmware-sim/main.mjs"),
        args: ["--site", plan.simFile, "--speed", String(speed), "--seed", seed],
      };
    default:
      return name satisfies never;
  }
}
