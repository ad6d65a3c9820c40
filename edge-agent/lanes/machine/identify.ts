import type { EventOf, ExitFacts, Lane, Step, StepContext } from "./model.ts";
import { DONE, stay } from "./moves.ts";
import { nobodyToIdentify } from "./anywhere.ts";
import { ask, isLeaving } from "./approach.ts";
import { readsOf } from "./reads.ts";

/** An attendant says which stay the vehicle at the closed arm of an exit is: no plate, no ticket, a misread one. */

/** The lane decides anew, by the attendant's word in place of what was read or shown. */
export function identify(lane: Lane, event: EventOf<"identify">, ctx: StepContext): Step {
  if (isLeaving(lane)) return nobodyToIdentify(lane);
  const { stayId, actor, reason } = event;
  const told: Lane = { ...lane, chosen: { stayId, by: { actor, reason } }, declines: 0, display: "" };
  const plate = lane.plate ?? ctx.vote(readsOf(lane, ctx), true);
  return { ...ask(told, plate, lane.credential, ctx), reply: DONE };
}

/** Writes down who said so, once the stay is found. A word that leads nowhere counts for nothing any more. */
export function noteChosen(lane: Lane, { match }: ExitFacts): Step {
  const { chosen } = lane;
  if (chosen === null) return stay(lane);
  const { stayId, by } = chosen;
  if (match.kind !== "one") {
    const unknown = { ok: false, code: "no_stay", message: "This stay is not inside." } as const;
    return stay({ ...lane, chosen: null }, { reply: by === null ? null : unknown });
  }
  if (by === null) return stay(lane);
  return stay(
    { ...lane, chosen: { stayId, by: null } },
    { records: [{ type: "identified", stayId, ...by }] },
  );
}
