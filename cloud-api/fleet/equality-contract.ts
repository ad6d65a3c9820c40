import type { EqualitySubject } from "@parkme/shared/protocol/link-facts";

/**
 * Whether a gate's books and the cloud's are the same: `GET /api/facilities/:facilityId/equality?from=DAY&to=DAY`, days
 * in UTC; `&format=csv` for the same as a table. Times are RFC 3339 in UTC.
 */
export type EqualityView = {
  readonly facility: { readonly id: string; readonly slug: string; readonly name: string };
  readonly from: string;
  readonly to: string;
  /** Everything that was compared was the same when it was compared last. */
  readonly equal: boolean;
  /** Newest days first. What was never compared is not there. */
  readonly checks: readonly CheckView[];
};

export type CheckView = {
  readonly day: string;
  readonly subject: EqualitySubject;
  readonly equal: boolean;
  readonly checked_at: string;
  /** The place in the gate's log that both sides were at. */
  readonly seq: number;
  readonly edge: SideView;
  readonly cloud: SideView;
  /** The rows that differ, as far as they were looked into. */
  readonly differences: readonly DifferenceView[];
};

export type SideView = {
  readonly rows: number;
  readonly sum: { readonly amount: string; readonly currency: string };
};

export type DifferenceView = {
  readonly row_id: string;
  readonly found_at: string;
  /** `edge` = only the gate has the row, `cloud` = only the cloud has it. */
  readonly only: "edge" | "cloud" | null;
  /** The event that tells of it is in quarantine in the cloud: its number in the gate's log. */
  readonly quarantined_seq: number | null;
  /** What differs; of a row that one side has alone, everything. Amounts are minor units. */
  readonly fields: readonly {
    readonly field: string;
    readonly edge: string | number | boolean | null;
    readonly cloud: string | number | boolean | null;
  }[];
};
