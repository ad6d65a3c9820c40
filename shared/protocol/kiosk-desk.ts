import { z } from "zod";
import { DRAWER_MOVES, LEDGER_KINDS } from "../domain/ledger.ts";
import {
  ATTEMPT_STATUSES,
  PAYMENT_METHODS,
  REVIEW_REASONS,
  RIGHT_KINDS,
  STAY_STATUSES,
} from "../domain/stay.ts";

/**
 * The HTTP interface of the edge agent for money: the pay desk, shifts, receipts and merchants. As in `kiosk.ts`, every
 * call needs the session cookie, posts need `x-parkme: 1`, and refusals are problem details with a stable code. Every
 * post that moves money carries a key: sent twice, it is done once and answered the same. Merchants are refused all
 * but `GET /api/offers` and `POST /api/merchant/validate` (403).
 *
 * | call                                  | body                       | answer                                              |
 * |---------------------------------------|----------------------------|-----------------------------------------------------|
 * | `GET /api/stays?q=`                   |                            | {@link staysFoundSchema}: by ticket number or code, plate or part of it; none = inside, latest first |
 * | `GET /api/stays/{id}`                 |                            | {@link stayViewSchema}, 404                         |
 * | `POST /api/stays`                     | {@link manualStaySchema}   | 201 {@link stayViewSchema}: an exit without an entry |
 * | `POST /api/stays/{id}/payments`       | {@link deskPaymentSchema}  | {@link paidSchema}, 409 why not                     |
 * | `POST /api/stays/{id}/card`           | {@link deskCardSchema}     | 202 {@link attemptViewSchema}, 409                  |
 * | `GET /api/attempts/{id}`              |                            | {@link attemptViewSchema}, 404                      |
 * | `POST /api/attempts/{id}/stop`        |                            | {@link attemptViewSchema}, 404                      |
 * | `POST /api/attempts/{id}/vouch`       | {@link vouchSchema}        | {@link attemptViewSchema}: of one in doubt, at the desk, a lane or a pay station, 404, 409 |
 * | `POST /api/stays/{id}/upi`            |                            | {@link upiSchema}, 409 where it is not set up       |
 * | `POST /api/stays/{id}/validations`    | {@link validateSchema}     | {@link stayViewSchema}, 409                         |
 * | `POST /api/stays/{id}/write-off`      | {@link writeOffSchema}     | {@link stayViewSchema}, 409                         |
 * | `POST /api/stays/{id}/debt`           | {@link debtSchema}         | {@link stayViewSchema}, 409                         |
 * | `POST /api/stays/{id}/debt/collect`   | {@link deskPaymentSchema}  | {@link paidSchema}, 409                             |
 * | `POST /api/stays/{id}/refunds`        | {@link refundSchema}       | {@link paidSchema} with the credit note, 409        |
 * | `POST /api/stays/{id}/lost-ticket`    | {@link reasonSchema}       | {@link stayViewSchema}: with a new number; the old is void |
 * | `POST /api/stays/{id}/entry-time`     | {@link entryTimeSchema}    | {@link stayViewSchema}, 409                         |
 * | `POST /api/stays/{id}/vehicle`        | {@link vehicleSchema}      | {@link stayViewSchema}                              |
 * | `POST /api/stays/{id}/penalties`      | {@link penaltySchema}      | {@link stayViewSchema}, 409                         |
 * | `POST /api/stays/{id}/ticket/print`   | {@link reasonSchema}       | {@link doneSchema}: the same ticket once more, at the desk |
 * | `POST /api/stays/{id}/void`           | {@link reasonSchema}       | {@link stayViewSchema}, 409 where it was paid for or is not inside |
 * | `POST /api/lanes/{lane}/identify`     | {@link identifySchema}     | {@link doneSchema}: the vehicle at the lane is that stay; 409 |
 * | `GET /api/shift`                      |                            | {@link shiftNowSchema}: of who asks                 |
 * | `POST /api/shift/open`                | {@link openShiftSchema}    | {@link shiftNowSchema}, 409                         |
 * | `POST /api/shift/move`                | {@link drawerMoveSchema}   | {@link shiftNowSchema}, 409                         |
 * | `POST /api/shift/close`               | {@link closeShiftSchema}   | {@link shiftReportSchema}: the Z report, 409        |
 * | `GET /api/shifts?limit=`              |                            | {@link shiftsSchema}                                |
 * | `GET /api/shifts/{id}/report`         |                            | {@link shiftReportSchema}: X while it is open, Z after |
 * | `GET /api/reconciliation?from=&to=`   |                            | {@link reconciliationSchema}                        |
 * | `GET /api/receipts?limit=`            |                            | {@link receiptsSchema}                              |
 * | `POST /api/receipts/{number}/print`   |                            | {@link doneSchema}                                  |
 * | `GET /api/offers`                     |                            | {@link offersSchema}: what may be given here        |
 * | `GET /api/tariff`                     |                            | {@link tariffViewSchema}                            |
 * | `POST /api/merchant/validate`         | {@link merchantValidateSchema} | {@link merchantValidatedSchema}, 404, 409: for merchants only |
 * | `GET /r/{token}`, `/r/{token}.pdf`    |                            | the receipt as a page and as a PDF; no session, 404 |
 */
