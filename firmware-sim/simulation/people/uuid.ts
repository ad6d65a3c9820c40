import type { Random } from "../../traffic/random.ts";

/** An id as a page makes one, but from a seed: a UUID of version 4. */
export function uuidOf(random: Random): string {
  const hex = Array.from({ length: 32 }, () => random.int(16).toString(16)).join("");
  const variant = (8 + random.int(4)).toString(16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20)}`;
}
