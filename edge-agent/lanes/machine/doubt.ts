import type { GateRecord, LaneOrder } from "@parkme/shared/domain/gate-record";
import type { EventOf, Lane, Step, StepContext } from "./model.ts";
import {
  andThen,
  command,
  enter,
  guardsClear,
  inputsDark,
  over,
  passageUnderWay,
  raise,
  stay,
} from "./moves.ts";
import { abandon } from "./attempts.ts";
import { beginIfUnder, holdOpen, holdRecord } from "./hold.ts";
import { commitPassage } from "./record.ts";

/** How a lane stops trusting what it knows. It commands nothing until inputs or a person put it right. */

const OUT_OF_ORDER = "Out of order. Please call the attendant";

/** The arm does not do as told. A person resets it; the credit in hand is resolved, not lost. */
export function fault(lane: Lane, why: string, ctx: StepContext): Step {
  return andThen(raise(lane, "arm_fault", why), (l) => giveUp(l, "FAULT", why, ctx));
}

/** The board is silent: nothing moves until its inputs are proven again (safety invariants 7 and 8). */
export function loseSight(lane: Lane, { reason }: EventOf<"lost">, ctx: StepContext): Step {
  return andThen(raise(lane, "sensor_stale", reason), (l) => giveUp(l, "UNKNOWN", reason, ctx));
}

/** A state that a person has to end goes on without sight. */
export function losesSightHere(lane: Lane, { reason }: { readonly reason: string }): Step {
  return raise(lane, "sensor_stale", reason);
}

/** Somebody raised the arm by hand or key switch. Whoever passes now is recorded as uncontrolled. */
export function forced(lane: Lane, _event: object, ctx: StepContext): Step {
  const why = "the arm was opened without a command";
  return andThen(raise(lane, "forced", why), (l) => giveUp(l, "UNKNOWN", why, ctx));
}

/**
 * Row 32: some sensor is unknown. An arm that comes down meanwhile is reopened if it was a guard, and then it is
 * the site's policy whether the lane holds still or stays open.
 */
export function goStale(lane: Lane, { reason }: EventOf<"stale">, ctx: StepContext): Step {
  return andThen(raise(lane, "sensor_stale", reason), (l) => {
    const comesDown = l.state === "CLOSING" && !guardsClear(l, ctx);
    // At a start nothing moves, whatever the policy.
    if (ctx.config.policy.outage === "open" && l.state !== "UNKNOWN")
      return holdOpen(l, { cause: "policy", actor: null, reason }, ctx, comesDown);
    const degraded = giveUp(l, "DEGRADED", reason, ctx);
    return comesDown ? andThen(degraded, (d) => openNow(d, ctx)) : degraded;
  });
}

function openNow(lane: Lane, ctx: StepContext): Step {
  const open = command("open", ctx, 1, true);
  return stay({ ...lane, command: open.pending }, { commands: [open.command] });
}

/** Row 34: the relays are let go, whatever the disk says, and nothing moves until a person resets. */
export function stops(lane: Lane, _event: object, ctx: StepContext): Step {
  const why = "STOP was pressed";
  const release = command("stop", ctx, 1, true);
  return andThen(raise(lane, "stopped", why), (l) =>
    andThen(giveUp(l, "STOPPED", why, ctx), (s) =>
      stay({ ...s, command: release.pending }, { commands: [release.command] }),
    ),
  );
}

/** Sight is back: the alarm ends. */
export function sees(lane: Lane): Step {
  return over(lane, "sensor_stale");
}

/**
 * Lets go of the vehicle in hand. What it was granted is in doubt, not lost; its payment and its ticket are taken
 * back; of a passage under way nobody knows yet how it ends.
 */
export function giveUp(
  lane: Lane,
  state: "FAULT" | "UNKNOWN" | "DEGRADED" | "STOPPED",
  why: string,
  ctx: StepContext,
): Step {
  // A passage that is over is written now.
  const before = lane.state === "CLEARING" ? commitPassage(lane, ctx) : stay(lane);
  return andThen(before, (l) =>
    andThen(takeBackTicket(l, why), (dropped) =>
      andThen(abandon(dropped, false, ctx), (free) => {
        const held: GateRecord[] =
          free.heldBy === null ? [] : [holdRecord(false, { cause: free.heldBy, actor: null, reason: why })];
        const given = enter(free, state, ctx, {
          unresolved: free.credit ?? free.unresolved,
          credit: null,
          passage: passageUnderWay(free),
          stay: null,
          plate: null,
          credential: null,
          chosen: null,
          refusedCodes: 0,
          declines: 0,
          alerted: null,
          display: OUT_OF_ORDER,
          trouble: why,
        });
        const standing = state === "DEGRADED" || state === "STOPPED";
        return stay(standing ? beginIfUnder(given, ctx) : given, { records: held });
      }),
    ),
  );
}

/** The ticket on its way to the driver is pulled back or dropped; its number counts for nothing. */
export function takeBackTicket(lane: Lane, why: string): Step {
  const { ticket, credit } = lane;
  const stayId = credit?.stay?.stayId;
  if (ticket === null || stayId === undefined) return stay({ ...lane, ticket: null });
  const { jobId } = ticket;
  const records: GateRecord[] = [{ type: "ticket", jobId, stayId, step: "retracted", detail: why }];
  const orders: LaneOrder[] = [{ kind: "retract", jobId }];
  return stay({ ...lane, ticket: null }, { records, orders });
}

/**
 * What a lane does when the disk refuses what it decided (edge case 46): nothing of it, but for commands that
 * keep people safe, which leave all the same. By policy it opens and stays open, or it holds still. Either way it
 * takes its inputs anew, and what it had in hand is in doubt. Its records may be lost, as the others were.
 */
export function outage(lane: Lane, policy: "hold" | "open", reason: string, ctx: StepContext): Step {
  const inputs = Object.fromEntries(
    Object.keys(lane.inputs).map((input) => [input, "unknown"]),
  ) as Lane["inputs"];
  const { passage } = lane;
  // Written or not: when it is seen to be gone, it is taken for over.
  const unwritten = lane.state === "CLEARING" && passage !== null ? { ...passage, endedMs: null } : passage;
  const blinded: Lane = { ...askedLater(lane, ctx), inputs, counts: null, loopsProven: false };
  if (lane.state === "HELD_OPEN" || lane.state === "STOPPED") return stay({ ...blinded, trouble: reason });
  const doubtful: Lane = { ...blinded, state: "UNKNOWN", passage: unwritten };
  return policy === "open"
    ? holdOpen(doubtful, { cause: "policy", actor: null, reason }, ctx, true)
    : giveUp(doubtful, "UNKNOWN", reason, ctx);
}

/** The disk is asked again after this pause. */
const ASK_AGAIN_MS = 1_000;

/** What was due is due again, but later: a disk that goes on refusing must not be asked without a pause. */
function askedLater(lane: Lane, { now }: StepContext): Lane {
  const soonest = now.monotonicMs + ASK_AGAIN_MS;
  const timers = Object.fromEntries(
    Object.entries(lane.timers).map(([name, at]) => [name, at <= now.monotonicMs ? soonest : at]),
  );
  return { ...lane, timers };
}

/** Which state of doubt fits what is seen. */
export function doubtState(lane: Lane, ctx: StepContext): "UNKNOWN" | "DEGRADED" {
  return inputsDark(lane, ctx.config) ? "UNKNOWN" : "DEGRADED";
}