const minor = z.number().int().nonnegative().max(100_000_000);
const signedMinor = z.number().int();
const instant = z.iso.datetime();
const reason = z.string().trim().min(3).max(200);
const key = z.uuid();
const name = z.string().trim().min(1).max(80);

export const doneSchema = z.object({ done: z.literal(true) });
export const reasonSchema = z.object({ reason });

export const stayRowSchema = z.object({
  stay_id: z.uuid(),
  ticket_number: z.string(),
  plate: z.string().nullable(),
  status: z.enum(STAY_STATUSES),
  entry_at: instant,
  exit_at: instant.nullable(),
  right: z.enum(RIGHT_KINDS).nullable(),
  review: z.enum(REVIEW_REASONS).nullable(),
  /** By the ledger; what is due now is known of one stay at a time. */
  balance_minor: signedMinor,
});
export type StayRow = z.infer<typeof stayRowSchema>;
export const MAX_STAYS_FOUND = 20;
export const staysFoundSchema = z.object({ stays: z.array(stayRowSchema).max(MAX_STAYS_FOUND) });

const lineSchema = z.object({ text: z.string(), amount_minor: signedMinor });
const quoteViewSchema = z.object({
  base_minor: signedMinor,
  discounts_minor: signedMinor,
  penalties_minor: signedMinor,
  rounding_minor: signedMinor,
  tax_minor: signedMinor,
  tax_included: z.boolean(),
  total_minor: signedMinor,
  duration_minutes: z.number().int(),
  applied_rule: z.string(),
  tariff_id: z.string(),
  tariff_version: z.number().int(),
  subscription_used: z.boolean(),
  trace: z.array(lineSchema),
});
export type QuoteView = z.infer<typeof quoteViewSchema>;

export const attemptViewSchema = z.object({
  attempt_id: z.uuid(),
  stay_id: z.uuid(),
  status: z.enum(ATTEMPT_STATUSES),
  amount_minor: minor,
  detail: z.string(),
  /** Of an approved one. */
  payment: z.object({ payment_id: z.uuid(), receipt_number: z.number().int().nullable() }).nullable(),
});
export type AttemptView = z.infer<typeof attemptViewSchema>;

export const stayViewSchema = stayRowSchema.extend({
  entry_lane: z.string(),
  vehicle: z.object({ type: z.string(), ev: z.boolean(), accessible: z.boolean() }),
  lost_ticket: z.boolean(),
  /** What is still to be paid now. Null where it cannot be priced: `pricing_refusal` says why. */
  due_minor: minor.nullable(),
  pricing_refusal: z.string().nullable(),
  /** Paid for, and the time to leave runs until then. */
  leave_by: instant.nullable(),
  quote: quoteViewSchema.nullable(),
  debt_minor: minor,
  validations: z.array(
    z.object({ validation_id: z.uuid(), merchant: z.string(), name: z.string(), at: instant }),
  ),
  penalties: z.array(z.string()),
  /** Newest last. */
  entries: z.array(
    z.object({
      kind: z.enum(LEDGER_KINDS),
      amount_minor: signedMinor,
      at: instant,
      actor: z.string(),
      reason: z.string(),
      method: z.enum(PAYMENT_METHODS).nullable(),
    }),
  ),
  payments: z.array(
    z.object({
      payment_id: z.uuid(),
      method: z.enum(PAYMENT_METHODS),
      amount_minor: minor,
      refunded_minor: minor,
      at: instant,
      actor: z.string(),
      receipt: z.object({ number: z.number().int(), url: z.string() }).nullable(),
    }),
  ),
  /** A card payment at the desk that is not settled, or one in doubt at a lane or a pay station. */
  attempt: attemptViewSchema.nullable(),
});
export type StayView = z.infer<typeof stayViewSchema>;

