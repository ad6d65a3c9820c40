import type { Board, PricedStay } from "./board.ts";

const RULE = "Tiefgarage Oberer Stadtplatz";

/** Each comment is the calculation as it was done on paper. Started hours count from the entry. */
const stays: readonly PricedStay[] = [
  {
    name: "turnaround: thirty minutes are free",
    entry: "2023-03-15T10:00+01:00",
    exit: "2023-03-15T10:30+01:00",
    // Wednesday. Not longer than the free half hour.
    total: "0.00",
    rule: "Free of charge",
  },
  {
    name: "thirty-one minutes are an hour, from the first minute",
    entry: "2023-03-15T10:00+01:00",
    exit: "2023-03-15T10:31+01:00",
    // One started hour at 1.30.
    total: "1.30",
    rule: RULE,
  },
  {
    name: "a short stay by day",
    entry: "2023-03-15T10:00+01:00",
    exit: "2023-03-15T12:10+01:00",
    // Two hours and ten minutes are three started hours: 3 x 1.30 = 3.90.
    total: "3.90",
    rule: RULE,
  },
  {
    name: "six hours, just below the maximum",
    entry: "2023-03-15T10:00+01:00",
    exit: "2023-03-15T16:00+01:00",
    // 6 x 1.30 = 7.80, and the maximum of 8.00 is not reached.
    total: "7.80",
    rule: RULE,
  },
  {
    name: "day maximum",
    entry: "2023-03-15T08:00+01:00",
    exit: "2023-03-15T17:30+01:00",
    // Nine and a half hours are ten started ones: 13.00, of which 24 hours cost at most 8.00.
    total: "8.00",
    rule: RULE,
  },
  {
    name: "from the day into the evening",
    entry: "2023-03-15T17:45+01:00",
    exit: "2023-03-15T19:15+01:00",
    // The hour from 17:45 begins by day, the one from 18:45 at night: 1.30 + 1.30, below the night's 2.00.
    total: "2.60",
    rule: RULE,
  },
  {
    name: "a short evening",
    entry: "2023-03-15T19:00+01:00",
    exit: "2023-03-15T19:50+01:00",
    // One started hour of the night, 1.30.
    total: "1.30",
    rule: RULE,
  },
  {
    name: "a long evening reaches the night's maximum",
    entry: "2023-03-15T19:00+01:00",
    exit: "2023-03-15T22:30+01:00",
    // Four started hours would be 5.20; a night costs at most 2.00.
    total: "2.00",
    rule: RULE,
  },
  {
    name: "a night, over midnight",
    entry: "2023-03-15T20:00+01:00",
    exit: "2023-03-16T07:00+01:00",
    // Eleven hours, all of one night: 2.00.
    total: "2.00",
    rule: RULE,
  },
  {
    name: "over midnight and into the next day",
    entry: "2023-03-15T22:00+01:00",
    exit: "2023-03-16T10:30+01:00",
    // The night to 08:00 is 2.00; the hours from 08:00, 09:00 and 10:00 are 3 x 1.30 = 3.90; together 5.90.
    total: "5.90",
    rule: RULE,
  },
  {
    name: "an hour of the night that ends by day",
    entry: "2023-03-15T22:30+01:00",
    exit: "2023-03-16T09:00+01:00",
    // Hours begin at half past. The one from 07:30 is still the night's, whose maximum is 2.00. By day: 08:30, 1.30.
    total: "3.30",
    rule: RULE,
  },
  {
    name: "Saturday is a day like any other",
    entry: "2023-03-18T09:00+01:00",
    exit: "2023-03-18T13:00+01:00",
    // 4 x 1.30 = 5.20.
    total: "5.20",
    rule: RULE,
  },
  {
    name: "Sunday",
    entry: "2023-03-19T11:00+01:00",
    exit: "2023-03-19T17:00+01:00",
    // Six hours would be 7.80; a Sunday costs at most 2.00.
    total: "2.00",
    rule: RULE,
  },
  {
    name: "Saturday evening to Sunday noon",
    entry: "2023-03-18T21:00+01:00",
    exit: "2023-03-19T12:00+01:00",
    // The night to midnight: three hours, at most 2.00. From midnight on it is Sunday: at most 2.00. Together 4.00.
    total: "4.00",
    rule: RULE,
  },
  {
    name: "holiday",
    entry: "2023-04-07T10:00+02:00",
    exit: "2023-04-07T15:00+02:00",
    // Good Friday: five hours would be 6.50; at most 2.00.
    total: "2.00",
    rule: RULE,
  },
  {
    name: "a holiday between two working days",
    entry: "2023-10-02T18:00+02:00",
    exit: "2023-10-04T08:30+02:00",
    // Monday 18:00 begins by day, 1.30; the night to midnight 2.00; Tuesday is German Unity Day, 2.00: first 24 hours 5.30.
    // The holiday's maximum is used up; Wednesday's night from midnight to 08:00 is 2.00, the hour from 08:00 1.30: 3.30.
    total: "8.60",
    rule: RULE,
  },
  {
    name: "Friday to Monday",
    entry: "2023-03-17T16:00+01:00",
    exit: "2023-03-20T09:30+01:00",
    // To Saturday 16:00: three hours by day 3.90, the night 2.00, Saturday 08:00 to 16:00 10.40: at most 8.00.
    // To Sunday 16:00: three hours by day 3.90, the night to midnight 2.00, Sunday 2.00: 7.90.
    // To Monday: Sunday's maximum is used up, 0.00; the night from midnight 2.00; 08:00 and 09:00 2.60: 4.60.
    total: "20.50",
    rule: RULE,
  },
  {
    name: "several working days",
    entry: "2023-03-13T09:00+01:00",
    exit: "2023-03-16T12:00+01:00",
    // Monday, Tuesday, Wednesday 09:00 each begin 24 hours of 8.00: 24.00. Thursday 09:00 to 12:00: 3 x 1.30 = 3.90.
    total: "27.90",
    rule: RULE,
  },
  {
    name: "the night that clocks go forward: ninety minutes on the clock are thirty",
    entry: "2023-03-26T01:30+01:00",
    exit: "2023-03-26T03:00+02:00",
    // 01:30 to 02:00, which is 03:00: half an hour, and free.
    total: "0.00",
    rule: "Free of charge",
  },
  {
    name: "the night that clocks go back: ten minutes on the clock are seventy",
    entry: "2023-10-29T02:30+02:00",
    exit: "2023-10-29T02:40+01:00",
    // Two started hours would be 2.60; it is Sunday: at most 2.00.
    total: "2.00",
    rule: RULE,
  },
];

/**
 * Half an hour free, 1.30 an hour, at most 8.00 in 24 hours, 2.00 in a night from 18:30 to 08:00, 2.00 on a Sunday
 * or holiday. (The day ticket chosen at the entry is a product of its own and left out. Holidays are Bavaria's.)
 * Sundays and holidays are two bands, so that a Sunday and a holiday in a row have a maximum each.
 */
export const DEGGENDORF: Board = {
  facility: "Tiefgarage Oberer Stadtplatz, Deggendorf, Germany",
  source: "https://www.vhs-deggendorf.de/standorte/parkplaetze/tiefgarage-oberer-stadtplatz.html",
  inForce: "2013 to 2024-01-01 (Passauer Neue Presse, 2018-02-28 and 2023-12-28)",
  document: "deggendorf.json",
  currency: "EUR",
  timeZone: "Europe/Berlin",
  stays,
};
