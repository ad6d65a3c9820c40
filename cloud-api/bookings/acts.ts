import { randomUUID } from "node:crypto";
import type { Tx } from "../db/connection.ts";
import { changeSpotStatus } from "../availability/status.queries.ts";
import { releaseRights, sellRights } from "../capacity/sales.queries.ts";
import { refuse } from "../platform/refusal.ts";
import { dueOf, type BookingRow } from "./booking-row.ts";
import type { BookingPatch } from "./bookings.queries.ts";
import type { Change, Situation } from "./changing.ts";
import type { BookingDeps, Price } from "./deps.ts";
import { priceOf, saleOf } from "./pricing.ts";
import { cancelFee, noShowFee, opensAtMs, tooLong } from "./rules.ts";

/** What people can do with a booking, one after the other. */

const nothing = async (): Promise<null> => null;

/** The vehicle is there. */
export const ACTIVATE: Change<null> = {
  act: "activate",
  prepare: nothing,
  decide: async (_tx, { row, policy, now }) => {
    const opens = new Date(opensAtMs(row.entryTime.getTime(), policy));
    if (now < opens)
      refuse(409, "too_early", `it begins at ${row.entryTime.toISOString()}`, "entry_time", {
        opens_at: opens.toISOString(),
      });
    const active = { ...row, status: "ACTIVE", actualEntry: now } as const;
    return { actualEntry: now, dueAt: dueOf(active, policy) };
  },
  after: async (tx, row, now) => await occupy(tx, row, now),
};

export function cancelling(deps: BookingDeps, reason: string | null): Change<null> {
  return {
    act: "cancel",
    prepare: nothing,
    decide: async (_tx, { row, policy, now }) => {
      const priced = { ...row, entryMs: row.entryTime.getTime() };
      const finalMinor = cancelFee(priced, policy, now.getTime());
      return { finalMinor, cancelReason: reason, dueAt: null };
    },
    after: async (tx, row, now) => await letGo(deps, tx, row, now),
  };
}

export function notShown(deps: BookingDeps): Change<null> {
  return {
    act: "no_show",
    prepare: nothing,
    decide: async (_tx, { row, policy, now }) => {
      if (now < row.entryTime) refuse(409, "too_early", "its time has not begun yet", "entry_time");
      return { finalMinor: noShowFee(row, policy), dueAt: null };
    },
    after: async (tx, row, now) => await letGo(deps, tx, row, now),
  };
}

/** The vehicle has left. */
export function completing(deps: BookingDeps): Change<Price | null> {
  return {
    act: "complete",
    prepare: async ({ row, now }) => (row.status === "ACTIVE" ? await priceInTheEnd(deps, row, now) : null),
    decide: async (_tx, { row, isStaff, now }, price) => {
      if (row.stayId !== null && !isStaff)
        refuse(409, "at_the_gate", "it ends when the vehicle leaves by the gate");
      if (price === null) throw new Error("a booking that is ACTIVE was not priced");
      const isDriveIn = row.kind === "drive_in";
      const finalMinor = isDriveIn ? price.totalMinor : row.estimatedMinor + price.totalMinor;
      const rule = isDriveIn ? { appliedRule: price.appliedRule, tariff: price.tariff } : {};
      return { finalMinor, actualExit: now, dueAt: null, ...rule };
    },
    after: async (tx, row, now) => {
      await vacate(tx, row, now);
      await letGo(deps, tx, row, now);
    },
  };
}

/** A reservation's time is paid for: the engine prices what is outside of it, as a gate does. */
async function priceInTheEnd(deps: BookingDeps, row: BookingRow, now: Date): Promise<Price> {
  const [fromMs, untilMs] = [row.entryTime.getTime(), row.expectedExit.getTime()];
  const stay = {
    fromMs: (row.actualEntry ?? row.entryTime).getTime(),
    untilMs: now.getTime(),
    vehicleType: row.vehicleType,
    ev: row.ev,
    accessible: row.accessible,
    right: row.kind === "drive_in" ? null : ({ kind: "reservation", fromMs, untilMs } as const),
  };
  const priced = await deps.estimator.estimate(row.facilityId, stay);
  return priced.ok ? priced.value : refuse(409, priced.error.code, priced.error.message);
}