/** What a bank calls a payment by UPI: twelve digits. */
const BANK_REFERENCE = /^\d{12}$/;

/** `amount_minor` is what the attendant saw to be due: when it is another by now, nothing is taken (409 `fee_changed`). */
export const deskPaymentSchema = z
  .object({
    method: z.enum(["cash", "upi", "account"]),
    amount_minor: minor.positive(),
    /** Cash: what was handed over; otherwise the same as the amount. */
    tendered_minor: minor,
    /** UPI: the bank's reference number; account: whose. */
    reference: z.string().trim().min(1).max(80).nullable().default(null),
    /** The drawer may be short of change (409 `change_short`): taken all the same. */
    accept_short: z.boolean().default(false),
    idempotency_key: key,
  })
  .superRefine(({ method, amount_minor, tendered_minor, reference }, context) => {
    const wrong = (field: string, message: string): void =>
      context.addIssue({ code: "custom", path: [field], message });
    if (tendered_minor < amount_minor) wrong("tendered_minor", "is less than what is due");
    if (method !== "cash" && tendered_minor > amount_minor) wrong("tendered_minor", "must be what is due");
    if (method === "upi" && !BANK_REFERENCE.test(reference ?? ""))
      wrong("reference", "must be the twelve digits that the bank calls the payment");
    if (method === "account" && reference === null) wrong("reference", "must say whose account it is");
  });
export type DeskPayment = z.infer<typeof deskPaymentSchema>;
export const paidSchema = z.object({
  payment_id: z.uuid(),
  change_minor: minor,
  /** Null where the facility issues none. */
  receipt: z.object({ number: z.number().int(), url: z.string() }).nullable(),
});
export type Paid = z.infer<typeof paidSchema>;
/** The key becomes the attempt's id: a card is asked for once, however often this is sent. */
export const deskCardSchema = z.object({ amount_minor: minor.positive(), idempotency_key: key });
/** A person has looked at the terminal's own journal: charged under this reference, or, with null, not charged. */
export const vouchSchema = z.object({ reference: z.string().trim().min(1).max(80).nullable(), reason });
/** What the driver's bank app reads: a `upi://pay` link, and its QR code as SVG. */
export const upiSchema = z.object({ link: z.string(), svg: z.string(), amount_minor: minor });

/** An offer of a merchant by name, or the text of a validation code. */
export const validateSchema = z.union([
  z.object({ merchant: z.string().min(1).max(40), offer: z.string().min(1).max(40), idempotency_key: key }),
  z.object({ code: z.string().min(1).max(256), idempotency_key: key }),
]);
export const writeOffSchema = z.object({ amount_minor: minor.positive(), reason, idempotency_key: key });
export const debtSchema = z.object({
  amount_minor: minor.positive(),
  debtor: name,
  reason,
  idempotency_key: key,
});
export const refundSchema = z.object({
  payment_id: z.uuid(),
  amount_minor: minor.positive(),
  reason,
  idempotency_key: key,
});
export const manualStaySchema = z.object({
  plate: z.string().trim().max(20).nullable(),
  entry_at: instant,
  reason,
  idempotency_key: key,
});
export const entryTimeSchema = z.object({ entry_at: instant, reason });
export const vehicleSchema = z.object({
  type: z.string().min(1).max(40),
  ev: z.boolean(),
  accessible: z.boolean(),
});
export const penaltySchema = z.object({ penalty: z.string().min(1).max(40), reason, idempotency_key: key });
export const identifySchema = z.object({ stay_id: z.uuid(), reason });

