import type { Logger } from "pino";
import type { Asks } from "./reserve.queries.ts";
import { writeSpots, type SpotOrder, type SpotOutcome } from "./spot-orders.queries.ts";
import { together, type Together } from "./together.ts";

/** Of one statement: a few milliseconds of PostgreSQL's time. */
const MOST = 64;

/**
 * Writes bookings of numbered spots, those that come at the same time in one statement: most of what one costs is the way
 * to PostgreSQL and its commit. It waits for nobody's lock. What goes wrong because of one of them leaves all of them
 * `unsure`: each is then written by itself, and whose fault it is finds out.
 */
export function spotWriter(asks: Asks, log: Pick<Logger, "warn">): Together<SpotOrder, SpotOutcome> {
  return together(async (orders: readonly SpotOrder[]) => {
    try {
      return await writeSpots(asks, orders, "passing");
    } catch (error) {
      log.warn({ err: error, orders: orders.length }, "bookings are written one by one");
      return orders.map(() => ({ kind: "unsure" }) as const);
    }
  }, MOST);
}
