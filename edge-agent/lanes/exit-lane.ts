import type { Credit, StayInHand } from "@parkme/shared/domain/gate-record";
import type { EventOf, ExitFacts, Lane, LaneTable, Row, Step, StepContext } from "./machine/model.ts";
import {
  armedCells,
  decidingCells,
  deniedCells,
  deny,
  dueChanged,
  idleRow,
  waitingCells,
} from "./machine/approach.ts";
import { abandon, giveBack } from "./machine/attempts.ts";
import { heldOpenRow } from "./machine/held-open.ts";
import { BY_MODE, holdOpen } from "./machine/hold.ts";
import { identify, noteChosen } from "./machine/identify.ts";
import { andThen } from "./machine/moves.ts";
import { grant, passageRows } from "./machine/passage.ts";
import {
  askForPayment,
  cashWhileDenied,
  paymentRows,
  settleFirst,
  waitForCharge,
} from "./machine/payment.ts";
import { readsOf } from "./machine/reads.ts";
import { recoveryRows, vendAtFault, vendDegraded, vendWith } from "./machine/recovery.ts";
import { degradedRow, stoppedRow } from "./machine/standstill.ts";

/** The exit lane: a vehicle is let out when its stay is found and nothing is due any more. */

const CALL = "Please call the attendant";

function decide(lane: Lane, event: EventOf<"facts">, ctx: StepContext): Step {
  return andThen(noteChosen(lane, exitFactsOf(event)), (l) => {
    if (l.mode === "closed" || l.mode === "closed_to_all")
      return deny(l, "Lane closed. Please use another lane", ctx);
    return judge(l, exitFactsOf(event), ctx);
  });
}

/** Who was asked to pay here may do so, though the lane was closed meanwhile. */
const decideAnew = settleFirst((lane, event, ctx) =>
  andThen(noteChosen(lane, exitFactsOf(event)), (l) => judge(l, exitFactsOf(event), ctx)),
);

function exitFactsOf({ facts }: EventOf<"facts">): ExitFacts {
  if (facts.direction !== "exit") throw new Error("an exit lane was given an entry's facts");
  return facts;
}

function judge(lane: Lane, facts: ExitFacts, ctx: StepContext): Step {
  if (lane.mode === "held_open") return holdOpen(lane, BY_MODE, ctx);
  const { match } = facts;
  if (match.kind === "none")
    return deny(unknownOnly(lane, facts), `No stay found for ${shown(facts)}. ${CALL}`, ctx);
  if (match.kind === "several") return deny(lane, `More than one stay fits ${shown(facts)}. ${CALL}`, ctx);
  const { stay } = match;
  // Out of a zone, not out of the facility: nothing is due yet.
  if (ctx.config.inner) return grant(lane, creditFor(stay, facts.plate), [], ctx);
  if (stay.due === null) return deny(lane, facts.pricingRefusal ?? CALL, ctx, { found: stay });
  if (stay.due.amountMinor === 0)
    return grant(giveBack(lane, stay.stayId), creditFor(stay, facts.plate), [], ctx);
  return match.chargedAt === null
    ? askForPayment(lane, stay, ctx)
    : waitForCharge(lane, stay, match.chargedAt, ctx);
}

function shown({ credential, plate }: ExitFacts): string {
  return credential?.text ?? plate ?? "you";
}

/** Who showed something that nobody knows may still go out by its plate. */
function unknownOnly(lane: Lane, { credential }: ExitFacts): Lane {
  return credential === null ? lane : { ...lane, plate: null };
}

function creditFor(inHand: StayInHand, plate: string | null): Credit {
  return { kind: "stay", stay: inHand, plate: plate ?? inHand.plate, countsAtGrant: null };
}

/**
 * Lets a vehicle out by hand. If its stay was found, the stay ends here, paid or not; what the terminal still
 * takes for it counts as paid.
 */
function vend(lane: Lane, event: EventOf<"vend">, ctx: StepContext): Step {
  const plate = lane.plate ?? ctx.vote(readsOf(lane, ctx), true);
  return andThen(abandon(lane, true, ctx), (l) =>
    vendWith(l, { kind: "vend", stay: l.stay, plate, countsAtGrant: null }, [], event, ctx),
  );
}

/** An exit prints no ticket. */
const unused: Row = { ...waitingCells, arming_on: "unexpected", arming_off: "unexpected", vend };

export const exitLane = {
  ...passageRows,
  ...recoveryRows,
  IDLE: idleRow,
  ARMED: { ...armedCells, vend, identify },
  DECIDING: { ...decidingCells, facts: decide },
  DENIED: { ...deniedCells, vend, identify, due_changed: dueChanged, cash: cashWhileDenied },
  PRINTING: unused,
  WAIT_TAKE: unused,
  PAYING: { ...paymentRows.PAYING, vend, facts: decideAnew },
  PAY_UNKNOWN: { ...paymentRows.PAY_UNKNOWN, vend, facts: decideAnew },
  HELD_OPEN: heldOpenRow,
  STOPPED: stoppedRow,
  DEGRADED: { ...degradedRow, vend: vendDegraded(vend) },
  FAULT: { ...recoveryRows.FAULT, vend: vendAtFault(vend) },
} as const satisfies LaneTable;