const countedSchema = z.object({
  shift_id: z.uuid(),
  attendant: z.string(),
  opened_at: instant,
  /** True when the first payment opened it, with a float that nobody counted. */
  opened_by_payment: z.boolean(),
  closed_at: instant.nullable(),
});
/** Of who asks. What should be in the drawer is not said while it is open: the count at its end is blind. */
export const shiftNowSchema = z.object({
  shift: countedSchema.nullable(),
  float_minor: minor,
  change_low: z.boolean(),
});
export type ShiftNow = z.infer<typeof shiftNowSchema>;
export const openShiftSchema = z.object({ float_minor: minor });
export const drawerMoveSchema = z.object({
  kind: z.enum(DRAWER_MOVES),
  amount_minor: minor.positive(),
  reason,
  idempotency_key: key,
});
export const closeShiftSchema = z.object({
  counted_minor: minor,
  note: z.string().trim().max(200).default(""),
});
export const shiftReportSchema = countedSchema.extend({
  kind: z.enum(["x", "z"]),
  /** Z reports of a facility are numbered without a gap. */
  z_number: z.number().int().nullable(),
  float_minor: minor,
  drops_minor: minor,
  top_ups_minor: minor,
  by_method: z.array(
    z.object({
      method: z.enum(PAYMENT_METHODS),
      count: z.number().int(),
      amount_minor: signedMinor,
      refunds_minor: minor,
    }),
  ),
  write_offs: z.object({ count: z.number().int(), amount_minor: minor }),
  debts: z.object({ count: z.number().int(), amount_minor: minor }),
  vends: z.number().int(),
  voids: z.number().int(),
  tickets: z.number().int(),
  /** Null in an X report of an open shift: the count is blind. */
  expected_minor: signedMinor.nullable(),
  counted_minor: minor.nullable(),
  /** Counted less expected. */
  variance_minor: signedMinor.nullable(),
  receipts: z.object({ first: z.number().int(), last: z.number().int() }).nullable(),
});
export type ShiftReport = z.infer<typeof shiftReportSchema>;
export const MAX_SHIFTS_ASKED = 100;
export const shiftsSchema = z.object({ shifts: z.array(shiftReportSchema).max(MAX_SHIFTS_ASKED) });

export const MAX_DISCREPANCIES = 200;
/** Movements without money, and money without a movement, of a time. */
export const reconciliationSchema = z.object({
  from: instant,
  to: instant,
  movements_out: z.number().int(),
  paid_minor: signedMinor,
  charged_minor: signedMinor,
  discrepancies: z
    .array(
      z.object({
        kind: z.enum([
          /** Left, and its balance is not settled. */
          "left_unpaid",
          /** Left without a stay: a vend, a tailgate, a raised arm. */
          "left_without_stay",
          /** Paid, and neither inside nor gone. */
          "paid_without_movement",
          /** More was paid than was due. */
          "overpaid",
          /** The terminal does not say whether a card was charged. */
          "in_doubt",
          /** A vend with no movement after it. */
          "vend_without_movement",
        ]),
        at: instant,
        lane: z.string(),
        amount_minor: signedMinor,
        stay_id: z.uuid().nullable(),
        ticket_number: z.string().nullable(),
        plate: z.string().nullable(),
        actor: z.string().nullable(),
        detail: z.string(),
      }),
    )
    .max(MAX_DISCREPANCIES),
  /** There were more than are listed. */
  more: z.boolean(),
});
export type Reconciliation = z.infer<typeof reconciliationSchema>;

export const MAX_RECEIPTS_ASKED = 100;
export const receiptsSchema = z.object({
  receipts: z
    .array(
      z.object({
        number: z.number().int(),
        kind: z.enum(["payment", "refund"]),
        at: instant,
        amount_minor: minor,
        method: z.enum(PAYMENT_METHODS),
        ticket_number: z.string(),
        url: z.string(),
      }),
    )
    .max(MAX_RECEIPTS_ASKED),
});

export const offersSchema = z.object({
  offers: z.array(
    z.object({ merchant: z.string(), merchant_title: z.string(), offer: z.string(), title: z.string() }),
  ),
  penalties: z.array(z.object({ penalty: z.string(), title: z.string(), amount_minor: minor })),
  vehicle_types: z.array(z.string()),
  upi: z.boolean(),
  card: z.boolean(),
  desk_printer: z.boolean(),
});
export type Offers = z.infer<typeof offersSchema>;

export const tariffViewSchema = z.object({
  /** Null = none is in force. */
  in_force: z
    .object({
      id: z.string(),
      version: z.number().int(),
      name: z.string(),
      since: instant,
      document: z.unknown(),
    })
    .nullable(),
  coming: z.array(z.object({ id: z.string(), version: z.number().int(), from: instant })),
  /** Why the last one offered was refused; null = it was not. */
  refused: z.string().nullable(),
  /** What a stay that begins now costs by its length. */
  preview: z.array(z.object({ minutes: z.number().int(), total_minor: minor })),
});
export type TariffView = z.infer<typeof tariffViewSchema>;

export const merchantValidateSchema = z.object({
  /** As it is keyed in, or as the code on the ticket reads. */
  ticket_number: z.string().min(1).max(256),
  offer: z.string().min(1).max(40),
  idempotency_key: key,
});
export const merchantValidatedSchema = z.object({
  ticket_number: z.string(),
  entry_at: instant,
  offer: z.string(),
});
