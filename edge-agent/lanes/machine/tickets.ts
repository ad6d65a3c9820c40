import type { Credit, GateRecord, LaneOrder, StayInHand } from "@parkme/shared/domain/gate-record";
import type { JobId } from "@parkme/shared/domain/ids";
import type { EventOf, Lane, Row, Step, StepContext } from "./model.ts";
import { andThen, enterWaiting, stay, withTimer } from "./moves.ts";
import { deny, PRESS, waitingCells } from "./approach.ts";
import { takeBackTicket } from "./doubt.ts";
import { countsBeforePassage, grant } from "./passage.ts";
import { voidOf } from "./record.ts";
import { rest } from "./rest.ts";

/**
 * Rows 7 and 11 to 15: the ticket comes before the opening. The stay has begun and its credit is in hand, so that a
 * crash meanwhile leaves nothing behind that nobody knows of; the arm moves when the ticket is taken.
 */

/** A print job is not begun after this: the vehicle may be gone. */
const PRINT_DEADLINE_MS = 5_000;
/** A printer that failed is tried again for the same vehicle after this, or when the driver asks. */
const PRINT_AGAIN_MS = 30_000;

const NO_TICKET = "No ticket. Please call the attendant";

/** Row 7: begins the stay and prints its ticket. */
export function print(lane: Lane, begun: StayInHand, records: readonly GateRecord[], ctx: StepContext): Step {
  if (lane.alarms.includes("printer")) return printerIsDown(lane, begun, records, ctx);
  const jobId = ctx.mint.next<JobId>(ctx.now.wallMs);
  const credit: Credit = {
    kind: "stay",
    stay: begun,
    plate: begun.plate,
    countsAtGrant: countsBeforePassage(lane),
  };
  const printing = enterWaiting(lane, "PRINTING", ctx, {
    credit,
    stay: begun,
    plate: begun.plate,
    unresolved: null,
    ticket: { jobId, printed: false },
    display: "Printing your ticket",
  });
  return stay(withTimer(printing, "take", ctx.config.timers.takeMs, ctx), {
    records: [...records, ticketRecord(jobId, begun, "begun", "")],
    orders: [{ kind: "print", jobId, stay: begun, deadlineMs: ctx.now.monotonicMs + PRINT_DEADLINE_MS }],
  });
}

/** Edge case 16: nothing is printed, so nothing begins that would have to be voided. */
function printerIsDown(
  lane: Lane,
  begun: StayInHand,
  records: readonly GateRecord[],
  ctx: StepContext,
): Step {
  if (!entersWithoutTicket(begun, ctx)) return deny(lane, NO_TICKET, ctx);
  return grant(lane, { kind: "stay", stay: begun, plate: begun.plate, countsAtGrant: null }, records, ctx);
}

/** By policy, and by its plate: a driver with neither is never let in silently. */
function entersWithoutTicket({ plate }: StayInHand, ctx: StepContext): boolean {
  return ctx.config.policy.printerFailure === "admit" && plate !== null;
}

type Ticket = Extract<GateRecord, { type: "ticket" }>;

function ticketRecord(
  jobId: JobId,
  { stayId }: StayInHand,
  step: Ticket["step"],
  detail: string,
): GateRecord {
  return { type: "ticket", jobId, stayId, step, detail };
}

/** The credit and the stay of a lane that prints. */
function inHand(lane: Lane, jobId: JobId): { credit: Credit; begun: StayInHand } | null {
  const { credit, ticket } = lane;
  if (credit === null || credit.stay === null || ticket?.jobId !== jobId) return null;
  return { credit, begun: credit.stay };
}

/** Row 11. A printer that does not hold the paper cannot tell when it is taken: the arm opens at once. */
function printed(lane: Lane, { jobId, held }: EventOf<"printed">, ctx: StepContext): Step {
  const mine = inHand(lane, jobId);
  if (mine === null) return stay(lane);
  const records = [ticketRecord(jobId, mine.begun, "printed", "")];
  if (!held) return grant(lane, mine.credit, records, ctx);
  const waiting = enterWaiting(lane, "WAIT_TAKE", ctx, {
    ticket: { jobId, printed: true },
    display: "Please take your ticket",
  });
  return stay(withTimer(waiting, "take", ctx.config.timers.takeMs, ctx), { records });
}

/** Row 14. */
function taken(lane: Lane, { jobId }: EventOf<"taken">, ctx: StepContext): Step {
  const mine = inHand(lane, jobId);
  if (mine === null) return stay(lane);
  return grant(lane, mine.credit, [ticketRecord(jobId, mine.begun, "taken", "")], ctx);
}

/** Row 12: by policy it comes in by its plate; else its number is void and the next try has another. */
function printFailed(lane: Lane, event: EventOf<"print_failed">, ctx: StepContext): Step {
  const { jobId, reason, mayBeOut } = event;
  const mine = inHand(lane, jobId);
  if (mine === null) return stay(lane);
  const failed = ticketRecord(jobId, mine.begun, "failed", reason);
  if (entersWithoutTicket(mine.begun, ctx)) return grant(lane, mine.credit, [failed], ctx);
  const records = [failed, ...voidOf(lane, mine.credit, "ticket not printed", ctx)];
  const orders: LaneOrder[] = mayBeOut ? [{ kind: "retract", jobId }] : [];
  return andThen(stay(withoutStay(lane), { records, orders }), (l) =>
    deny(l, NO_TICKET, ctx, { againMs: PRINT_AGAIN_MS }),
  );
}

function withoutStay(lane: Lane): Lane {
  return { ...lane, credit: null, stay: null, ticket: null };
}

/** The printer has said nothing for too long: whether the ticket is out, nobody knows. */
function printOverdue(lane: Lane, _event: object, ctx: StepContext): Step {
  const { ticket } = lane;
  if (ticket === null) throw new Error("PRINTING without a ticket");
  const { jobId } = ticket;
  const gone = {
    kind: "print_failed",
    jobId,
    reason: "the printer does not answer",
    mayBeOut: true,
  } as const;
  return printFailed(lane, gone, ctx);
}

/** Takes the ticket back and voids its stay. */
function retract(lane: Lane, why: string, ctx: StepContext): Step {
  const records = voidOf(lane, lane.credit, why, ctx);
  return andThen(takeBackTicket(lane, why), (l) => stay(withoutStay(l), { records }));
}

/** Row 15: the driver may ask again; what the cameras saw so far does not ask for him. */
function notTaken(lane: Lane, _event: object, ctx: StepContext): Step {
  return andThen(retract(lane, "ticket not taken", ctx), (l) => {
    const armed = enterWaiting({ ...l, reads: [] }, "ARMED", ctx, { display: PRESS });
    return stay(withTimer(armed, "read", ctx.config.timers.readMs, ctx));
  });
}

/** Row 13. */
function leavesTicket(lane: Lane, _event: object, ctx: StepContext): Step {
  if (lane.inputs.safety !== "off") return stay(lane);
  return andThen(retract(lane, "backed out", ctx), (l) => rest({ ...l, reads: [] }, ctx));
}

const ticketCells = {
  ...waitingCells,
  back_due: leavesTicket,
  taken,
} as const satisfies Partial<Row>;

/** Without the vend, which is the entry's. */
export const ticketRows = {
  PRINTING: { ...ticketCells, printed, print_failed: printFailed, take_due: printOverdue },
  WAIT_TAKE: { ...ticketCells, take_due: notTaken },
} as const satisfies Record<"PRINTING" | "WAIT_TAKE", Omit<Row, "vend">>;
