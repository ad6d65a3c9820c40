import { randomUUID } from "node:crypto";
import { askForRights, sellRights, type Sale } from "../capacity/sales.queries.ts";
import { transact, type Tx } from "../db/connection.ts";
import { answerOnce, onceOf } from "../platform/idempotency.queries.ts";
import { refuse, Refusal } from "../platform/refusal.ts";
import { viewOf, type BookingView } from "./booking-view.ts";
import type { BookingDeps } from "./deps.ts";
import { orderOf, type AskedToReserve, type Order } from "./ordering.ts";
import {
  isAnswered,
  isDeadlock,
  isOverlap,
  isSameTicket,
  writeBooking,
  type Asks,
  type Space,
} from "./reserve.queries.ts";
import { writeSpot, type SpotOrder } from "./spot-orders.queries.ts";
import { mintBookingNumber, pooledBytes } from "./ticket-number.ts";
import type { FoundWanted } from "./wanted.ts";

/** How a driver's booking is made. */

/** @throws a refusal. */
export async function reserve(deps: BookingDeps, asked: AskedToReserve): Promise<BookingView | Response> {
  const { body, principal } = asked;
  const spotId = body.spot_id ?? null;
  if ((spotId === null) === (body.class === undefined))
    refuse(400, "invalid", "name a spot_id or a class", spotId === null ? "class" : "spot_id");
  const key = asked.c.req.header("idempotency-key");
  if (key !== undefined && (await isAnswered(deps.db.$client, principal.actorId, key)))
    return await replay(deps, asked);
  const wanted = { userId: principal.actorId, vehicleId: body.vehicle_id, spotId };
  const known = deps.wanted.known(wanted);
  const quick = known === null ? null : await bookKnown(deps, asked, known);
  if (quick !== null) return quick;
  const found = await deps.wanted.read(wanted);
  if (found === null) return refuse(404, "no_such_vehicle", "you have no such vehicle", "vehicle_id");
  const order = await orderOf(deps, asked, found);
  return (await writeAgain(deps, asked, order)) ?? refuseTaken(order.space);
}

/** By what was known a moment ago. Null = it does not go so: it may be out of date. */
async function bookKnown(
  deps: BookingDeps,
  asked: AskedToReserve,
  known: FoundWanted,
): Promise<BookingView | Response | null> {
  let order: Order;
  try {
    order = await orderOf(deps, asked, known);
  } catch (error) {
    if (error instanceof Refusal) return null;
    throw error;
  }
  return await writeAgain(deps, asked, order);
}

/** Of what was decided then; it may be too late for that now. */
async function replay({ db }: BookingDeps, asked: AskedToReserve): Promise<BookingView | Response> {
  const unknown = async () =>
    refuse(409, "try_again", "this request is just being forgotten", "Idempotency-Key");
  return await transact(db, async (tx) => await answerOnce<BookingView>(tx, asked, ANSWERED, unknown));
}

/** Others who book a space of the same class take what was picked: then another is picked. */
const MOST_TRIES = 6;

/** Null = nothing was written: nothing is free, or something is not as it was read. @throws a refusal. */
async function writeAgain(
  deps: BookingDeps,
  asked: AskedToReserve,
  order: Order,
): Promise<BookingView | Response | null> {
  const quick = await writeWithOthers(deps, asked, order);
  if (quick !== null) return quick;
  for (let tries = 1; ; tries++) {
    // The number may be one that there is: it is minted anew for each try.
    const { row } = order;
    const renumbered = { ...order, row: { ...row, ticketNumber: mintBookingNumber(pooledBytes) } };
    try {
      const made = await write(deps, asked, renumbered);
      deps.changed(row.facilityId);
      return made;
    } catch (error) {
      if (error instanceof NothingWritten) return null;
      if (error instanceof Refusal && error.problem.code === "not_enough_rights")
        return await askTheGate(deps, order, error);
      const again =
        isSameTicket(error) || isDeadlock(error) || (isOverlap(error) && order.space.kind === "class");
      if (again && tries < MOST_TRIES) continue;
      if (isOverlap(error)) return refuseTaken(order.space);
      throw error;
    }
  }
}

/** Null = it has to be written by itself. @throws a refusal. */
async function writeWithOthers(
  deps: BookingDeps,
  asked: AskedToReserve,
  order: Order,
): Promise<BookingView | null> {
  const { row, space } = order;
  if (space.kind !== "spot" || space.as === null) return null;
  const once = onceOf(asked);
  const view = viewOf(row, space.as.number);
  const kept = once === null ? null : { ...once, answer: view };
  const outcome = await deps.writeSpot(spotOrderOf(order, space, kept));
  // Who has a key may be answered already.
  if (outcome.kind === "taken" && once === null) return refuseTaken(space);
  if (outcome.kind !== "written") return null;
  deps.changed(row.facilityId);
  return view;
}

/** By itself: whoever has the locks that it needs is waited for. */
async function write(
  deps: BookingDeps,
  asked: AskedToReserve,
  order: Order,
): Promise<BookingView | Response> {
  const { db } = deps;
  const isOnce = asked.c.req.header("idempotency-key") !== undefined;
  // A statement is a transaction of its own.
  if (!isOnce && order.sale === null) return await writeOrder(db.$client, order);
  return await transact(db, async (tx, client) => {
    const run = async () => {
      if (order.sale !== null) await sell(tx, order.sale, asked.now);
      return await writeOrder(client, order);
    };
    return await answerOnce(tx, asked, ANSWERED, run);
  });
}

/** Undoes the transaction that it is thrown in. */
class NothingWritten extends Error {
  override readonly name = "NothingWritten";
}

const ANSWERED = { status: 201, answer: true };

async function writeOrder(asks: Asks, order: Order): Promise<BookingView> {
  const { row, space, entry, mustBeFree } = order;
  const written =
    space.kind === "spot"
      ? await writeSpot(asks, spotOrderOf(order, space, null))
      : await writeBooking(asks, row, space, entry, mustBeFree);
  if (written === null) throw new NothingWritten();
  return viewOf({ ...row, spotId: written.spotId }, written.number);
}

function spotOrderOf(
  { row, entry, mustBeFree }: Order,
  { as }: Extract<Space, { readonly kind: "spot" }>,
  once: SpotOrder["once"],
): SpotOrder {
  return { row, as, entry, mustBeFree, once };
}

function refuseTaken({ kind }: Space): never {
  return kind === "spot"
    ? refuse(409, "spot_taken", "this spot is not free then", "spot_id")
    : refuse(409, "none_free", "no such space is free then", "class");
}

async function sell(tx: Tx, sale: Sale, now: Date): Promise<void> {
  const outcome = await sellRights(tx, sale, now);
  if (outcome.kind === "sold") return;
  if (outcome.kind === "id_reused") throw new Error("a sale's id was minted twice");
  refuse(409, "not_enough_rights", "no space is free then; the gate is asked for more", "class", {
    free: outcome.free,
  });
}

async function askTheGate({ db, clock }: BookingDeps, { sale }: Order, refused: Refusal): Promise<never> {
  if (sale === null) throw refused;
  const missing = { ...sale, id: randomUUID() };
  const asked = await transact(db, async (tx) => await askForRights(tx, missing, new Date(clock.wallMs())));
  throw new Refusal(refused.problem, { ...refused.extra, request_id: asked.requestId });
}
