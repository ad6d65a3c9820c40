import type { Credit, StayInHand } from "@parkme/shared/domain/gate-record";
import type { EntryFacts, EventOf, Lane, Right, Step, StepContext } from "./model.ts";
import { andThen, raise, stay } from "./moves.ts";
import { deny } from "./approach.ts";
import { BY_MODE, holdOpen } from "./hold.ts";
import { grant } from "./passage.ts";
import { missedExit, newStay, stayStarted } from "./record.ts";
import { print } from "./tickets.ts";

/** Rows 6 to 9 at an entry: who is let in, under what right, and with a ticket or without. */

const CALL = "Please call the attendant";
const TURN_ROUND = "Please turn round";

/** The store answers within the turn, so T_dec of row 9 needs no timer: it refuses, or the lane decides. */
export function decideEntry(lane: Lane, event: EventOf<"facts">, ctx: StepContext): Step {
  const { facts } = event;
  if (facts.direction !== "entry") throw new Error("an entry lane was given an exit's facts");
  if (lane.mode === "held_open") return holdOpen(lane, BY_MODE, ctx);
  return andThen(alert(lane, facts), (l) => {
    const why = refusal(l, facts, ctx);
    if (why !== null) return deny(strangerOnly(l, facts), why, ctx);
    return ctx.config.inner ? letThrough(l, facts, ctx) : letIn(l, facts, ctx);
  });
}

/** Edge cases 40 and 41: told once for each vehicle; the driver hears nothing of a watch list. */
function alert(lane: Lane, { listed, plate, credential }: EntryFacts): Step {
  if (listed === null || listed === lane.alerted) return stay(lane);
  return raise({ ...lane, alerted: listed }, listed, `${plate ?? credential?.text ?? "?"} is on a list`);
}

/** Who showed something that nobody knows may still come in by its plate. */
function strangerOnly(lane: Lane, { right, credential }: EntryFacts): Lane {
  return credential !== null && right === null ? { ...lane, plate: null } : lane;
}

/** Why the vehicle is not let in, in words for its driver; null when it is. */
function refusal(lane: Lane, facts: EntryFacts, ctx: StepContext): string | null {
  const { listed, stay: own, right, credential, plate } = facts;
  if (listed === "blocked") return CALL;
  if (lane.mode === "closed_to_all") return `Closed. ${TURN_ROUND}`;
  const { inner, policy, ticket } = ctx.config;
  if (inner && own === null) return `No stay found. ${CALL}`;
  if (!inner) {
    // Admitted before a restart, and here still.
    if (own?.status === "provisional") return null;
    if (own !== null && policy.passback === "hard" && !facts.neutral) return `Already inside. ${CALL}`;
    if (credential !== null && right === null) return `Not known. ${CALL}`;
  }
  const valid = validRight(right);
  const words = right?.refused ?? null;
  if (lane.mode === "closed" && valid?.kind !== "permit") return words ?? `Closed. ${TURN_ROUND}`;
  if (lane.mode === "full" && valid === null) return words ?? `Full. ${TURN_ROUND}`;
  if (facts.full !== null && valid?.room !== true) return `Full. ${TURN_ROUND}`;
  // Nobody could tell at the exit who this was.
  const nameless = valid === null && plate === null && ticket === "never" && !inner;
  return nameless ? (words ?? `Plate not read. ${CALL}`) : null;
}

/** A right that does not hold here and now is none: its owner comes in like anybody (edge case 34). */
function validRight(right: Right | null): Right | null {
  return right?.refused === null ? right : null;
}

function letIn(lane: Lane, facts: EntryFacts, ctx: StepContext): Step {
  const { plate, stay: own } = facts;
  if (own?.status === "provisional") return grant(lane, creditOf(own, own.plate), [], ctx);
  const valid = validRight(facts.right);
  const begun = newStay(plate, ctx, valid === null ? null : { kind: valid.kind, id: valid.id });
  const records = [...missedExit(facts), stayStarted(begun, facts.credential, ctx)];
  const flagged = own !== null && ctx.config.policy.passback === "soft" && !facts.neutral;
  const l: Lane = { ...lane, review: flagged ? "passback" : null };
  const { ticket } = ctx.config;
  const prints = valid === null && (ticket === "always" || (ticket === "no_plate" && plate === null));
  return prints ? print(l, begun, records, ctx) : grant(l, creditOf(begun, plate), records, ctx);
}

/** From one zone of the facility into the next: the same stay goes on. */
function letThrough(lane: Lane, { stay: own, plate }: EntryFacts, ctx: StepContext): Step {
  return grant(lane, creditOf(own, plate ?? own?.plate ?? null), [], ctx);
}

function creditOf(own: StayInHand | null, plate: string | null): Credit {
  return { kind: "stay", stay: own, plate, countsAtGrant: null };
}
