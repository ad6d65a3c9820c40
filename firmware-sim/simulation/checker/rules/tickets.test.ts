import { describe, expect, it } from "vitest";
import { Day, goodDay, stayOf } from "../testing/day.ts";
import { SCHEDULE } from "../testing/places.ts";

const judged = (day: Day) => day.judged(SCHEDULE, ["tickets"]);
const begins = (day: Day, visit: number, changes: object = {}): Day =>
  day.record("entry-1", {
    type: "stay_started",
    stay: { ...stayOf(visit, 0), ...changes },
    credential: null,
    zone: null,
  });
const out = (number: string) => ({ kind: "ticket_out", lane: "entry-1", number }) as const;
const { ticketNumber: FIRST, stayId } = stayOf(1, 0);
const { ticketNumber: SECOND } = stayOf(2, 0);

describe("tickets", () => {
  it("are one for each stay", () => {
    expect(judged(goodDay())).toEqual([]);
    expect(judged(begins(new Day(), 1).tell(out(FIRST)))).toEqual([]);
  });

  it("break when a number is printed twice, or without a stay", () => {
    expect(judged(begins(new Day(), 1).tell(out(FIRST), out(FIRST)))).toEqual([
      `tickets: entry-1 prints ticket ${FIRST} a second time`,
    ]);
    expect(judged(new Day().tell(out(FIRST)))).toEqual([
      `tickets: entry-1 prints ticket ${FIRST}, which no stay was begun with`,
    ]);
  });

  it("break when a number is given to two stays", () => {
    const day = begins(begins(new Day(), 1), 2, { ticketNumber: FIRST });
    expect(judged(day)).toContain(
      `tickets: entry-1 gives ticket ${FIRST} to stay ${stayOf(2, 0).stayId}, and it was that of ${stayId}`,
    );
  });

  it("break when a stay gets a second one, but for one that took the place of the first", () => {
    const two = () => begins(begins(new Day(), 1), 1, { ticketNumber: SECOND }).tell(out(FIRST), out(SECOND));
    const broken = two();
    broken.gate.rows.stays.pop();
    expect(judged(broken)).toEqual([
      `tickets: stay ${stayId} has 2 tickets that count, and must have one`,
      `tickets: entry-1 printed ticket ${SECOND} for a stay that has ${FIRST} already`,
    ]);
    const replaced = two();
    replaced.gate.rows.stays.pop();
    replaced.gate.rows.tickets = replaced.gate.rows.tickets.map((ticket) =>
      ticket.number === FIRST ? { ...ticket, replacedBy: SECOND } : ticket,
    );
    expect(judged(replaced)).toEqual([]);
  });
});
