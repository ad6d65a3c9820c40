/** Longer cards are nobody's. */
export const MAX_CARD_BITS = 512;

/**
 * A card's number as text, the same whatever the reader's wire, so that a permit is entered once:
 * - 26 and 34 bits with right parity: the bits between the parity bits as a decimal number of 8 or 10 digits, as
 *   PCLess boards tell it and as it is printed on most proximity cards;
 * - any other card: the count of bits, a colon, and all of them as a hexadecimal number: `56:04A1B2C3D4E5F6`.
 *
 * @param bits first bit first, eight to a byte, the last byte filled up at its end.
 */
export function cardText(count: number, bits: Uint8Array): string | null {
  if (count < 1 || count > MAX_CARD_BITS || bits.length * 8 < count) return null;
  let value = 0n;
  for (let i = 0; i < count; i++) value = (value << 1n) | BigInt(bitAt(bits, i));
  if (count === 26 && hasParity(count, bits)) return decimal(value, 24, 8);
  if (count === 34 && hasParity(count, bits)) return decimal(value, 32, 10);
  return `${count}:${value
    .toString(16)
    .toUpperCase()
    .padStart(Math.ceil(count / 4), "0")}`;
}

/** Wiegand: the first bit makes the first half even, the last bit makes the second half odd. */
function hasParity(count: number, bits: Uint8Array): boolean {
  let [first, second] = [0, 0];
  for (let i = 0; i < count; i++) {
    if (i < count / 2) first ^= bitAt(bits, i);
    else second ^= bitAt(bits, i);
  }
  return first === 0 && second === 1;
}

function decimal(value: bigint, bits: number, digits: number): string {
  return BigInt.asUintN(bits, value >> 1n)
    .toString()
    .padStart(digits, "0");
}

function bitAt(bits: Uint8Array, index: number): number {
  return ((bits[index >> 3] ?? 0) >> (7 - (index & 7))) & 1;
}
