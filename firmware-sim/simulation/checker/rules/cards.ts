import type { EdgeRows } from "../edge-rows.ts";
import type { EntryOf } from "../listeners.ts";
import type { MakeRule } from "../rule.ts";
import { groupBy } from "../tariff-versions.ts";
import type { TroubleKind } from "../troubles.ts";

const FORGETFUL: ReadonlySet<TroubleKind> = new Set<TroubleKind>([
  "edge_restored",
  "second_agent",
  "cloud_restored",
]);
/** What nobody knows yet. */
const IN_DOUBT: ReadonlySet<string> = new Set(["begun", "unknown", "reversing"]);

/**
 * Cards are charged what is booked, and nobody twice (edge cases 19 to 21). The terminals' own ledgers say what was
 * charged and undone.
 *
 * - Every charge that stands is one booked payment of that amount, by the key of its attempt; every booked card payment
 *   stands at its terminal. An attempt that is still in doubt when all has come to rest is not settled: that is wrong too.
 * - No attempt is charged twice, nor undone without having been charged.
 * - For one stay no two charges stand beyond what it was charged in all.
 */
export const cards: MakeRule = ({ history, accuse }) => {
  /** By attempt: what stands at the terminal. */
  const standing = new Map<string, { minor: number; readonly place: string; step: number; atMs: number }>();

  function charges({ kind, place, attemptId, amountMinor, step, atMs }: EntryOf<"charged">): void {
    const before = standing.get(attemptId)?.minor ?? 0;
    const after = kind === "charged" ? before + amountMinor : before - amountMinor;
    standing.set(attemptId, { minor: after, place, step, atMs });
    const where = { step, atMs, lane: place, visit: null };
    if (kind === "charged" && before > 0)
      accuse({
        ...where,
        message: `attempt ${attemptId} at ${place} is charged ${amountMinor} on top of ${before}`,
      });
    if (after < 0)
      accuse({ ...where, message: `attempt ${attemptId} at ${place} is undone, and was not charged` });
  }

  function judge(edge: EdgeRows, where: { readonly step: number; readonly atMs: number }): void {
    const forgetful = history.troubles.ever(FORGETFUL);
    const tell = (message: string, place: string | null): void =>
      accuse({ ...where, lane: place, visit: null, message });
    const booked = new Map(
      edge.payments.filter(({ method }) => method === "card").map((payment) => [payment.key, payment]),
    );
    const attempts = new Map(edge.attempts.map((attempt) => [attempt.id, attempt]));
    for (const [attemptId, { minor, place }] of standing) {
      const payment = booked.get(attemptId);
      if (minor === (payment?.amountMinor ?? 0) || (forgetful && payment === undefined)) continue;
      const status = attempts.get(attemptId)?.status ?? "not known";
      tell(
        `the terminal at ${place} has charged ${minor} for attempt ${attemptId}, and ${payment?.amountMinor ?? 0} are booked (${status})`,
        place,
      );
    }
    for (const payment of booked.values()) {
      if (standing.has(payment.key)) continue;
      tell(
        `a card payment of ${payment.amountMinor} at ${payment.lane} is booked, and no card was charged`,
        payment.lane,
      );
    }
    for (const { id, status, lane } of attempts.values())
      if (IN_DOUBT.has(status))
        tell(`attempt ${id} at ${lane} is still ${status} when all has come to rest`, lane);
    for (const message of chargedTwice(edge, standing)) tell(message, null);
  }

  return {
    on: { charged: charges, reversed: charges },
    end: ({ edge, step, atMs }) => judge(edge, { step, atMs }),
  };
};

function chargedTwice(
  edge: EdgeRows,
  standing: ReadonlyMap<string, { readonly minor: number }>,
): readonly string[] {
  const entries = groupBy(edge.ledger, ({ stayId }) => stayId);
  return [...groupBy(edge.attempts, ({ stayId }) => stayId)].flatMap(([stayId, attempts]) => {
    const charges = attempts.map(({ id }) => standing.get(id)?.minor ?? 0).filter((minor) => minor > 0);
    const sum = charges.reduce((all, minor) => all + minor, 0);
    const costs = (entries.get(stayId) ?? [])
      .filter(({ kind }) => kind === "charge")
      .reduce((all, { amountMinor }) => all + amountMinor, 0);
    if (charges.length < 2 || sum <= costs) return [];
    return [`stay ${stayId} was charged to cards ${charges.length} times, ${sum} in all, and costs ${costs}`];
  });
}
