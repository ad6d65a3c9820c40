import type { Logger } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import type { Result } from "@parkme/shared/domain/result";
import type { PricedRight } from "@parkme/shared/pricing/quote-model";
import type { Db, Tx } from "../db/connection.ts";
import type { OpeningHours } from "../facilities/opening-hours.ts";
import type { SpotOrder, SpotOutcome } from "./spot-orders.queries.ts";
import type { VehicleType } from "./suiting.ts";
import type { Together } from "./together.ts";
import type { WantedReader } from "./wanted.ts";

/** What bookings need of other parts of the platform. */

export type BookedFacility = {
  readonly id: string;
  readonly organisationId: string;
  readonly name: string;
  readonly address: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly listed: boolean;
  readonly bookable: boolean;
  readonly gateRights: boolean;
  readonly bookingPolicy: unknown;
  readonly openingHours: OpeningHours | null;
  readonly closedAt: string | null;
};

type StayToBook = {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly vehicleType: VehicleType;
  readonly ev: boolean;
  readonly accessible: boolean;
  readonly right: PricedRight | null;
};

export type Price = {
  readonly totalMinor: number;
  readonly currency: string;
  readonly appliedRule: string;
  /** `id@version`. */
  readonly tariff: string;
};

type Holder = {
  readonly facilityId: string;
  readonly userId: string;
  readonly plate: string;
  readonly atMs: number;
};

/** A vehicle that stays over. */
export type OverstayFact = {
  readonly facilityId: string;
  readonly bookingId: string;
  readonly stayId: string | null;
  readonly spotId: string | null;
  readonly userId: string | null;
  readonly plate: string;
  /** When its booked time was over. */
  readonly sinceAt: Date;
};

export type BookingDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Pick<Logger, "info" | "warn" | "error">;
  readonly facilities: { readonly find: (facilityId: string) => Promise<BookedFacility | null> };
  readonly estimator: {
    readonly estimate: (
      facilityId: string,
      stay: StayToBook,
    ) => Promise<Result<Price, { readonly code: string; readonly message: string }>>;
  };
  /** The subscription of a driver that pays for a vehicle at a moment; null = none. */
  readonly findHolding: (
    holder: Holder,
  ) => Promise<{ readonly subscriptionId: string; readonly right: PricedRight } | null>;
  readonly wanted: WantedReader;
  /** Writes a booking of a numbered spot, with those of others that come at the same time. Never waits for a lock. */
  readonly writeSpot: Together<SpotOrder, SpotOutcome>;
  /** Tells those who watch a facility that something changed there: soon, and outside of any transaction. */
  readonly changed: (facilityId: string) => void;
} & BookingEffects;

/** What bookings lead to elsewhere, in their transaction, as the system. */
export type BookingEffects = {
  /** Is told as long as it lasts. */
  readonly reportOverstay: (tx: Tx, overstay: OverstayFact, now: Date) => Promise<unknown>;
  /** Gives back what was paid for a booking, but for `keepMinor`. */
  readonly giveBack: (
    tx: Tx,
    paid: { readonly facilityId: string; readonly bookingId: string; readonly keepMinor: number },
    now: Date,
  ) => Promise<unknown>;
};
