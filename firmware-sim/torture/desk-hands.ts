import {
  paidSchema,
  shiftReportSchema,
  stayViewSchema,
  type StayView,
} from "@parkme/shared/protocol/kiosk-desk";
import type { z } from "zod";
import { because, cash, type Answer } from "../scenarios/cashier.ts";
import type { Random } from "../traffic/random.ts";
import { noteReceipt, noteZReport, type Acknowledged } from "./acknowledged.ts";
import type { Counter } from "./counter.ts";
import { ShiftOver, type Shift } from "./shift.ts";

/**
 * Attendants at the pay desk who take one customer after another as fast as they are answered: stays by hand, cash,
 * refunds, counted drawers. What a cut leaves without an answer is asked again under its key in the next shift.
 */
export type DeskHands = {
  /** Until the shift is over. */
  readonly work: (shift: Shift) => void;
  /** The last of them goes home; nothing is asked any more. @throws what went wrong. */
  readonly dismiss: () => Promise<void>;
  /** @throws what went wrong so far. */
  readonly check: () => void;
};

export function hireDeskHands(
  counter: Counter,
  known: Acknowledged,
  random: Random,
  people: number,
): DeskHands {
  let shift: Shift | null = null;
  const waiting: (() => void)[] = [];
  let dismissed = false;
  let failure: Error | null = null;

  /** The shift that lasts now; while there is none, everybody waits for the next. */
  const onShift = async (): Promise<void> => {
    while (shift === null || shift.isOver()) {
      if (dismissed) throw new ShiftOver("everybody has gone home");
      await new Promise<void>((begin) => waiting.push(begin));
    }
  };
  const ask: Ask = async (path, body) => await counter.ask(path, body, onShift);

  async function live(serve: () => Promise<void>): Promise<void> {
    try {
      for (;;) await serve();
    } catch (error) {
      if (!(error instanceof ShiftOver)) failure = error instanceof Error ? error : new Error(String(error));
    }
  }

  const lives = Array.from({ length: people }, (_, number) =>
    live(createCashier(ask, known, random.fork(`person ${number}`))),
  );
  const check = (): void => {
    if (failure !== null) throw new Error(`at the pay desk: ${failure.message}`, { cause: failure });
  };
  const wake = (): void => {
    for (const begin of waiting.splice(0)) begin();
  };
  return {
    work: (begun) => {
      shift = begun;
      wake();
    },
    check,
    dismiss: async () => {
      dismissed = true;
      shift?.end();
      wake();
      await Promise.all(lives);
      check();
    },
  };
}

/** Until there is an answer. */
type Ask = (path: string, body: object) => Promise<Answer>;

const CLOSING_CHANCE = 0.02;
const REFUND_CHANCE = 0.15;
const MAX_AGE_MINUTES = 600;

/** @returns what serves one customer to the end. */
function createCashier(ask: Ask, known: Acknowledged, random: Random): () => Promise<void> {
  const post = async <T>(path: string, body: object, schema: z.ZodType<T>): Promise<T> =>
    read(path, await ask(path, body), schema);

  async function pay({ stay_id: stayId, due_minor: due }: StayView): Promise<void> {
    if (due === null || due <= 0) throw new Error(`stay ${stayId} has no price`);
    const path = `/api/stays/${stayId}`;
    const { payment_id: paymentId, receipt } = await post(`${path}/payments`, cash(due), paidSchema);
    if (receipt === null) throw new Error("a payment has no receipt");
    known.payments.set(paymentId, { stayId, amountMinor: due });
    noteReceipt(known, receipt.number, { paymentId, kind: "payment" });
    if (!random.chance(REFUND_CHANCE)) return;
    const wish = { payment_id: paymentId, amount_minor: 1 + random.int(due), ...because("was not happy") };
    const back = await post(`${path}/refunds`, wish, paidSchema);
    if (back.receipt === null) throw new Error("a refund has no credit note");
    noteReceipt(known, back.receipt.number, { paymentId, kind: "refund" });
  }

  /** Another may have closed it already; so has who got no answer. */
  async function closeDrawer(): Promise<void> {
    const path = "/api/shift/close";
    const answer = await ask(path, { counted_minor: random.int(50_000) });
    if (answer.status === 409) return;
    const report = read(path, answer, shiftReportSchema);
    if (report.z_number !== null) noteZReport(known, report.z_number, report.shift_id);
  }

  return async () => {
    const entry_at = new Date(Date.now() - (1 + random.int(MAX_AGE_MINUTES)) * 60_000).toISOString();
    const wanted = { plate: null, entry_at, ...because("came in unseen") };
    const stay = await post("/api/stays", wanted, stayViewSchema);
    known.stays.set(stay.stay_id, { ticket: stay.ticket_number });
    await pay(stay);
    if (random.chance(CLOSING_CHANCE)) await closeDrawer();
  };
}

function read<T>(path: string, { status, body }: Answer, schema: z.ZodType<T>): T {
  if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`);
  return schema.parse(body);
}
