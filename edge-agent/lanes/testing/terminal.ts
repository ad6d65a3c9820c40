import type { LaneOrder, TerminalOutcome } from "@parkme/shared/domain/gate-record";
import type { AttemptId } from "@parkme/shared/domain/ids";
import type { EventOf } from "../machine/model.ts";
import type { Agenda } from "./agenda.ts";

const ANSWERS_MS = 800;
const ABORTS_MS = 200;

/** `mute` charges and says nothing; `vague` charges and does not know; `dead` does nothing at all. */
export type TerminalWay = "by_hand" | "approves" | "declines" | "refuses" | "vague" | "mute" | "dead";

/** What the terminal knows of one attempt: the truth about the money. */
type Charge = { readonly amountMinor: number; charged: boolean; pending: boolean };

/** A card terminal that keeps a book of what is really charged. */
export function createTerminal({ later, drop }: Agenda) {
  let way: TerminalWay = "by_hand";
  const charges = new Map<AttemptId, Charge>();

  function answer(attemptId: AttemptId, outcome: TerminalOutcome, atMs: number): void {
    later(atMs, { kind: "terminal", attemptId, outcome });
  }

  function authorise(order: Extract<LaneOrder, { kind: "authorise" }>, nowMs: number): void {
    const { attemptId, amountMinor } = order;
    if (charges.has(attemptId)) throw new Error("breach: an attempt was authorised twice");
    const busy = [...charges.values()].some(({ pending }) => pending);
    const charge: Charge = { amountMinor, charged: false, pending: false };
    charges.set(attemptId, charge);
    if (busy && way !== "by_hand") return answer(attemptId, { kind: "refused", reason: "busy" }, nowMs);
    charge.pending = way === "approves";
    charge.charged = way === "vague" || way === "mute";
    const outcome = firstAnswer(way, `r-${charges.size}`);
    if (outcome !== null) answer(attemptId, outcome, nowMs + ANSWERS_MS);
  }

  /** Answers about an attempt it was asked about before; silent while its own answer is still to come. */
  function recall(order: Extract<LaneOrder, { kind: "enquire" | "reverse" }>, nowMs: number): void {
    if (way === "mute" || way === "dead" || way === "by_hand") return;
    const { attemptId } = order;
    const charge = charges.get(attemptId) ?? { amountMinor: 0, charged: false, pending: false };
    if (charge.pending) return;
    const atMs = nowMs + ANSWERS_MS;
    if (way === "vague") return answer(attemptId, { kind: "unknown", reason: "line lost" }, atMs);
    if (order.kind === "enquire") return answer(attemptId, truth(charge), atMs);
    charge.charged = false;
    return answer(attemptId, { kind: "reversed" }, atMs);
  }

  /** A card that is not charged yet is not charged any more; the attempt has its own answer all the same. */
  function abort(attemptId: AttemptId, nowMs: number): void {
    const charge = charges.get(attemptId);
    if (charge === undefined || !charge.pending) return;
    charge.pending = false;
    drop((event) => event.kind === "terminal" && event.attemptId === attemptId);
    answer(attemptId, { kind: "declined", reason: "aborted" }, nowMs + ABORTS_MS);
  }

  return {
    authorise,
    recall,
    abort,
    behave: (as: TerminalWay): void => {
      way = as;
    },
    /** The card is charged at the moment the terminal says so. */
    says: ({ attemptId, outcome }: EventOf<"terminal">): void => {
      const charge = charges.get(attemptId);
      if (outcome.kind !== "approved" || charge?.pending !== true) return;
      charge.charged = true;
      charge.pending = false;
    },
    charged: (): ReadonlyMap<AttemptId, number> =>
      new Map(
        [...charges].filter(([, { charged }]) => charged).map(([id, { amountMinor }]) => [id, amountMinor]),
      ),
  };
}

function truth({ charged }: Charge): TerminalOutcome {
  return charged
    ? { kind: "approved", receipt: "r-late", card: "**1" }
    : { kind: "declined", reason: "not charged" };
}

function firstAnswer(way: TerminalWay, receipt: string): TerminalOutcome | null {
  switch (way) {
    case "approves":
      return { kind: "approved", receipt, card: "**1" };
    case "declines":
      return { kind: "declined", reason: "no cover" };
    case "refuses":
      return { kind: "refused", reason: "offline" };
    case "vague":
      return { kind: "unknown", reason: "line lost" };
    case "mute":
    case "by_hand":
    case "dead":
      return null;
    default:
      return way satisfies never;
  }
}
