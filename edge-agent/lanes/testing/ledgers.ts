import { isLasting, type AlarmKind } from "@parkme/shared/domain/alarm";
import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { AttemptId, JobId, StayId } from "@parkme/shared/domain/ids";
import type { AttemptStatus, TicketStep } from "@parkme/shared/domain/stay";
import { inDoubtAtStart } from "../machine/attempts.ts";
import type { Attempt } from "../machine/model.ts";

/** The parts of a book beside its stays: card payments, tickets, alarms. Each throws on what contradicts itself. */

/** What the book knows of one card payment. */
type BookedAttempt = {
  readonly stayId: StayId;
  readonly amountMinor: number;
  status: AttemptStatus;
  receipt: string | null;
  payments: number;
};

/** What may follow which step; nothing else may ever be written. */
const AFTER_ATTEMPT: Readonly<Record<AttemptStatus, readonly AttemptStatus[]>> = {
  begun: ["approved", "declined", "refused", "unknown", "reversing", "reversed"],
  unknown: ["approved", "declined", "refused", "reversing", "reversed"],
  reversing: ["reversed"],
  approved: [],
  declined: [],
  refused: [],
  reversed: [],
};
const AFTER_TICKET: Readonly<Record<TicketStep, readonly TicketStep[]>> = {
  begun: ["printed", "failed", "taken", "retracted"],
  printed: ["taken", "retracted"],
  failed: [],
  taken: [],
  retracted: [],
};

function follow<T extends string>(after: Readonly<Record<T, readonly T[]>>, from: T, to: T): void {
  if (!after[from].includes(to)) throw new Error(`${to} after ${from}`);
}

type RecordOf<T extends GateRecord["type"]> = Extract<GateRecord, { type: T }>;

export function createMoneyLedger() {
  const attempts = new Map<AttemptId, BookedAttempt>();
  const keys = new Set<string>();
  return {
    attempts: attempts as ReadonlyMap<AttemptId, BookedAttempt>,
    attempt: (record: RecordOf<"attempt">): void => {
      const { attemptId, stayId, amountMinor, status, receipt } = record;
      const found = attempts.get(attemptId);
      if (found === undefined) {
        if (status !== "begun") throw new Error(`a payment that never began is ${status}`);
        attempts.set(attemptId, { stayId, amountMinor, status, receipt, payments: 0 });
        return;
      }
      follow(AFTER_ATTEMPT, found.status, status);
      if (status === "reversing" && receipt === null) throw new Error("nothing to give back by");
      Object.assign(found, { status, receipt: receipt ?? found.receipt });
    },
    pay: (record: RecordOf<"payment">): void => {
      if (keys.has(record.idempotencyKey)) throw new Error("a payment was written twice");
      keys.add(record.idempotencyKey);
      if (record.method === "cash") return;
      const by = attempts.get(record.idempotencyKey as AttemptId);
      if (by?.status !== "approved" || by.stayId !== record.stayId || by.amountMinor !== record.amountMinor)
        throw new Error("a card payment that the terminal did not approve");
      by.payments += 1;
    },
    /** Whether a card payment for this stay is not settled. */
    isOpen: (stayId: StayId): boolean =>
      [...attempts.values()].some((one) => one.stayId === stayId && AFTER_ATTEMPT[one.status].length > 0),
    /** Card payments whose end is not written: what a restarted lane asks the terminal about. */
    open: (paidOtherwise: (stayId: StayId) => boolean): Attempt[] =>
      [...attempts].flatMap(([attemptId, attempt]) => {
        const { stayId, status } = attempt;
        if (status !== "begun" && status !== "unknown" && status !== "reversing") return [];
        return [inDoubtAtStart({ ...attempt, attemptId }, paidOtherwise(stayId))];
      }),
  };
}

export function createTicketLedger() {
  const tickets = new Map<JobId, TicketStep>();
  return (record: RecordOf<"ticket">): void => {
    const found = tickets.get(record.jobId);
    if (found !== undefined) follow(AFTER_TICKET, found, record.step);
    else if (record.step !== "begun") throw new Error(`a ticket that never began is ${record.step}`);
    tickets.set(record.jobId, record.step);
  };
}

export function createAlarmLedger() {
  let alarms: readonly AlarmKind[] = [];
  return {
    /** Lasting alarms that have not ended. */
    open: (): readonly AlarmKind[] => alarms,
    write: (record: RecordOf<"alarm" | "alarm_over">): void => {
      const lasts = alarms.includes(record.kind);
      if (record.type === "alarm_over") {
        if (!lasts) throw new Error(`the alarm ${record.kind} ended and had not begun`);
        alarms = alarms.filter((kind) => kind !== record.kind);
      } else if (isLasting(record.kind)) {
        if (lasts) throw new Error(`the alarm ${record.kind} began twice`);
        alarms = [...alarms, record.kind];
      }
    },
  };
}
