import { z } from "@hono/zod-openapi";

/**
 * How long personal data is kept. Pure: time comes in as an argument.
 *
 * An edge that was restored gets its log from here, and a cloud that was restored gets it from the edge. So what was told
 * of the last {@link RESTORE_WINDOW_DAYS} days stays as it came, whatever else is forgotten before.
 */

/** The edges' `restore_window_days`: so long they keep their log behind what the cloud has. */
export const RESTORE_WINDOW_DAYS = 35;

const days = (usual: number) => z.number().int().min(1).max(3_650).default(usual);

/** How long a facility keeps what: `facilities.retention`. What is left out is as everywhere. */
export const retentionSchema = z
  .strictObject({
    /** Plates, after the end of the stay or the booking. */
    plate_days: days(30),
    /** Pictures, after the end of the stay. */
    picture_days: days(30),
    /** Who a booking was of, after its end. */
    booking_days: days(365),
    /** Plate, pictures and words of a violation, after it was closed. */
    violation_days: days(90),
    /**
     * The edges' logs as they came, from which a gate that lost its disk is made anew; null = as long as the gate is
     * there. A gate whose log was shortened cannot be made anew from its beginning.
     */
    log_days: z
      .number()
      .int()
      .min(RESTORE_WINDOW_DAYS + 1)
      .max(3_650)
      .nullable()
      .default(null),
  })
  .openapi("Retention");

export type Retention = z.output<typeof retentionSchema>;

export const USUAL_RETENTION: Retention = retentionSchema.parse({});

/** Of what is stored, which was checked when it was written. @throws what is none. */
export function retentionOf(stored: unknown): Retention {
  return stored === null || stored === undefined ? USUAL_RETENTION : retentionSchema.parse(stored);
}

/** What ended before these moments is forgotten; null = nothing is. */
export type Cutoffs = {
  readonly plates: Date;
  readonly pictures: Date;
  readonly bookings: Date;
  readonly violations: Date;
  /** Of the copy of each event: never within the time in which a restored edge may need it. */
  readonly events: Date;
  readonly logs: Date | null;
};

const DAY_MS = 86_400_000;

export function cutoffsOf(retention: Retention, now: Date): Cutoffs {
  const ago = (count: number): Date => new Date(now.getTime() - count * DAY_MS);
  const { plate_days, picture_days, booking_days, violation_days, log_days } = retention;
  return {
    plates: ago(plate_days),
    pictures: ago(picture_days),
    bookings: ago(booking_days),
    violations: ago(violation_days),
    events: ago(Math.max(plate_days, RESTORE_WINDOW_DAYS)),
    logs: log_days === null ? null : ago(log_days),
  };
}

/** Nobody counts a stay as going on after so long: what began before is over. */
export const ABANDONED_DAYS = 365;

const LOOK_BACK_DAYS = 60;
const SUNDAY = 0;

/**
 * From where on it is looked for what is to be forgotten. What lies far behind was forgotten long ago, so it is looked
 * through on Sundays only: a hold may have been lifted, a time shortened, a gate have told of months at once.
 */
export function lookFrom(cutoff: Date, now: Date): Date {
  return now.getUTCDay() === SUNDAY ? new Date(0) : new Date(cutoff.getTime() - LOOK_BACK_DAYS * DAY_MS);
}