export function extending(deps: BookingDeps, expectedExit: Date): Change<Price | null> {
  return {
    act: "extend",
    prepare: async ({ row, policy }) =>
      extensionProblem(row, expectedExit, policy) === null
        ? await priceOf(deps, row.facilityId, {
            userId: row.userId,
            vehicle: { plate: row.plate, type: row.vehicleType, ev: row.ev, accessible: row.accessible },
            fromMs: row.entryTime.getTime(),
            untilMs: expectedExit.getTime(),
          })
        : null,
    decide: async (tx, situation, price) => {
      const { row, policy, now } = situation;
      const wrong = extensionProblem(row, expectedExit, policy);
      if (wrong !== null) refuse(wrong.status, wrong.code, wrong.message, "expected_exit");
      if (expectedExit <= now) refuse(400, "invalid", "is over already", "expected_exit");
      const saleId = await sellAnew(tx, situation, expectedExit);
      // More time never costs less.
      const estimatedMinor = Math.max(row.estimatedMinor, price?.totalMinor ?? 0);
      const heldUntil = row.heldUntil > expectedExit ? row.heldUntil : expectedExit;
      const patch = {
        expectedExit,
        heldUntil,
        overstayAt: null,
        saleId,
        estimatedMinor,
      } satisfies BookingPatch;
      return { ...patch, dueAt: dueOf({ ...row, ...patch }, policy) };
    },
  };
}

function extensionProblem(row: BookingRow, expectedExit: Date, policy: Situation["policy"]) {
  if (expectedExit <= row.expectedExit)
    return { status: 400, code: "invalid", message: `must be after ${row.expectedExit.toISOString()}` };
  const times = { fromMs: row.entryTime.getTime(), untilMs: expectedExit.getTime() };
  const wrong = tooLong(times, policy);
  return wrong === null ? null : { status: 409, code: wrong.code, message: wrong.message };
}

/** Rights to all of the longer time, in place of those that it has. */
async function sellAnew(tx: Tx, { row, now }: Situation, expectedExit: Date): Promise<string | null> {
  if (row.saleId === null) return null;
  await releaseRights(tx, { facilityId: row.facilityId, saleId: row.saleId }, now);
  const saleId = randomUUID();
  const sold = await sellRights(tx, saleOf({ ...row, expectedExit }, saleId), now);
  if (sold.kind === "sold") return saleId;
  return refuse(409, "none_free", "no such space is free so long", "expected_exit");
}

export async function occupy(tx: Tx, { facilityId, spotId }: BookingRow, now: Date): Promise<void> {
  if (spotId !== null) await changeSpotStatus(tx, facilityId, spotId, "occupied", "booking", now);
}

export async function vacate(tx: Tx, { facilityId, spotId }: BookingRow, now: Date): Promise<void> {
  if (spotId !== null) await changeSpotStatus(tx, facilityId, spotId, "free", "booking", now);
}

/** A booking that is over holds no rights, and keeps no more money than it costs. */
export async function letGo(
  { giveBack }: Pick<BookingDeps, "giveBack">,
  tx: Tx,
  row: BookingRow,
  now: Date,
): Promise<void> {
  const { facilityId, id: bookingId, saleId, finalMinor, gateMinor, paidMinor } = row;
  if (saleId !== null) await releaseRights(tx, { facilityId, saleId }, now);
  const keepMinor = (finalMinor ?? 0) - gateMinor;
  if (paidMinor > keepMinor) await giveBack(tx, { facilityId, bookingId, keepMinor }, now);
}
