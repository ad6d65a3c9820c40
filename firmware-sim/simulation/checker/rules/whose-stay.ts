import type { Moved } from "../passage.ts";
import { isConfusable } from "../look-alikes.ts";
import type { MakeRule } from "../rule.ts";

/**
 * Nobody's stay is ended, and so charged, by another's leaving (edge case 9, exit matching): the vehicle that goes out is
 * the one whose way in began the stay.
 *
 * Excused is what the policy of matching allows: a camera that read the plate of the stay, or one that looks like it by the
 * look-alike characters and no more of them than may be; a ticket of the stay in the driver's hand; a person who said which
 * stay it is, or opened by word; what was put up for review; and vehicles that nobody could tell apart because they passed
 * while detectors lied, or followed somebody through.
 */
export const whoseStay: MakeRule = ({ history, accuse }) => {
  /** Stays that a person named at an exit. */
  const named = new Set<string>();
  const ticketOf = new Map<string, string>();
  return {
    on: {
      record: ({ record }) => {
        if (record.type === "identified") named.add(record.stayId);
        if (record.type === "stay_started") ticketOf.set(record.stay.stayId, record.stay.ticketNumber);
      },
    },
    end: ({ edge }) => {
      const owners = new Map<string, number>();
      const { pairs } = history.matched();
      for (const { passage, moved } of pairs) {
        const { stayId } = moved.movement;
        if (passage.way === "in" && stayId !== null && isSure(moved)) owners.set(stayId, passage.visit);
      }
      const plates = new Map(edge.stays.map(({ id, plate }) => [id, plate]));
      for (const { passage, moved } of pairs) {
        const { stayId } = moved.movement;
        const owner = stayId === null ? undefined : owners.get(stayId);
        if (passage.way !== "out" || stayId === null || owner === undefined) continue;
        if (owner === passage.visit || !isSure(moved) || named.has(stayId)) continue;
        const seen = [...(history.seenAs.get(passage.visit) ?? [])];
        const plate = plates.get(stayId) ?? null;
        const mayBe = (text: string): boolean =>
          text === ticketOf.get(stayId) || (plate !== null && isConfusable(text, plate));
        if (seen.some(mayBe)) continue;
        const { lane, atMs, step } = moved;
        const message = `${history.nameOf(passage.visit)} left on the stay of ${history.nameOf(owner)} (${plate ?? "no plate"})`;
        accuse({ step, atMs, lane, visit: passage.visit, message });
      }
    },
  };
};

function isSure({ movement: { kind, review } }: Moved): boolean {
  return kind === "normal" && review === null;
}
