import { paintedPlate } from "../../../traffic/plates.ts";
import { createRandom } from "../../../traffic/random.ts";
import type { Running } from "../../edge/machine.ts";
import { CarPark, SITE } from "../../edge/testing/car-park.ts";
import type { Told } from "../../journal.ts";
import type { SitePlan } from "../../schedule.ts";
import { installVirtualGlobals } from "../../time/virtual-globals.ts";
import { VirtualTime } from "../../time/virtual-time.ts";
import type { CloudSite } from "../cloud-site.ts";
import type { Headquarters } from "../headquarters.ts";

const PERMIT = {
  id: "season-1",
  account: "firm",
  plates: ["BXY7"],
  fromMs: 0,
  untilMs: 365 * 86_400_000,
  zone: null,
};
const PLAN: SitePlan = {
  ...SITE,
  lanes: SITE.lanes.map((lane) => ({ ...lane, ticket: "always" })),
  hasCloud: true,
  permits: [PERMIT],
  tariffs: [...SITE.tariffs, { name: "Dearer", hourly: { price: "3.00", per_minutes: 60 } }],
};

/** How long all that waits may take to be told, when nothing is in its way. */
const DRAIN_MS = 15 * 60_000;

/** A car park with its gate's computer, and headquarters, in one virtual time. */
export class GateAndCloud {
  readonly park: CarPark;
  readonly cloud: CloudSite;
  /** What headquarters' side tells. */
  readonly heard: Told[];
  private readonly restore: () => void;

  private constructor(park: CarPark, cloud: CloudSite, heard: Told[], restore: () => void) {
    [this.park, this.cloud, this.heard, this.restore] = [park, cloud, heard, restore];
  }

  static async open(headquarters: Headquarters, seed: number, link: SitePlan["link"]): Promise<GateAndCloud> {
    const time = new VirtualTime();
    const random = createRandom(`gate and cloud ${seed}`);
    const fetch = () => Promise.reject(new TypeError("fetch failed: there is no network"));
    const restore = installVirtualGlobals(time, { random: random.fork("set up").next, fetch });
    const heard: Told[] = [];
    const tell = (told: Told): void => void heard.push(told);
    const cloud = await headquarters.site(PLAN, { time, random, tell, link });
    return new GateAndCloud(new CarPark(seed, PLAN, { time, cloud }), cloud, heard, restore);
  }

  /** The gate's program, which must run. */
  gate(): Running {
    const running = this.park.machine.running();
    if (running === null) throw new Error("the gate's program does not run");
    return running;
  }

  /** Somebody drives in by their plate, stays, and drives out again. */
  async visit(plate: string, stayMs: number): Promise<void> {
    await this.drive("entry", plate);
    await this.park.rest(stayMs);
    await this.drive("exit", plate);
  }

  /** Somebody goes through a lane; their plate is read. */
  async drive(lane: "entry" | "exit", plate: string): Promise<void> {
    const { park } = this;
    const vehicle = { plate: paintedPlate(plate, "D"), kind: "car", colour: "blue" } as const;
    const before = park.passed.length;
    park.drive(lane, { vehicle, isRead: true, code: null });
    await park.until(() => park.passed.length > before);
    await park.run(5_000);
  }

  /** Until the gate has told all that it wrote. */
  async drain(): Promise<void> {
    this.cloud.openUp();
    const { store } = this.gate().memory;
    await this.park.until(
      () => !this.cloud.waiting() && store.uploadCursor() === store.logHead().seq,
      DRAIN_MS,
    );
  }

  /** Takes everything away, and what the network says was never allowed. */
  async end(): Promise<readonly string[]> {
    this.park.end();
    await this.cloud.close();
    this.restore();
    return this.cloud.network.problems;
  }
}
