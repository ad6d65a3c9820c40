/**
 * What the dashboard page is told: `GET /api/dashboard` answers with a snapshot, `GET /api/dashboard/live` sends one
 * as the server-sent event `snapshot` at once and after every change. Times are RFC 3339 in UTC, to be shown in
 * the facility's time zone; money is a decimal string with its currency.
 */
export type DashboardSnapshot = {
  readonly at: string;
  /** Changes when the server brings another page: then the page loads itself again. */
  readonly page: string;
  readonly facilities: readonly FacilityView[];
};

export type FacilityView = {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly time_zone: string;
  readonly currency: string;
  readonly capacity: number;
  /**
   * What the edge says of right now, beside its log. While it is fresh, `inside`, `alarms_waiting` and the lanes' `now`
   * are from it; else they are from the events that have arrived. Null = it never said anything.
   */
  readonly live: { readonly at: string; readonly fresh: boolean } | null;
  /** Vehicles inside by counted movements, as the edge counts them. May exceed the capacity. */
  readonly inside: number;
  /** Alarms that nobody has acknowledged. */
  readonly alarms_waiting: number;
  readonly today: {
    readonly starts_at: string;
    readonly ends_at: string;
    readonly in: number;
    readonly out: number;
    /** One for each currency; the facility's own always comes first. */
    readonly revenue: readonly MoneyView[];
    readonly alarms: number;
  };
  /** Null until an edge is set up. */
  readonly edge: EdgeView | null;
  readonly lanes: readonly LaneView[];
  /** From the day's start to now, a step of 15 minutes each; the last one is not over yet. */
  readonly occupancy: readonly OccupancyStep[];
  /** Newest first. */
  readonly movements: readonly MovementView[];
  /** Of today, newest first. */
  readonly alarms: readonly AlarmView[];
};

export type MoneyView = { readonly amount: string; readonly currency: string };

export type EdgeView = {
  /** When its last batch was accepted; null before the first. */
  readonly last_seen_at: string | null;
  /** How old its newest event was when it arrived: what is still on the way is about as old. */
  readonly behind_seconds: number;
};

export type LaneView = {
  /** What the gate calls it. */
  readonly slug: string;
  readonly name: string;
  readonly direction: "entry" | "exit";
  readonly today: number;
  readonly last_at: string | null;
  /** Null when it is not known: see `live`. */
  readonly now: LaneNow | null;
};

export type LaneNow = {
  readonly state: string;
  readonly mode: string;
  /** What does not work there, in words; null when everything does. */
  readonly trouble: string | null;
};

export type OccupancyStep = {
  readonly starts_at: string;
  /** At the step's end, or now. */
  readonly inside: number;
  readonly in: number;
  readonly out: number;
};

export type MovementView = {
  readonly id: string;
  readonly lane: string;
  readonly direction: "in" | "out";
  readonly kind: string;
  readonly plate: string | null;
  readonly at: string;
  readonly fee: MoneyView | null;
  readonly review: string | null;
};

export type AlarmView = {
  readonly id: string;
  readonly lane: string;
  readonly kind: string;
  readonly detail: string;
  readonly at: string;
};
