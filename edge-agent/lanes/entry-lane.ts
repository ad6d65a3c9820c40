import type { Credit, GateRecord } from "@parkme/shared/domain/gate-record";
import type { EventOf, Lane, LaneTable, Row, Step, StepContext } from "./machine/model.ts";
import { decideEntry } from "./machine/admission.ts";
import { armedCells, decidingCells, deniedCells, idleRow, waitingCells } from "./machine/approach.ts";
import { heldOpenRow } from "./machine/held-open.ts";
import { passageRows } from "./machine/passage.ts";
import { readsOf } from "./machine/reads.ts";
import { recoveryRows, vendAtFault, vendDegraded, vendWith } from "./machine/recovery.ts";
import { newStay, stayStarted } from "./machine/record.ts";
import { degradedRow, stoppedRow } from "./machine/standstill.ts";
import { ticketRows } from "./machine/tickets.ts";

/** The entry lane: a vehicle is let in when there is room, under a stay that is provisional until it passed. */

/** A vehicle let in by hand has a stay like any other, with the plate if one was read. */
function vend(lane: Lane, event: EventOf<"vend">, ctx: StepContext): Step {
  const plate = lane.plate ?? ctx.vote(readsOf(lane, ctx), true);
  const begun = ctx.config.inner ? null : newStay(plate, ctx);
  const records: GateRecord[] = begun === null ? [] : [stayStarted(begun, lane.credential, ctx)];
  return vendWith(lane, { kind: "vend", stay: begun, plate, countsAtGrant: null }, records, event, ctx);
}

/** The ticket is on its way: the stay that was begun with it is let in. */
function vendTicket(lane: Lane, event: EventOf<"vend">, ctx: StepContext): Step {
  const credit: Credit | null = lane.credit;
  if (credit === null) return vend(lane, event, ctx);
  return vendWith(lane, { ...credit, kind: "vend" }, [], event, ctx);
}

/** An entry asks for no money. */
const unused: Row = { ...waitingCells, arming_on: "unexpected", arming_off: "unexpected", vend };

export const entryLane = {
  ...passageRows,
  ...recoveryRows,
  ...ticketRows,
  IDLE: idleRow,
  ARMED: { ...armedCells, vend },
  DECIDING: { ...decidingCells, facts: decideEntry },
  DENIED: { ...deniedCells, vend },
  PRINTING: { ...ticketRows.PRINTING, vend: vendTicket },
  WAIT_TAKE: { ...ticketRows.WAIT_TAKE, vend: vendTicket },
  HELD_OPEN: heldOpenRow,
  STOPPED: stoppedRow,
  DEGRADED: { ...degradedRow, vend: vendDegraded(vend) },
  FAULT: { ...recoveryRows.FAULT, vend: vendAtFault(vend) },
  PAYING: unused,
  PAY_UNKNOWN: unused,
} as const satisfies LaneTable;
