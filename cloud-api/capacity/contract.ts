/**
 * The cloud's book of rights to spaces: `GET /api/facilities/:facilityId/capacity?class=&from=&until=`. Slots are whole
 * hours of UTC. Times are RFC 3339.
 */
export type CapacityView = {
  readonly class: string;
  readonly slots: readonly SlotView[];
  /** Not released, and in this time, oldest first. */
  readonly sales: readonly SaleView[];
  /** What was asked of the gate and has no answer yet. */
  readonly requests: readonly RequestView[];
};

export type SlotView = {
  readonly slot: string;
  /** What the gate has given and not back, as far as we have heard. */
  readonly edge_given: number;
  readonly held: number;
  readonly sold: number;
  readonly free: number;
  /** Sold, though the gate has it back: see the incident `oversold`. */
  readonly owed: number;
  /** Given back by us, and not heard of by the gate yet. */
  readonly under_way: number;
};

export type SaleView = {
  readonly sale_id: string;
  readonly class: string;
  readonly from: string;
  readonly until: string;
  readonly amount: number;
  readonly sold_at: string;
};

export type RequestView = {
  readonly request_id: string;
  readonly from: string;
  readonly until: string;
  readonly amount: number;
  readonly expires_at: string;
};
