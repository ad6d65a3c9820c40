import type { GateRecord } from "@parkme/shared/domain/gate-record";
import type { EntryOf } from "../listeners.ts";
import type { MakeRule } from "../rule.ts";
import type { TroubleKind } from "../troubles.ts";

/** Records that let a vehicle through, or hold the arm up. */
const DECISIONS: ReadonlySet<GateRecord["type"]> = new Set<GateRecord["type"]>([
  "stay_started",
  "payment",
  "vend",
  "identified",
]);
/** Passages that use up what was granted. */
const CREDITED: ReadonlySet<string> = new Set(["normal", "vend"]);
/** After these a lane finds out what has become of a credit, and may do so late. */
const IN_DOUBT: ReadonlySet<TroubleKind> = new Set<TroubleKind>([
  "agent_down",
  "board_silent",
  "board_reboots",
  "second_agent",
  "disk_full",
]);
const DOUBT_MS = 10 * 60_000;

/** An opening of a closed arm that no record came with: somebody who owes nothing, or was let in before. */
type Silent = { readonly atMs: number; readonly step: number; readonly visit: number | null };

type LaneState = {
  /** 0 = down. */
  position: number;
  motion: "up" | "down" | "still";
  heldOpen: boolean;
  /** A decision was written since the arm was told to open last. */
  decided: boolean;
  /** Openings granted that nobody has driven through yet. */
  credits: number;
  /** How often it was told to open for this one grant. */
  tries: number;
  silent: Silent | null;
  atLine: number | null;
};

/** The first try and one more (row 18 of the lane machine). */
const TRIES = 2;

/**
 * One credit, one opening, one passage; and no opening without a decision that was written first (safety invariants 4
 * and 12).
 *
 * - An arm that is down is told to open only after a record of its lane that grants it: a stay that began, a payment, a
 *   vend, a word of who it is, a ticket that was taken, a hold. Once more is a second try, of an arm that did not rise.
 * - Who owes nothing, and who was let in before a restart, is let through without a record: then the next movement of the
 *   lane is a stay's, and of no other kind than `normal`.
 * - Each opening is good for one `normal` or `vend` movement; whoever follows is written down as a tailgater.
 */
export const oneOpening: MakeRule = ({ schedule, history, accuse }) => {
  const lanes = new Map(schedule.site.lanes.map(({ name }) => [name, closedLane()]));

  const stateOf = (lane: string): LaneState => {
    const state = lanes.get(lane);
    if (state === undefined) throw new Error(`no lane ${lane}`);
    return state;
  };

  function opens({ lane, action, atMs, step }: EntryOf<"pulsed">): void {
    if (action !== "open") return;
    const state = stateOf(lane);
    if (state.heldOpen) return;
    const isDown = state.position === 0 && state.motion !== "up";
    if (state.decided) {
      Object.assign(state, { decided: false, credits: 1, tries: 1, silent: null });
      return;
    }
    if (!isDown) return;
    if (state.credits > 0 && state.tries < TRIES) {
      state.tries += 1;
      return;
    }
    Object.assign(state, { credits: 1, tries: 1, silent: { atMs, step, visit: state.atLine } });
  }

  function moves({ lane, record, atMs, step }: EntryOf<"record">): void {
    if (record.type !== "movement") return;
    const state = stateOf(lane);
    const { silent } = state;
    state.silent = null;
    const isOwn = record.stayId !== null && (record.kind === "normal" || record.kind === "inferred");
    if (silent !== null && !isOwn && !isInDoubt(lane, silent.atMs, atMs)) {
      const message = `${lane} opened without a decision, for a movement of kind ${record.kind} ${record.stayId === null ? "without a stay" : "of a stay"}`;
      accuse({ step: silent.step, atMs: silent.atMs, lane, visit: silent.visit, message });
    }
    if (!CREDITED.has(record.kind)) return;
    if (state.credits === 0 && !state.heldOpen && !isInDoubt(lane, atMs, atMs)) {
      const message = `${lane} writes down a second passage of kind ${record.kind} on one opening`;
      accuse({ step, atMs, lane, visit: null, message });
    }
    state.credits = 0;
  }

  function isInDoubt(lane: string, fromMs: number, toMs: number): boolean {
    return history.troubles.find(lane, IN_DOUBT, fromMs - DOUBT_MS, toMs) !== null;
  }

  return {
    on: {
      arm: ({ lane, motion, position }) => void Object.assign(stateOf(lane), { motion, position }),
      at_line: ({ lane, visit }) => void (stateOf(lane).atLine = visit),
      pulsed: opens,
      record: (entry) => {
        const { lane, record } = entry;
        const state = stateOf(lane);
        if (DECISIONS.has(record.type)) state.decided = true;
        if (record.type === "ticket" && record.step === "taken") state.decided = true;
        if (record.type === "hold") state.heldOpen = record.on;
        // Nobody is let through any more by what was decided.
        if (record.type === "stay_voided") state.decided = false;
        moves(entry);
      },
    },
  };
};

function closedLane(): LaneState {
  return {
    position: 0,
    motion: "still",
    heldOpen: false,
    decided: false,
    credits: 0,
    tries: 0,
    silent: null,
    atLine: null,
  };
}
