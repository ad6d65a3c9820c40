import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach } from "vitest";
import { layOutSite, type SitePlan } from "../site/plan.ts";
import { freePort } from "../site/ports.ts";
import { createSite, type ProgramName, type Site } from "../site/site.ts";

/** The stage of a scenario: a whole site of real programs in a folder of its own, cleared away afterwards. */

export type Stage = {
  readonly plan: SitePlan;
  readonly site: Site;
  /** What the simulator said so far. */
  readonly simEvents: readonly Readonly<Record<string, unknown>>[];
  /** What the edge has logged so far. */
  readonly edgeNotes: readonly Readonly<Record<string, unknown>>[];
};

export type StageOptions = {
  /** With the demo's second facility, whose spots can be booked. */
  readonly bookable?: boolean;
  readonly arrivalsPerHour?: number;
  readonly meanStayMinutes?: number;
  readonly seed?: string;
  readonly attendant?: "auto" | "manual";
  readonly programs?: readonly ProgramName[];
  /** Lays what the edge reaches the cloud through, given the cloud's port; returns its address. */
  readonly cloudThrough?: (port: number) => Promise<string>;
};

const DIST = resolve(import.meta.dirname, "../../dist");
const open: Stage[] = [];

afterEach(async () => {
  for (const stage of open.splice(0)) {
    await stage.site.stop();
    rmSync(stage.plan.folder, { recursive: true, force: true });
  }
});

/** Lays out a site and starts its programs. */
export async function setStage(options: StageOptions = {}): Promise<Stage> {
  const ports = {
    cloud: await freePort(),
    edge: await freePort(),
    mqtt: await freePort(),
    exitBoard: await freePort(),
  };
  const folder = mkdtempSync(join(tmpdir(), "parkme-scenario-"));
  const { arrivalsPerHour = 900, meanStayMinutes = 0.2 } = options;
  const plan = layOutSite({
    folder,
    ports,
    attendant: options.attendant ?? "auto",
    arrivalsPerHour,
    meanStayMinutes,
    bookable: options.bookable ?? false,
    ...(options.cloudThrough && { cloudUrl: await options.cloudThrough(ports.cloud) }),
  });
  const simEvents: Readonly<Record<string, unknown>>[] = [];
  const edgeNotes: Readonly<Record<string, unknown>>[] = [];
  const site = createSite({
    plan,
    ports,
    distFolder: DIST,
    speed: 1,
    seed: options.seed ?? "scenario",
    onEvent: (program, event) => {
      if (program === "sim") simEvents.push(event);
      if (program === "edge") edgeNotes.push(event);
    },
  });
  const stage = { plan, site, simEvents, edgeNotes };
  open.push(stage);
  for (const name of options.programs ?? (["broker", "cloud", "edge", "sim"] as const))
    await site.start(name);
  return stage;
}

/** Waits until something holds, asking again and again; fails with what was last seen. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  holds: (seen: T) => boolean,
  withinMs: number,
): Promise<T> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const seen = await look();
    if (holds(seen)) return seen;
    if (performance.now() > untilMs)
      throw new Error(`not within ${withinMs} ms: ${what}; last seen ${JSON.stringify(seen)}`);
    await new Promise((done) => setTimeout(done, 200));
  }
}
