import type { PaidFor } from "../cloud/customers.ts";
import type { CloudSite } from "../cloud/cloud-site.ts";
import type { Tell } from "../journal.ts";
import type { VirtualTime } from "../time/virtual-time.ts";
import type { Drivers } from "./drivers.ts";

export type PayerParts = {
  readonly time: VirtualTime;
  readonly drivers: Drivers;
  /** Null where there is nowhere to pay but at the gate. */
  readonly cloud: Pick<CloudSite, "payOnline"> | null;
  readonly tell: Tell;
};

/** On the way back to the vehicle, before driving to an exit. */
const BEFORE_MS = 4 * 60_000;

/** Drivers who pay by phone: before they leave, by the number on their ticket, or by their plate where they have none. */
export function createPayers({ time, drivers, cloud, tell }: PayerParts) {
  const payers = new Set<number>();

  async function pay(visit: number): Promise<void> {
    if (cloud === null) return;
    const { vehicle } = drivers.visit(visit);
    const ticket = drivers.ticketOf(visit);
    const whose: PaidFor = ticket === null ? { plate: vehicle.plate.text } : { ticketNumber: ticket.number };
    const { ok, detail } = await cloud.payOnline(whose);
    tell({ kind: "operator", what: "online_payment", detail: `visit ${visit}: ${detail}`, ok });
  }

  return {
    /** A vehicle has come in. */
    cameIn(visit: number): void {
      const { pays, stayMs } = drivers.visit(visit);
      if (pays !== "online" || cloud === null || payers.has(visit)) return;
      payers.add(visit);
      time.after(stayMs - BEFORE_MS, async () => await pay(visit), { life: null });
    },
  };
}
export type Payers = ReturnType<typeof createPayers>;
