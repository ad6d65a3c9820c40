/** All of it, in basis points. */
export const WHOLE_BPS = 10_000;
/** All of it, in millionths. */
export const WHOLE_PPM = 1_000_000;

/**
 * a x b / c, rounded half up (away from zero): the one place where a part of an amount is rounded. Exact: a product
 * too large for a number is made with big integers. `b` and `c` are not negative.
 */
export function scaled(a: number, b: number, c: number): number {
  if (a < 0) return -scaled(-a, b, c);
  const product = a * b;
  if (product <= Number.MAX_SAFE_INTEGER) {
    const rest = product % c;
    return (product - rest) / c + (rest * 2 >= c ? 1 : 0);
  }
  const [wide, divisor] = [BigInt(a) * BigInt(b), BigInt(c)];
  return Number((wide * 2n + divisor) / (divisor * 2n));
}

/** Basis points of an amount in minor units; what is negative is as large as what is positive. */
export function partOf(minor: number, bps: number): number {
  return bps < 0 ? -scaled(minor, -bps, WHOLE_BPS) : scaled(minor, bps, WHOLE_BPS);
}

/** The multiple of a step that an amount, not negative, is rounded to; `nearest` rounds half a step up. */
export function roundedTo(minor: number, stepMinor: number, mode: "up" | "down" | "nearest"): number {
  const over = minor % stepMinor;
  if (over === 0) return minor;
  const up = mode === "up" || (mode === "nearest" && over * 2 >= stepMinor);
  return minor - over + (up ? stepMinor : 0);
}
