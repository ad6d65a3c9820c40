import type { LiveState } from "@parkme/shared/protocol/downlink";

/**
 * How a facility's gate and the cloud stand with each other: `GET /api/facilities/:facilityId/link`. Times are RFC 3339
 * in UTC.
 */
export type LinkView = {
  readonly at: string;
  /** Null until an edge is set up. */
  readonly edge: LinkEdge | null;
  /** What the gate said of itself last, beside its log; null = nothing yet. */
  readonly live: { readonly at: string; readonly state: LiveState } | null;
  /** Times that the gate was restored, newest first. */
  readonly restores: readonly {
    readonly epoch: number;
    readonly parent_seq: number;
    readonly reason: string;
    readonly at: string;
  }[];
  /** What a person should look at, newest first; those that were seen come after. */
  readonly incidents: readonly IncidentView[];
  /** Events that the cloud could not understand, newest first; kept as they came. */
  readonly quarantine: readonly {
    readonly seq: number;
    readonly kind: string;
    readonly error: string;
    readonly at: string;
  }[];
  readonly quarantined: number;
  /** Lines that have the number of another. */
  readonly forks: number;
};

export type LinkEdge = {
  readonly id: string;
  /** How it signs in: a key of its own, a token from the provisioning file, or not any more. */
  readonly credential: "key" | "token" | "none";
  readonly box: string | null;
  readonly enrolled_at: string | null;
  readonly version: string | null;
  readonly epoch: number;
  /** The last event that is committed in the cloud. */
  readonly seq: number;
  /** Events that wait at the gate. */
  readonly waiting: number;
  readonly last_seen_at: string | null;
  readonly behind_seconds: number;
  /** The gate's clock minus ours; null = not known. */
  readonly clock_offset_ms: number | null;
  readonly manifest: number;
};

export type IncidentView = {
  readonly id: string;
  readonly kind: string;
  readonly detail: string;
  readonly count: number;
  readonly at: string;
  readonly last_at: string;
  readonly seen: { readonly at: string; readonly by: string } | null;
};
