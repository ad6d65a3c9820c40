import { packed, withLength } from "./zvt-codec.ts";

/** A transaction that the terminal has booked. */
export type Booking = {
  readonly receipt: number;
  readonly trace: number;
  readonly kind: "payment" | "reversal";
  readonly amount: number;
  /** Of a reversal: the trace number of what it takes back. */
  readonly original: number | null;
};

/** What the terminal charged and took back. It survives loss of power, and never forgets. */
export type Ledger = {
  readonly bookings: () => readonly Booking[];
  readonly charge: (amount: number) => Booking;
  /** Null = there is no such payment; "already" = it was taken back before. */
  readonly reverse: (receipt: number) => Booking | "already" | null;
  /** Charged and not taken back, in minor units. */
  readonly balance: () => number;
};

const FIRST_RECEIPT = 471;
const FIRST_TRACE = 4_711;

export function createLedger(say: (booking: Booking) => void): Ledger {
  const bookings: Booking[] = [];

  function book(kind: Booking["kind"], amount: number, original: number | null): Booking {
    const booking = {
      receipt: ((FIRST_RECEIPT + bookings.length - 1) % 9_999) + 1,
      trace: FIRST_TRACE + bookings.length,
      kind,
      amount,
      original,
    };
    bookings.push(booking);
    say(booking);
    return booking;
  }

  return {
    bookings: () => bookings,
    charge: (amount) => book("payment", amount, null),
    reverse(receipt) {
      const payment = bookings.findLast((each) => each.kind === "payment" && each.receipt === receipt);
      if (payment === undefined) return null;
      const done = bookings.some(({ original }) => original === payment.trace);
      return done ? "already" : book("reversal", payment.amount, payment.trace);
    },
    balance: () =>
      bookings.reduce((sum, { kind, amount }) => sum + (kind === "payment" ? amount : -amount), 0),
  };
}

/** The data of a Status-Information of a booking, as girocard terminals send it. */
export function bookingFields(
  booking: Booking,
  options: { readonly currency: number; readonly wholeNumber: boolean },
): Buffer {
  const { receipt, trace, amount, original } = booking;
  const card = options.wholeNumber ? "6725904711084771" : "eeeeeeeeeeee4771";
  return Buffer.concat([
    Buffer.from("2700", "hex"),
    Buffer.of(0x04),
    packed(amount, 6),
    Buffer.of(0x0b),
    packed(trace, 3),
    Buffer.from("0c1203550d1122", "hex"),
    ...(original === null ? [] : [Buffer.of(0x37), packed(original, 3)]),
    Buffer.from("0e2512170001", "hex"),
    withLength(0x22, 2, Buffer.from(card, "hex")),
    Buffer.from("2952500038", "hex"),
    withLength(0x3c, 3, Buffer.from("GEN.NR.:611804")),
    Buffer.of(0x49),
    packed(options.currency, 2),
    Buffer.of(0x87),
    packed(receipt, 2),
    Buffer.of(0x8a, 0x2e),
    withLength(0x8b, 2, Buffer.from("girocard\0")),
    Buffer.from("06091f1001001f12010201", "hex"),
  ]);
}
