import { and, count, eq, ne, sql } from "drizzle-orm";
import type { StayId, TicketNumber } from "@parkme/shared/domain/ids";
import type { GateDatabase } from "./open.ts";
import { spentCodes } from "./money-schema.ts";
import { stays, ticketPrints, tickets } from "./schema.ts";

/** What becomes of tickets and codes, asked for every one that is shown at any lane or desk. */
export function ticketCodeQueries(db: GateDatabase) {
  const ticket = db
    .select({ voidedAt: tickets.voidedAt, replacedBy: tickets.replacedBy, status: stays.status })
    .from(tickets)
    .innerJoin(stays, eq(stays.id, tickets.stayId))
    .where(eq(tickets.number, sql.placeholder("number")))
    .prepare();
  const spent = db
    .select({ at: spentCodes.at })
    .from(spentCodes)
    .where(eq(spentCodes.code, sql.placeholder("code")))
    .prepare();
  const copies = db
    .select({ n: count() })
    .from(ticketPrints)
    .innerJoin(stays, eq(stays.id, ticketPrints.stayId))
    .where(
      and(
        eq(ticketPrints.stayId, sql.placeholder("stayId")),
        eq(ticketPrints.step, "printed"),
        ne(ticketPrints.lane, stays.entryLane),
      ),
    )
    .prepare();
  return {
    /** `void` = replaced, taken back or of a stay that never was; `spent` = its vehicle has left. */
    ticketState: (number: TicketNumber): "unknown" | "live" | "void" | "spent" => {
      const row = ticket.get({ number });
      if (row === undefined) return "unknown";
      if (row.voidedAt !== null || row.replacedBy !== null || row.status === "void") return "void";
      return row.status === "closed" ? "spent" : "live";
    },
    /** Whether a code that is good for once has been used, at whatever lane. */
    isSpent: (serial: string): boolean => spent.get({ code: serial }) !== undefined,
    /** How many copies of a stay's ticket were printed: all that did not come out where it came in. */
    ticketPrints: (stayId: StayId): number => copies.get({ stayId })?.n ?? 0,
  };
}
