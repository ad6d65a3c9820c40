import { Hono } from "hono";
import { z } from "zod";
import { problem } from "@parkme/shared/domain/errors";
import { requireRunner } from "../accounts/guard.ts";
import { runsFacility } from "../accounts/principal.ts";
import type { Db } from "../db/connection.ts";
import { sendProblem, type AppEnv } from "../http.ts";
import { readDayTotals } from "./queries.ts";
import { formatSum } from "./rules.ts";

const daySchema = z.object({ facility: z.uuid(), date: z.iso.date().refine((date) => date >= "1900") });

/** `GET /api/reports/day?facility={id}&date=YYYY-MM-DD`: what one calendar day of a facility adds up to. */
export function reportRoutes({ db }: { readonly db: Db }): Hono<AppEnv> {
  const routes = new Hono<AppEnv>({ strict: false });
  routes.get("/api/reports/day", requireRunner(), async (c) => {
    const query = daySchema.safeParse(c.req.query());
    if (!query.success) {
      const field = query.error.issues[0]?.path.join(".");
      return sendProblem(
        c,
        problem(400, "invalid", "facility (an id) and date (YYYY-MM-DD) are needed", field),
      );
    }
    const { facility, date } = query.data;
    const runs = runsFacility(c.get("session").principal, facility.toLowerCase());
    const totals = runs ? await readDayTotals(db, facility, date) : null;
    if (totals === null) return sendProblem(c, problem(404, "no_such_facility", "there is no such facility"));
    const money = ({ currency, amount_minor, ...rest }: { currency: string; amount_minor: string }) => ({
      amount: formatSum(amount_minor, currency),
      currency,
      ...rest,
    });
    return c.json({
      facility: totals.facility,
      date,
      movements: totals.movements,
      stays: Object.fromEntries(totals.stays.map(({ status, count }) => [status, count])),
      fees: totals.fees.map(money),
      payments: totals.payments.map(money),
    });
  });
  return routes;
}
