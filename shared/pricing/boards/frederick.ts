import type { Board, PricedStay } from "./board.ts";

const RULE = "City garage";

/** Each comment is the calculation as it was done on paper. Started hours count anew at each change of rate. */
const stays: readonly PricedStay[] = [
  {
    name: "a short stay by day",
    entry: "2017-03-08T09:00-05:00",
    exit: "2017-03-08T11:20-05:00",
    // Wednesday. Three started hours.
    total: "3.00",
    rule: RULE,
  },
  {
    name: "nearly the whole day, which cannot reach its maximum of twelve",
    entry: "2017-03-08T06:45-05:00",
    exit: "2017-03-08T15:15-05:00",
    // Eight and a half hours are nine started ones.
    total: "9.00",
    rule: RULE,
  },
  {
    name: "day and evening together reach the maximum of 24 hours",
    entry: "2017-03-08T08:00-05:00",
    exit: "2017-03-08T23:00-05:00",
    // 08:00 to 15:30 is 8.00, 15:30 to 23:00 eight started hours, at most 5.00: 13.00, at most 12.00 from 06:30 to 06:30.
    total: "12.00",
    rule: RULE,
  },
  {
    name: "over midnight and into the morning",
    entry: "2017-03-08T22:00-05:00",
    exit: "2017-03-09T07:00-05:00",
    // 22:00 to 06:30 is nine started hours, at most 5.00; from 06:30 one hour of the next day.
    total: "6.00",
    rule: RULE,
  },
  {
    name: "Sunday morning is free",
    entry: "2017-03-05T09:00-05:00",
    exit: "2017-03-05T12:00-05:00",
    total: "0.00",
    rule: RULE,
  },
  {
    name: "Sunday from before to after the free hours",
    entry: "2017-03-05T07:30-05:00",
    exit: "2017-03-05T15:00-05:00",
    // 07:30 to 08:00 one started hour, free to 14:00, then one hour.
    total: "2.00",
    rule: RULE,
  },
  {
    name: "Friday to Monday",
    entry: "2017-03-03T17:00-05:00",
    exit: "2017-03-06T08:00-05:00",
    // Friday night 5.00. Saturday 06:30 to 15:30 9.00 and its night 5.00: at most 12.00.
    // Sunday 06:30 to 08:00 2.00, free, 14:00 to 15:30 2.00, night 5.00: 9.00. Monday 06:30 to 08:00 2.00.
    total: "28.00",
    rule: RULE,
  },
  {
    name: "several working days",
    entry: "2017-03-06T08:00-05:00",
    exit: "2017-03-09T08:00-05:00",
    // Monday 8.00 + 5.00, Tuesday and Wednesday 9.00 + 5.00, each at most 12.00: 36.00. Thursday 06:30 to 08:00 2.00.
    total: "38.00",
    rule: RULE,
  },
  {
    name: "the night that clocks go forward: five hours on the clock are four",
    entry: "2017-03-11T23:00-05:00",
    exit: "2017-03-12T04:00-04:00",
    // 23:00 to 02:00, which is 03:00, to 04:00: four started hours, below the night's 5.00.
    total: "4.00",
    rule: RULE,
  },
  {
    name: "the night that clocks go back: three hours on the clock are four",
    entry: "2017-11-05T00:30-04:00",
    exit: "2017-11-05T03:30-05:00",
    total: "4.00",
    rule: RULE,
  },
];

/**
 * 1.00 a started hour; at most 12.00 from 06:30 to 15:30, 5.00 from 15:30 to 06:30, and 12.00 in a day that begins at
 * 06:30; free on Sundays from 08:00 to 14:00.
 */
export const FREDERICK: Board = {
  facility: "City parking garages, Frederick, Maryland, United States",
  source: "https://cityoffrederick.com/FAQ.aspx?QID=61",
  inForce: "since July 2016 (http://www.getitdowntown.com/2016/07/downtown-frederick-parking-update.html)",
  document: "frederick.json",
  currency: "USD",
  timeZone: "America/New_York",
  stays,
};
