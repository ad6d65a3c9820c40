/**
 * Who comes to which kind of car park, when, and for how long. The hours are shapes, not counts: `createArrivals` scales
 * them to so many vehicles a day. They are round figures that keep the order in which occupancy surveys have such
 * places fill and empty (offices between 7 and 9 in the morning, shops from late morning on with a peak on Saturday,
 * airports before the first and the evening waves of flights, residents in the evening); surveys agree on these shapes,
 * and on lengths of stay with a long tail, for which log-normals are the usual fit.
 */
export type Profile = {
  readonly name: ProfileName;
  /** Relative arrivals in each local hour, Monday to Friday and at the weekend. */
  readonly workday: readonly number[];
  readonly weekend: readonly number[];
  /** Relative busyness of Sunday to Saturday. */
  readonly weekdays: readonly number[];
  /** Each arrival has one of these reasons, by weight among those of its hour. */
  readonly stays: readonly StayKind[];
  /** How many of 100 arrivals are season parkers'. */
  readonly permitPercent: number;
  /** How many of 100 arrivals were booked before. */
  readonly bookedPercent: number;
  /** On days with an event so many of its visitors come for each usual one. */
  readonly eventFactor: number;
  /** Days between two events on the average; Infinity = none. */
  readonly eventEveryDays: number;
};

/** A log-normal: half stay for less than the median; `sigma` is the spread of the logarithm. */
export type StayKind = {
  readonly weight: number;
  readonly medianMinutes: number;
  readonly sigma: number;
  /** Local hours of arrival in which this reason comes up, the last one excluded; left out = all. */
  readonly arriving?: readonly [fromHour: number, untilHour: number];
};

export const PROFILE_NAMES = ["commuter", "mall", "airport", "venue", "private"] as const;
export type ProfileName = (typeof PROFILE_NAMES)[number];

const HOUR = 60;
const DAY = 24 * HOUR;
/** Drops somebody off, buys bread, turns round because it is the wrong car park. */
const ERRAND: StayKind = { weight: 2, medianMinutes: 12, sigma: 0.8 };
const OVERNIGHT: StayKind = { weight: 1, medianMinutes: 13 * HOUR, sigma: 0.25, arriving: [17, 24] };

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  /** Offices around: half of the day's vehicles come within two hours and stay for a working day. */
  commuter: {
    name: "commuter",
    workday: [0, 0, 0, 0, 1, 3, 9, 22, 20, 9, 5, 4, 5, 5, 3, 3, 3, 3, 2, 2, 1, 1, 1, 0],
    weekend: [1, 0, 0, 0, 0, 0, 1, 2, 3, 5, 7, 8, 8, 7, 7, 6, 5, 5, 5, 4, 3, 2, 2, 1],
    weekdays: [0.2, 1.1, 1.2, 1.2, 1.15, 1, 0.35],
    stays: [
      // A contract's eight hours and a break, the same for nearly everybody.
      { weight: 12, medianMinutes: 8.8 * HOUR, sigma: 0.15, arriving: [5, 11] },
      { weight: 3, medianMinutes: 4.5 * HOUR, sigma: 0.2, arriving: [6, 16] },
      { weight: 4, medianMinutes: 75, sigma: 0.6 },
      ERRAND,
      OVERNIGHT,
    ],
    permitPercent: 45,
    bookedPercent: 3,
    eventFactor: 0,
    eventEveryDays: Infinity,
  },
  mall: {
    name: "mall",
    workday: [0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 10, 10, 9, 8, 9, 10, 12, 11, 8, 4, 2, 1, 1, 0],
    weekend: [0, 0, 0, 0, 0, 0, 1, 2, 4, 9, 13, 15, 14, 14, 14, 12, 9, 6, 4, 2, 1, 1, 1, 0],
    weekdays: [0.35, 0.9, 0.9, 0.95, 1.05, 1.25, 1.6],
    stays: [
      { weight: 12, medianMinutes: 85, sigma: 0.6 },
      { weight: 6, medianMinutes: 28, sigma: 0.6 },
      ERRAND,
      // Those who work in the shops.
      { weight: 3, medianMinutes: 8.5 * HOUR, sigma: 0.15, arriving: [7, 11] },
      { weight: 2, medianMinutes: 150, sigma: 0.3, arriving: [17, 22] },
    ],
    permitPercent: 5,
    bookedPercent: 2,
    eventFactor: 0,
    eventEveryDays: Infinity,
  },
  /** Whoever meets somebody leaves within the hour; travellers come back after days. */
  airport: {
    name: "airport",
    workday: [1, 1, 1, 4, 9, 11, 9, 7, 6, 6, 6, 6, 6, 6, 7, 8, 9, 9, 8, 6, 5, 4, 3, 2],
    weekend: [1, 1, 1, 5, 9, 10, 8, 7, 7, 7, 7, 7, 6, 6, 7, 8, 8, 8, 8, 7, 6, 5, 3, 2],
    weekdays: [1, 1.15, 0.95, 0.95, 1.05, 1.1, 0.8],
    stays: [
      { weight: 10, medianMinutes: 35, sigma: 0.6 },
      { weight: 5, medianMinutes: 2 * HOUR, sigma: 0.4 },
      // One working day elsewhere, and back with the evening's flight.
      { weight: 3, medianMinutes: 13 * HOUR, sigma: 0.2, arriving: [3, 9] },
      { weight: 5, medianMinutes: 2.6 * DAY, sigma: 0.45 },
      { weight: 3, medianMinutes: 7.5 * DAY, sigma: 0.35 },
    ],
    permitPercent: 8,
    bookedPercent: 35,
    eventFactor: 0,
    eventEveryDays: Infinity,
  },
  /** A hall or a stadium: quiet, until everybody comes within 90 minutes and wants to leave at the same moment. */
  venue: {
    name: "venue",
    workday: [0, 0, 0, 0, 0, 0, 1, 3, 6, 6, 5, 5, 6, 5, 5, 5, 5, 5, 4, 3, 2, 1, 1, 0],
    weekend: [1, 0, 0, 0, 0, 0, 1, 2, 3, 5, 6, 7, 7, 7, 6, 6, 6, 6, 5, 4, 3, 2, 1, 1],
    weekdays: [0.9, 0.9, 0.9, 1, 1.05, 1.15, 1.1],
    stays: [
      { weight: 8, medianMinutes: 100, sigma: 0.6 },
      { weight: 3, medianMinutes: 8.5 * HOUR, sigma: 0.2, arriving: [6, 10] },
      ERRAND,
    ],
    permitPercent: 8,
    bookedPercent: 12,
    eventFactor: 4,
    eventEveryDays: 2.5,
  },
  /** A block of flats and the practices in its ground floor: nearly everybody has a permit. */
  private: {
    name: "private",
    workday: [1, 0, 0, 0, 0, 1, 3, 5, 5, 4, 4, 5, 5, 4, 5, 7, 10, 12, 10, 7, 5, 3, 2, 1],
    weekend: [2, 1, 1, 0, 0, 0, 1, 2, 4, 6, 8, 9, 8, 7, 7, 7, 8, 8, 7, 6, 5, 4, 3, 2],
    weekdays: [0.9, 1, 1, 1, 1.05, 1.1, 0.95],
    stays: [
      { ...OVERNIGHT, weight: 8 },
      { weight: 4, medianMinutes: 3 * HOUR, sigma: 0.7 },
      { weight: 3, medianMinutes: 40, sigma: 0.6 },
      ERRAND,
    ],
    permitPercent: 75,
    bookedPercent: 1,
    eventFactor: 0,
    eventEveryDays: Infinity,
  },
};
