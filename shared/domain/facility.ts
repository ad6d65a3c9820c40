import type { Currency } from "./money.ts";
import type { FacilityId } from "./ids.ts";

/** A car park as its own gate knows it. */
export type Facility = {
  readonly id: FacilityId;
  /** Name in topics and URLs: lower-case letters, digits, dashes. */
  readonly slug: string;
  readonly name: string;
  /** IANA name, such as `Europe/Berlin`. Durations are UTC; boundaries are in this zone. */
  readonly timeZone: string;
  readonly currency: Currency;
  readonly capacity: number;
};
