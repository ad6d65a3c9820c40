import { drawStayMs, drawVehicle, nextArrivalGapMs, type Demand, type Vehicle } from "../traffic/demand.ts";
import { createRandom } from "../traffic/random.ts";
import type { DriverScript } from "./driver.ts";

export type SourceOptions = {
  readonly seed: string;
  readonly demand: Demand;
  /** How likely a random driver backs out of an entry lane instead of waiting, 0..1. */
  readonly backOutChance?: number;
};

/** Where random drivers come from. */
export type Source = {
  /** The next one who has come by now; null = nobody has. */
  readonly take: (nowMs: number) => { readonly vehicle: Vehicle; readonly script: DriverScript } | null;
  readonly nextMs: () => number;
  readonly stayMs: () => number;
  /** From now on so many times as fast as real time; also what is drawn already. Returns how much longer gaps become. */
  readonly setSpeed: (speed: number, nowMs: number) => number;
};

/** `isPresent` keeps their plates unique among those present. */
export function createSource(
  { seed, demand, backOutChance = 0 }: SourceOptions,
  isPresent: (plateText: string) => boolean,
): Source {
  const random = createRandom(seed);
  const arrivals = random.fork("arrivals");
  const vehicles = random.fork("vehicles");
  const drivers = random.fork("drivers");
  /** Once it was set; until then the demand's own. */
  let setTo: number | null = null;
  const speed = (): number => setTo ?? demand.speed;
  let nextMs = gapMs();

  function gapMs(): number {
    return nextArrivalGapMs({ ...demand, speed: speed() }, arrivals);
  }

  function drawScript(): DriverScript {
    if (!drivers.chance(backOutChance)) return { kind: "normal" };
    return {
      kind: "back_out",
      from: drivers.pick(["waiting", "opened"]),
      afterMs: 1_000 + drivers.int(3_000),
    };
  }

  return {
    take(nowMs) {
      if (nextMs > nowMs) return null;
      nextMs += gapMs();
      return { vehicle: drawVehicle(vehicles, isPresent), script: drawScript() };
    },
    nextMs: () => nextMs,
    stayMs: () => drawStayMs({ ...demand, speed: speed() }, drivers),
    setSpeed(wanted, nowMs) {
      if (!(wanted >= 1 && wanted <= 100)) throw new RangeError(`a speed is 1..100, not ${wanted}`);
      const factor = speed() / wanted;
      setTo = wanted;
      nextMs = nowMs + Math.max(0, nextMs - nowMs) * factor;
      return factor;
    },
  };
}
