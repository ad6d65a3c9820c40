import type { EdgeRows } from "../edge-rows.ts";
import type { EntryOf } from "../listeners.ts";
import type { MakeRule } from "../rule.ts";
import { groupBy } from "../tariff-versions.ts";
import type { TroubleKind } from "../troubles.ts";

/** A file that was put back, and one whose agent was shut out, may have forgotten what was booked; then the cloud tells. */
const FORGETFUL: ReadonlySet<TroubleKind> = new Set<TroubleKind>([
  "edge_restored",
  "second_agent",
  "cloud_restored",
]);

type Hands = { paid: number; given: number };

/**
 * The notes and coins that changed hands are the cash that is booked (edge cases 22, 44 and 45).
 *
 * - By attendant: what was handed over, less change and refunds, is the sum of the booked cash payments and refunds.
 * - By visit: nobody's cash is booked twice, and none that was not handed over.
 * - By shift: what should be in the drawer at its end is its float and the booked cash in it, and so is what its attendant
 *   counted; they are honest here, so a difference is a mistake of the books.
 *
 * Excused is nothing but what was lost with a file that was put back and that nobody else had: then what is booked may be
 * less, never more, and what is counted in a drawer something else.
 */
export const cash: MakeRule = ({ history, accuse }) => {
  const hands = new Map<string, Hands>();

  function moves({ actor, amountMinor, for: why }: EntryOf<"cash">): void {
    const own = hands.get(actor) ?? { paid: 0, given: 0 };
    hands.set(actor, own);
    if (why === "payment" || why === "change") own.paid += amountMinor;
    if (why === "refund") own.given -= amountMinor;
  }

  return {
    on: { cash: moves },
    end: ({ edge, step, atMs }) => {
      const tell = (message: string): void => accuse({ step, atMs, lane: null, visit: null, message });
      const forgetful = history.troubles.ever(FORGETFUL);
      compareByAttendant(hands, edge, forgetful, tell);
      for (const message of shiftProblems(edge, forgetful)) tell(message);
    },
  };
};

function compareByAttendant(
  hands: ReadonlyMap<string, Hands>,
  edge: EdgeRows,
  forgetful: boolean,
  tell: (message: string) => void,
): void {
  const paid = groupBy(
    edge.payments.filter(({ method }) => method === "cash"),
    ({ actor }) => actor,
  );
  const refunds = groupBy(
    edge.ledger.filter(({ kind, method }) => kind === "refund" && method === "cash"),
    ({ actor }) => actor,
  );
  for (const actor of new Set([...hands.keys(), ...paid.keys(), ...refunds.keys()])) {
    const own = hands.get(actor) ?? { paid: 0, given: 0 };
    const bookedPaid = sumOf(paid.get(actor) ?? []);
    const bookedGiven = sumOf(refunds.get(actor) ?? []);
    if (differs(own.paid, bookedPaid, forgetful))
      tell(`${actor} kept ${own.paid} in cash for payments, and ${bookedPaid} are booked`);
    if (differs(own.given, bookedGiven, forgetful))
      tell(`${actor} gave ${own.given} back in cash, and ${bookedGiven} are booked`);
  }
}

function differs(real: number, booked: number, forgetful: boolean): boolean {
  return forgetful ? booked > real : booked !== real;
}

function sumOf(rows: readonly { readonly amountMinor: number }[]): number {
  return rows.reduce((sum, { amountMinor }) => sum + amountMinor, 0);
}

/** What the file says of each drawer, added up once more. */
function shiftProblems({ shifts, ledger, drawerMoves }: EdgeRows, forgetful: boolean): readonly string[] {
  const entries = groupBy(ledger, ({ shiftId }) => shiftId);
  return shifts.flatMap((shift) => {
    const { id, attendant, floatMinor, expectedMinor, countedMinor } = shift;
    if (expectedMinor === null || countedMinor === null) return [];
    const booked = (entries.get(id) ?? [])
      .filter(({ method, kind }) => method === "cash" && CASH_KINDS.has(kind))
      .reduce((sum, { amountMinor }) => sum - amountMinor, 0);
    const moved = drawerMoves
      .filter(({ shiftId }) => shiftId === id)
      .reduce((sum, { kind, amountMinor }) => sum + (kind === "drop" ? -amountMinor : amountMinor), 0);
    const should = floatMinor + booked + moved;
    if (should !== expectedMinor)
      return [`the drawer of ${attendant} should hold ${should}, and the shift says ${expectedMinor}`];
    if (countedMinor !== expectedMinor && !forgetful)
      return [`${attendant} counted ${countedMinor}, and ${expectedMinor} should be in the drawer`];
    return [];
  });
}

const CASH_KINDS: ReadonlySet<string> = new Set(["payment", "change", "refund"]);
