import type { MakeRule } from "../rule.ts";

/**
 * A number is printed for one stay only, and a stay has one ticket that counts (edge cases 12, 15 and 17; row 12 of the
 * lane machine: never the same number blindly again).
 *
 * - No number comes out of a printer twice.
 * - What comes out of a printer is the number of a stay that was begun before, with its lane.
 * - In the gate's file every number is of one stay, and every stay has one ticket that none has replaced.
 * - Two different numbers of one stay come out only where one of them has taken the other's place by a person's word.
 */
export const tickets: MakeRule = ({ accuse }) => {
  /** By number: whose it is, as the lanes wrote it down. */
  const stayOf = new Map<string, string>();
  const printed = new Map<string, { readonly lane: string; readonly step: number; readonly atMs: number }>();

  return {
    on: {
      record: ({ lane, record, atMs, step }) => {
        if (record.type !== "stay_started") return;
        const { ticketNumber, stayId } = record.stay;
        const before = stayOf.get(ticketNumber);
        if (before !== undefined && before !== stayId) {
          const message = `${lane} gives ticket ${ticketNumber} to stay ${stayId}, and it was that of ${before}`;
          accuse({ step, atMs, lane, visit: null, message });
        }
        stayOf.set(ticketNumber, stayId);
      },
      ticket_out: ({ lane, number, atMs, step }) => {
        if (printed.has(number))
          accuse({ step, atMs, lane, visit: null, message: `${lane} prints ticket ${number} a second time` });
        else if (!stayOf.has(number)) {
          const message = `${lane} prints ticket ${number}, which no stay was begun with`;
          accuse({ step, atMs, lane, visit: null, message });
        }
        printed.set(number, { lane, step, atMs });
      },
    },
    end: ({ edge, step, atMs }) => {
      const current = new Map<string, number>();
      const replaced = new Set<string>();
      for (const { stayId, number, replacedBy } of edge.tickets) {
        if (replacedBy === null) current.set(stayId, (current.get(stayId) ?? 0) + 1);
        else replaced.add(number);
      }
      for (const { id } of edge.stays) {
        const count = current.get(id) ?? 0;
        if (count === 1) continue;
        const message = `stay ${id} has ${count} tickets that count, and must have one`;
        accuse({ step, atMs, lane: null, visit: null, message });
      }
      const numbers = new Map<string, string>();
      for (const [number, { lane, step: at, atMs: when }] of printed) {
        const stayId = stayOf.get(number);
        const other = stayId === undefined ? undefined : numbers.get(stayId);
        if (stayId === undefined) continue;
        if (other !== undefined && !replaced.has(other)) {
          const message = `${lane} printed ticket ${number} for a stay that has ${other} already`;
          accuse({ step: at, atMs: when, lane, visit: null, message });
        }
        numbers.set(stayId, number);
      }
    },
  };
};
