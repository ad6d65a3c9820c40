import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeviceContext } from "../../../../../edge-agent/devices/context.ts";
import { createRandom } from "../../../../traffic/random.ts";
import { createGate } from "../../../../world/gate.ts";
import type { Told } from "../../../journal.ts";
import { VirtualTime } from "../../../time/virtual-time.ts";
import { configOf } from "../../site-config.ts";
import { SITE } from "../../testing/car-park.ts";
import { createHardware } from "../hardware.ts";

/** The small site's devices, with nobody who drives. */
export function newStage() {
  const time = new VirtualTime();
  const told: Told[] = [];
  const gates = new Map(SITE.lanes.map((lane) => [lane.name, createGate(lane)]));
  const tell = (entry: Told): void => void told.push(entry);
  const hardware = createHardware(SITE, gates, { time, random: createRandom("hardware"), tell });
  return { time, told, gates, hardware };
}

/** The small site's configuration. */
export const CONFIG = (() => {
  const folder = mkdtempSync(join(tmpdir(), "parkme-hardware-"));
  const config = configOf(SITE, folder, null);
  rmSync(folder, { recursive: true });
  return config;
})();

export function named<T extends { readonly name: string }>(sections: readonly T[], name: string): T {
  const section = sections.find((one) => one.name === name);
  if (section === undefined) throw new Error(`no ${name}`);
  return section;
}

export const idOf = (n: number) => `0197a000-0000-7000-8000-${String(n).padStart(12, "0")}`;

/** As a driver is given it; the virtual ones look at its epoch and its clock alone. */
export const contextOf = (time: VirtualTime, epoch: number): DeviceContext => ({
  bus: {
    start: () => undefined,
    connected: () => true,
    subscribe: () => undefined,
    unsubscribe: () => undefined,
    onLink: () => () => undefined,
    publish: () => true,
    stop: () => Promise.resolve(),
  },
  lines: {
    open: () => {
      throw new Error("there is no line");
    },
  },
  facility: "small",
  epoch,
  clock: { wallMs: () => 0, monotonicMs: () => time.nowMs },
  secret: () => "",
  log: { debug: () => undefined, info: () => undefined, warn: () => undefined },
  count: () => undefined,
});

/** Lets so much time pass. */
export async function letPass(time: VirtualTime, ms: number): Promise<void> {
  const endMs = time.nowMs + ms;
  time.after(ms, () => false, { life: null });
  while (time.nextMs() <= endMs) await time.step();
}
