import { z } from "zod";
import type { Db } from "../../../cloud-api/db/connection.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import type { SitePlan, Visit } from "../schedule.ts";
import type { Done } from "./operators.ts";
import type { Ask, Told } from "./people-online.ts";
import { forgetPerson, makePerson, type SignedIn } from "./provide.ts";

export type CustomerParts = {
  readonly db: Db;
  readonly plan: SitePlan;
  readonly ask: Ask;
  readonly time: VirtualTime;
  /** Something is there for the gate; the line is up for so long, where it is not always. */
  readonly tellGate: (what: "downlink" | "manifest", forMs: number) => void;
  /** Runs the jobs that tell gates of bookings. */
  readonly publishBookings: () => Promise<void>;
  /** Somebody was told something later than they asked. */
  readonly later: (what: "booking" | "online_payment", done: Done) => void;
};

/** Whose stay is paid for: what is printed on the ticket, or painted on the vehicle. */
export type PaidFor = { readonly ticketNumber: string } | { readonly plate: string };

type Paid = Done & { readonly amountMinor: number };

/** A gate whose line is up has given rights by then, and told of it. */
const RIGHTS_MS = 4_000;
/** As jobs of a second do it. */
const SOON_MS = 1_000;
const LINE_MS = 8_000;
/** A booking is made for a while longer than the stay will be. */
const RESERVE_MS = 1_800_000;
const UNKNOWN_STAY = "the cloud knows of no such stay";
const idSchema = z.object({ id: z.string() });

/** Drivers with the app: they book a space of a class, cancel it, and pay for stays that are open. */
export function createCustomers(parts: CustomerParts) {
  const { db, plan, ask, time, tellGate } = parts;
  let driver: SignedIn | null = null;
  const vehicles = new Map<string, string>();
  const bookings = new Map<number, string>();

  async function vehicleOf({ vehicle }: Visit): Promise<Told> {
    const plate = vehicle.plate.text;
    const known = vehicles.get(plate);
    if (known !== undefined) return { ok: true, body: { id: known } };
    driver ??= await makePerson(db, { role: "driver", name: plan.facilityId, organisationId: null });
    return await ask(driver, { method: "POST", path: "/api/vehicles/", body: { plate } });
  }

  async function reserve(visit: Visit): Promise<Done> {
    const added = await vehicleOf(visit);
    if (!added.ok) return { ok: false, detail: added.refused };
    const { id: vehicle_id } = idSchema.parse(added.body);
    vehicles.set(visit.vehicle.plate.text, vehicle_id);
    const entryMs = Math.max(visit.atMs, time.nowMs + SOON_MS);
    const instant = (ms: number): string => new Date(plan.startMs + ms).toISOString();
    const times = {
      entry_time: instant(entryMs),
      expected_exit: instant(entryMs + visit.stayMs + RESERVE_MS),
    };
    const body = { vehicle_id, facility_id: plan.facilityId, class: "standard", ...times };
    const made = await ask(driver, { method: "POST", path: "/api/bookings/reserve/", body });
    if (!made.ok) return { ok: false, detail: made.refused };
    bookings.set(visit.id, idSchema.parse(made.body).id);
    publishSoon();
    // Its number is not told: numbers come from a stock of the process that no seed knows.
    return { ok: true, detail: `${times.entry_time} to ${times.expected_exit}` };
  }

  /** Gates hear of what becomes of bookings a moment later. */
  function publishSoon(): void {
    time.after(
      SOON_MS,
      async () => {
        await parts.publishBookings();
        tellGate("manifest", 0);
      },
      { life: null },
    );
  }

  /** The app asks again when the gate may have given what it had to be asked for. */
  async function book(visit: Visit): Promise<Done> {
    const first = await reserve(visit);
    if (first.ok || first.detail !== "not_enough_rights") return told(visit, first);
    tellGate("downlink", LINE_MS);
    time.after(RIGHTS_MS, async () => parts.later("booking", told(visit, await reserve(visit))), {
      life: null,
    });
    return told(visit, { ok: true, detail: "the gate is asked for a space" });
  }

  async function cancel(visit: Pick<Visit, "id">): Promise<Done> {
    const id = bookings.get(visit.id);
    if (id === undefined) return told(visit, { ok: false, detail: "it has no booking" });
    const done = await ask(driver, { method: "POST", path: `/api/bookings/${id}/cancel/`, body: {} });
    if (!done.ok) return told(visit, { ok: false, detail: done.refused });
    publishSoon();
    return told(visit, { ok: true, detail: "the booking is cancelled" });
  }

  /** The app asks again when a gate whose line is up has told of who came in. */
  async function pay(whose: PaidFor): Promise<Paid> {
    const first = await payNow(whose);
    if (first.detail !== UNKNOWN_STAY) return first;
    tellGate("downlink", LINE_MS);
    time.after(RIGHTS_MS, async () => parts.later("online_payment", await payNow(whose)), { life: null });
    return first;
  }

  async function payNow(whose: PaidFor): Promise<Paid> {
    const nothing = (detail: string) => ({ ok: false, detail, amountMinor: 0 });
    const { rows } = await db.$client.query<{ ticket: string; plate: string }>(
      `select ticket_number as ticket, plate from stays
        where facility_id = $1 and status = 'open' and plate is not null and ticket_number is not null
        and ${"plate" in whose ? "plate" : "ticket_number"} = $2 order by entry_at desc limit 1`,
      [plan.facilityId, "plate" in whose ? whose.plate : whose.ticketNumber],
    );
    const stay = rows[0];
    if (stay === undefined) return nothing(UNKNOWN_STAY);
    const ticket = { ticket_number: stay.ticket, plate: stay.plate };
    const path = `/api/facilities/${plan.facilityId}/stays/pay/`;
    const paid = await ask(null, { method: "POST", path, body: { ...ticket, provider: "wallet" } });
    if (!paid.ok) return nothing(paid.refused);
    const amount = amountSchema.parse(paid.body);
    tellGate("downlink", LINE_MS);
    return { ok: true, detail: `${stay.ticket}: ${amount.amount}`, amountMinor: await minorOf(amount.id) };
  }

  async function minorOf(paymentId: string): Promise<number> {
    const { rows } = await db.$client.query<{ minor: number }>(
      "select amount_minor::float8 as minor from provider_payments where id = $1",
      [paymentId],
    );
    return rows[0]?.minor ?? 0;
  }

  return {
    book,
    cancel,
    pay,
    hasBookings: (): boolean => bookings.size > 0,
    /** Whoever booked here is nobody any more. */
    forget: async (): Promise<void> => {
      if (driver !== null) await forgetPerson(db, driver);
    },
  };
}

const amountSchema = z.object({ id: z.string(), amount: z.string() });

function told({ id }: Pick<Visit, "id">, { ok, detail }: Done): Done {
  return { ok, detail: `visit ${id}: ${detail}` };
}
