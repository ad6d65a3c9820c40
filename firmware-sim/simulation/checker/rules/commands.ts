import type { EdgeRows } from "../edge-rows.ts";
import type { EntryOf } from "../listeners.ts";
import type { MakeRule } from "../rule.ts";
import type { TroubleKind } from "../troubles.ts";

/** Danger moves the arm without a disk; and a file that was put back has forgotten what it wrote. */
const UNWRITTEN: ReadonlySet<TroubleKind> = new Set<TroubleKind>([
  "disk_full",
  "edge_restored",
  "second_agent",
]);

/**
 * No command is carried out late, twice, or by an old program (safety invariants 9, 11 and 12; edge cases 47 and 48).
 *
 * - A relay closes within the deadline of its command, on the clock that the deadline was set by.
 * - A board carries out each command once, and none of an epoch before one that it has heard.
 * - What a board carries out was written down by the gate; but for what danger does while the disk is full, and files that
 *   were put back.
 * - A command of headquarters is carried out once at the most, and never after its deadline by a right clock.
 */
export const commands: MakeRule = ({ history, accuse }) => {
  const pulsed = new Map<string, EntryOf<"pulsed">>();
  const epochs = new Map<string, number>();
  const carriedOut = new Set<string>();

  function pulses(entry: EntryOf<"pulsed">): void {
    const { lane, commandId, action, monotonicMs, deadlineMs, epoch, atMs, step } = entry;
    const where = { step, atMs, lane, visit: null };
    if (monotonicMs > deadlineMs) {
      const message = `${lane} carries out ${action} ${commandId} ${monotonicMs - deadlineMs} ms after its deadline`;
      accuse({ ...where, message });
    }
    if (pulsed.has(commandId))
      accuse({ ...where, message: `${lane} carries out ${action} ${commandId} twice` });
    pulsed.set(commandId, entry);
    const highest = epochs.get(lane) ?? 0;
    if (epoch < highest) {
      const message = `${lane} obeys ${action} ${commandId} of epoch ${epoch} after one of epoch ${highest}`;
      accuse({ ...where, message });
    }
    epochs.set(lane, Math.max(highest, epoch));
  }

  function remote({ commandId, status, deadlineMs, atMs, step }: EntryOf<"remote">): void {
    if (status !== "done") return;
    const where = { step, atMs, lane: null, visit: null };
    if (atMs > deadlineMs) {
      const message = `command ${commandId} of headquarters is carried out ${atMs - deadlineMs} ms after its deadline`;
      accuse({ ...where, message });
    }
    if (carriedOut.has(commandId))
      accuse({ ...where, message: `command ${commandId} of headquarters is carried out twice` });
    carriedOut.add(commandId);
  }

  function areWritten({ commands: rows }: EdgeRows): void {
    const written = new Set(rows.map(({ id }) => id));
    for (const { commandId, lane, action, atMs, step } of pulsed.values()) {
      if (written.has(commandId) || history.troubles.ever(UNWRITTEN)) continue;
      const message = `${lane} carried out ${action} ${commandId}, which the gate never wrote down`;
      accuse({ step, atMs, lane, visit: null, message });
    }
  }

  return { on: { pulsed: pulses, remote }, end: ({ edge }) => areWritten(edge) };
};
