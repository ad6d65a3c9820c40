import { and, eq, sql, sum } from "drizzle-orm";
import type { StayAccount } from "@parkme/shared/domain/stay-account";
import type { PricedRight } from "@parkme/shared/pricing/quote-model";
import { rights } from "./list-schema.ts";
import { CURRENT_LIST } from "./lists.ts";
import type { GateDatabase } from "./open.ts";
import { stays } from "./schema.ts";

/** How much a pass pays for, as the tariff has it: so many minutes since the beginning of the period. */
export type PassQuota = { readonly quotaMinutes: number | null; readonly sinceMs: number };

const NOTHING_KEPT = { fromMs: null, untilMs: null, pass: null };

/** What pays for a stay in place of money. */
export function rightPricing(db: GateDatabase) {
  const listed = db
    .select({
      fromMs: sql<number>`coalesce(${rights.reservedFrom}, ${rights.validFrom})`,
      untilMs: rights.validUntil,
      pass: rights.pass,
    })
    .from(rights)
    .where(
      and(
        eq(rights.listId, CURRENT_LIST),
        eq(rights.kind, sql.placeholder("kind")),
        eq(rights.id, sql.placeholder("id")),
      ),
    )
    .prepare();
  const kept = db
    .select({ fromMs: stays.rightFrom, untilMs: stays.rightUntil, pass: stays.rightPass })
    .from(stays)
    .where(eq(stays.id, sql.placeholder("stayId")))
    .prepare();
  const used = db
    .select({ minutes: sum(stays.passMinutes) })
    .from(stays)
    .where(
      sql`${stays.rightId} = ${sql.placeholder("id")} and ${stays.exitAt} >= ${sql.placeholder("since")} and ${stays.passMinutes} > 0 and ${stays.rightKind} = 'permit'`,
    )
    .prepare();
  return {
    /**
     * The right of a stay as it is priced; null = it has none. What the lists know no more pays as it did when the stay
     * was begun: it was good when it let the vehicle in, and no longer than it was then. Minutes of a pass are counted
     * when stays end.
     *
     * @param quotaOf what the tariff says of a pass; null = it does not know it, and pricing will refuse it.
     */
    pricedRight: (
      { right, stayId }: Pick<StayAccount, "right" | "stayId">,
      quotaOf: (pass: string) => PassQuota | null,
    ): PricedRight | null => {
      if (right === null) return null;
      const { fromMs, untilMs, pass } = listed.get(right) ?? kept.get({ stayId }) ?? NOTHING_KEPT;
      // Stays of before have not kept it.
      if (fromMs === null || untilMs === null) return { kind: "covered", untilMs: null };
      if (right.kind === "reservation") return { kind: "reservation", fromMs, untilMs };
      if (pass === null) return { kind: "covered", untilMs };
      const quota = quotaOf(pass);
      const quotaMinutes = quota?.quotaMinutes ?? null;
      if (quota === null || quotaMinutes === null)
        return { kind: "pass", pass, untilMs, remainingMinutes: null };
      const minutes = Number(used.get({ id: right.id, since: quota.sinceMs })?.minutes ?? 0);
      return { kind: "pass", pass, untilMs, remainingMinutes: Math.max(0, quotaMinutes - minutes) };
    },
  };
}
