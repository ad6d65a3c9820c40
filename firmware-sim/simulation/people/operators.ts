import { refund } from "../../../edge-agent/desk/books.ts";
import { validateForMerchant } from "../../../edge-agent/desk/merchant.ts";
import type { Random } from "../../traffic/random.ts";
import type { CloudSite } from "../cloud/cloud-site.ts";
import type { Machine } from "../edge/machine.ts";
import type { Entry, Tell } from "../journal.ts";
import type { Deed, DeedKind } from "../schedule.ts";
import type { Attendants } from "./attendants.ts";
import type { Drawers } from "./drawers.ts";
import type { Drivers } from "./drivers.ts";
import { uuidOf } from "./uuid.ts";

export type OperatorParts = {
  readonly machine: Machine;
  readonly drivers: Drivers;
  readonly drawers: Drawers;
  readonly attendants: Attendants;
  /** Null where the gate has no cloud. */
  readonly cloud: CloudSite | null;
  readonly journal: readonly Entry[];
  /** The visits of those inside, and of nobody else. */
  readonly inside: () => readonly number[];
  readonly random: Random;
  readonly tell: Tell;
};

type Done = { readonly ok: boolean; readonly detail: string };
const GATE_DOWN: Done = { ok: false, detail: "the gate is down" };

/** Those who run the place: at headquarters, at the desk, and a merchant next door. */
export function createOperators(parts: OperatorParts) {
  const { machine, attendants, drawers, drivers, cloud, tell, random } = parts;

  const atTheGate: Partial<Record<DeedKind, (deed: Deed) => Done>> = {
    shift_changed: () => {
      attendants.changeShift();
      return { ok: true, detail: "the shift changes" };
    },
    count_corrected: () => {
      const count = parts.inside().length;
      const by = { zone: null, count, reason: "counted by hand", actor: attendants.actor() };
      const done = machine.act(({ parts: { gate } }) =>
        gate.correctCount({ ...by, idempotencyKey: uuidOf(random) }),
      );
      return told(done, `${count} vehicles`);
    },
    merchant_validates: ({ choice }) => {
      const tickets = parts.inside().flatMap((visit) => drivers.ticketOf(visit) ?? []);
      const ticket = chosen(tickets, choice);
      if (ticket === null) return { ok: false, detail: "nobody inside has a ticket" };
      const done = machine.act(({ parts: { desk } }) => {
        const offer = chosen(desk.offers.all, choice);
        const what = { ticket: ticket.number, key: uuidOf(random) };
        return offer === null ? null : validateForMerchant(desk, { ...offer, ...what });
      });
      return told(done, ticket.number);
    },
    refund: ({ choice }) => {
      const paid = parts.journal.flatMap((entry) =>
        entry.kind === "record" && entry.record.type === "payment" && entry.record.method === "cash"
          ? [entry.record]
          : [],
      );
      const payment = chosen(paid.slice(-5), choice);
      if (payment === null) return { ok: false, detail: "nobody has paid cash" };
      const amountMinor = Math.max(1, Math.floor(payment.amountMinor * choice));
      const actor = attendants.actor();
      const why = { actor, reason: "goodwill", paymentId: payment.paymentId, idempotencyKey: uuidOf(random) };
      const done = machine.act(({ parts: { desk } }) =>
        refund(desk, payment.stayId, { ...why, amountMinor }),
      );
      if (done?.ok === true) drawers.move(actor, -amountMinor, "refund");
      return told(done, `${amountMinor} of ${payment.amountMinor}`);
    },
  };

  return {
    async act(deed: Deed): Promise<void> {
      const own = atTheGate[deed.kind];
      const done = own === undefined ? await cloud?.operate(deed) : own(deed);
      if (done !== undefined) tell({ kind: "operator", what: deed.kind, detail: done.detail, ok: done.ok });
    },
  };
}

function told(
  result: { readonly ok: true } | { readonly ok: false; readonly error: { readonly code: string } } | null,
  what: string,
): Done {
  if (result === null) return GATE_DOWN;
  return { ok: result.ok, detail: result.ok ? what : `${what}: ${result.error.code}` };
}

function chosen<T>(items: readonly T[], choice: number): T | null {
  return items[Math.min(items.length - 1, Math.floor(choice * items.length))] ?? null;
}
