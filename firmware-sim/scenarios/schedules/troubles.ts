import type { Random } from "../../../edge-agent/store/testing/random-gate.ts";
import { CALM, type Weather } from "../../simulation/cloud/network.ts";

/** What a schedule has in store: everything is drawn from its seed before it begins. */
export type Troubles = {
  readonly weather: Weather;
  readonly lengthMs: number;
  /** Things that happen at the gate. */
  readonly acts: number;
  readonly cuts: number;
  readonly edgeKills: number;
  readonly cloudKills: number;
  readonly edgeRestores: number;
  readonly lostDisks: number;
  readonly cloudRestores: number;
  /** The gate's clock is suddenly another. */
  readonly clockJumps: number;
  /** Money that drivers pay in an app. */
  readonly remotePayments: number;
};

/** Nothing goes wrong. */
const NONE: Troubles = {
  weather: CALM,
  lengthMs: 10 * 60_000,
  acts: 25,
  cuts: 0,
  edgeKills: 0,
  cloudKills: 0,
  edgeRestores: 0,
  lostDisks: 0,
  cloudRestores: 0,
  clockJumps: 0,
  remotePayments: 0,
};

/** Each trouble comes in some schedules only: what goes wrong alone is easier to find than what goes wrong together. */
export function troublesOf(random: Random): Troubles {
  const often = (share: number, most: number): number => (random.chance(share) ? 1 + random.below(most) : 0);
  const share = (chance: number, most: number): number =>
    random.chance(chance) ? (most * (1 + random.below(100))) / 100 : 0;
  return {
    ...NONE,
    lengthMs: 30_000 * (1 + random.below(14)),
    acts: 8 + random.below(40),
    weather: {
      lost: share(0.5, 0.4),
      answerLost: share(0.5, 0.4),
      doubled: share(0.5, 0.4),
      late: share(0.4, 0.2),
      corrupt: share(0.3, 0.3),
      impostor: share(0.2, 0.2),
      wayMs: random.one([40, 400, 4_000, 12_000]),
    },
    cuts: often(0.3, 2),
    edgeKills: often(0.4, 4),
    cloudKills: often(0.25, 2),
    edgeRestores: often(0.35, 3),
    lostDisks: often(0.15, 1),
    cloudRestores: often(0.3, 2),
    clockJumps: often(0.15, 2),
    remotePayments: often(0.3, 6),
  };
}
