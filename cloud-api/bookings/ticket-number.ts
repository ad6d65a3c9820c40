import { randomFillSync } from "node:crypto";
import { CROCKFORD } from "@parkme/shared/domain/crockford";
import { parseTicketNumber, type RandomBytes } from "@parkme/shared/domain/ids";

/**
 * The number of a booking: `PKM-` and eight characters, 40 random bits. It is never one that a gate gives its tickets
 * (those have a check character that is right): a gate takes it for the code of a reservation.
 */
export function mintBookingNumber(random: RandomBytes): string {
  for (;;) {
    const body = Array.from(random(8), (byte) => CROCKFORD[byte & 31]).join("");
    const number = `PKM-${body}`;
    // One in 32 would be a ticket's.
    if (body.length === 8 && parseTicketNumber(number) === null) return number;
  }
}

const POOL_BYTES = 4_096;
const pool = Buffer.alloc(POOL_BYTES);
let used = POOL_BYTES;

/** Random bytes, asked of the system for many at a time: for few it takes as long. At most {@link POOL_BYTES}. */
export const pooledBytes: RandomBytes = (length) => {
  if (used + length > POOL_BYTES) {
    randomFillSync(pool);
    used = 0;
  }
  used += length;
  return pool.subarray(used - length, used);
};
