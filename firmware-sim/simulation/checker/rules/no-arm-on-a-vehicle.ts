import type { SensorInput } from "@parkme/shared/domain/lane";
import type { EntryOf } from "../listeners.ts";
import type { MakeRule } from "../rule.ts";
import type { TroubleKind } from "../troubles.ts";

/** A detector that has just begun or ceased to lie: what it said then may still be acted on. */
const RECENT_MS = 2_000;
/** With these a gate cannot know in time, or cannot be heard: an arm that comes down already is not called back. */
const DEAF_OR_MUTE: ReadonlySet<TroubleKind> = new Set<TroubleKind>([
  "agent_down",
  "board_silent",
  "board_reboots",
  "commands_lost",
  "answers_lost",
  "events_late",
]);
/** What the gate is told late, it cannot have known when it closed. */
const LATE: ReadonlySet<TroubleKind> = new Set<TroubleKind>(["events_late"]);

/**
 * No arm comes down on a vehicle, and none is told to (safety invariants 1 to 3, edge cases 4 and 6). The arm of the
 * world has no safety of its own, so what a program closes on is hit.
 *
 * - Nothing is told to close, and no arm begins to come down, while a vehicle stands in its way.
 * - No arm hits a vehicle.
 *
 * Excused is only what no gate could have seen: every fitted sensor that the vehicle truly covers lies at that moment,
 * or none is made for so small a vehicle. One honest sensor among liars is enough, and then nothing is excused. A vehicle
 * that drives under an arm which comes down already is hit where the gate is dead, deaf or mute just then: a process that
 * does not run, and a line that is cut, call nothing back; whoever stood there when it was told to close is not excused by
 * that.
 */
export const noArmOnAVehicle: MakeRule = ({ history, accuse }) => {
  /** By lane: the last that told it to close. */
  const closing = new Map<string, EntryOf<"pulsed">>();

  function honest(lane: string, covered: readonly SensorInput[], atMs: number): readonly SensorInput[] {
    if (covered.length === 0) return [];
    const liars = history.troubles.liars(lane, atMs - RECENT_MS, atMs);
    return covered.filter((input) => !liars.has(input));
  }

  function isInTheWay(
    { lane, covered, underneath, atMs, step }: EntryOf<"pulsed"> | EntryOf<"arm">,
    what: string,
  ): void {
    const [visit] = underneath;
    if (visit === undefined) return;
    const seenBy = honest(lane, covered, atMs);
    if (seenBy.length === 0 || history.troubles.find(lane, LATE, atMs - RECENT_MS, atMs) !== null) return;
    const message = `${what} at ${lane} while ${history.nameOf(visit)} stands under it, seen by ${seenBy.join(", ")}`;
    accuse({ step, atMs, lane, visit, message });
  }

  return {
    on: {
      pulsed: (entry) => {
        if (entry.action !== "close") return;
        closing.set(entry.lane, entry);
        isInTheWay(entry, "the arm is told to close");
      },
      arm: (entry) => {
        if (entry.motion === "down") isInTheWay(entry, "the arm begins to come down");
      },
      arm_hit: ({ lane, visit, covered, atMs, step }) => {
        const seenBy = honest(lane, covered, atMs);
        if (seenBy.length === 0) return;
        const told = closing.get(lane);
        const wasClear = told !== undefined && honest(lane, told.covered, told.atMs).length === 0;
        const fromMs = (told?.atMs ?? atMs) - RECENT_MS;
        if (wasClear && history.troubles.find(lane, DEAF_OR_MUTE, fromMs, atMs) !== null) return;
        const message = `the arm of ${lane} hits ${history.nameOf(visit)}, which ${seenBy.join(", ")} saw`;
        accuse({ step, atMs, lane, visit, message });
      },
    },
  };
};
