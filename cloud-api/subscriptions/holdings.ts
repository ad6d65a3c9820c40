import type { Clock } from "@parkme/shared/domain/clock";
import type { PricedRight } from "@parkme/shared/pricing/quote-model";
import type { Db } from "../db/connection.ts";
import type { Cache } from "../platform/cache.ts";
import { readHoldings, type Holding } from "./holdings.queries.ts";

export type HoldingAsked = {
  readonly userId: string;
  readonly facilityId: string;
  /** Normalised; null = any of the driver's vehicles. */
  readonly plate: string | null;
  /** When the vehicle comes, Unix ms. */
  readonly atMs: number;
};

/** A driver's subscription that pays for a stay, as it is priced. */
export type HeldRight = { readonly subscriptionId: string; readonly right: PricedRight };

export type Holdings = {
  /** Null = none does. Without SQL where what the driver holds is cached. Of several, the one that lasts longest. */
  readonly find: (asked: HoldingAsked) => Promise<HeldRight | null>;
};

/**
 * What drivers hold, for who prices their stays. How many minutes of a pass are used up only the gate knows: here it
 * pays for all of its windows.
 */
export function createHoldings({
  db,
  cache,
  clock,
}: {
  readonly db: Db;
  readonly cache: Pick<Cache, "remember">;
  readonly clock: Clock;
}): Holdings {
  return {
    async find({ userId, facilityId, plate, atMs }) {
      const held = await cache.remember(
        "subscriptions",
        userId,
        async () => await readHoldings(db, userId, new Date(clock.wallMs())),
      );
      const pays = held
        .filter((holding) => holding.facilityId === facilityId && !holding.exhausted)
        .filter(({ fromMs, untilMs }) => fromMs <= atMs && atMs < untilMs)
        .filter(({ plates }) => plate === null || plates.includes(plate))
        .toSorted((a, b) => b.untilMs - a.untilMs)[0];
      return pays === undefined ? null : { subscriptionId: pays.id, right: rightOf(pays) };
    },
  };
}

function rightOf({ pass, untilMs }: Holding): PricedRight {
  if (pass === null) return { kind: "covered", untilMs };
  return { kind: "pass", pass, untilMs, remainingMinutes: null };
}
