import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { EventOf, Lane, LaneTable, Row, Step, StepContext } from "./machine/model.ts";
import { armedCells, decidingCells, deniedCells, deny, idleRow, waitingCells } from "./machine/approach.ts";
import { grant, passageRows } from "./machine/passage.ts";
import { readsOf } from "./machine/reads.ts";
import { recoveryRows, vendAtFault, vendWith } from "./machine/recovery.ts";
import { missedExit, newStay } from "./machine/record.ts";

/** The entry lane: a vehicle is let in when there is room, under a stay that is provisional until it passed. */

function decide(lane: Lane, event: EventOf<"facts">, ctx: StepContext): Step {
  const { facts } = event;
  if (facts.direction !== "entry") throw new Error("an entry lane was given an exit's facts");
  if (facts.stay?.status === "provisional") return admitAgain(lane, facts.stay, ctx);
  if (facts.taken >= facts.capacity) return deny(lane, "Full. Please turn round", ctx);
  const begun = newStay(facts.plate, ctx);
  const records: GateRecord[] = [...missedExit(facts), { type: "stay_started", stay: begun }];
  return grant(lane, { kind: "stay", stay: begun, plate: facts.plate, countsAtGrant: null }, records, ctx);
}

/** The vehicle was admitted before a restart and stands here still: the same stay, not a second one. */
function admitAgain(lane: Lane, begun: NonNullable<Lane["stay"]>, ctx: StepContext): Step {
  return grant(lane, { kind: "stay", stay: begun, plate: begun.plate, countsAtGrant: null }, [], ctx);
}

/** A vehicle let in by hand has a stay like any other, with the plate if one was read. */
function vend(lane: Lane, event: EventOf<"vend">, ctx: StepContext): Step {
  const begun = newStay(lane.plate ?? ctx.vote(readsOf(lane, ctx), true), ctx);
  const records: GateRecord[] = [{ type: "stay_started", stay: begun }];
  return vendWith(
    lane,
    { kind: "vend", stay: begun, plate: begun.plate, countsAtGrant: null },
    records,
    event,
    ctx,
  );
}

/** An entry asks for no money. */
const unused: Row = { ...waitingCells, arming_on: "unexpected", arming_off: "unexpected", vend };

export const entryLane = {
  ...passageRows,
  ...recoveryRows,
  IDLE: idleRow,
  ARMED: { ...armedCells, vend },
  DECIDING: { ...decidingCells, facts: decide },
  DENIED: { ...deniedCells, vend },
  FAULT: { ...recoveryRows.FAULT, vend: vendAtFault(vend) },
  PAYING: unused,
} as const satisfies LaneTable;
