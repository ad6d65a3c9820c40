/** Longer entries are dropped whole. */
const MAX_DIGITS = 32;
/** Keys that come later than this after the one before them begin a new entry. */
const MAX_PAUSE_MS = 10_000;

/** How a keypad reports `*` and `#`: as ASCII delete and return (OSDP 2.2, osdp_KEYPAD), or as they are. */
const CLEAR: ReadonlySet<number> = new Set([0x7f, 0x2a]);
const ENTER: ReadonlySet<number> = new Set([0x0d, 0x23]);

/** Collects the digits that a driver keys in, up to `#`; `*` begins anew. */
export class KeyEntry {
  #digits = "";
  #lastAtMs = 0;

  /** The entries completed by these keys (ASCII). Never throws. */
  push(keys: Uint8Array, nowMs: number): string[] {
    if (nowMs - this.#lastAtMs > MAX_PAUSE_MS) this.#digits = "";
    this.#lastAtMs = nowMs;
    const entries: string[] = [];
    for (const key of keys) {
      if (ENTER.has(key)) {
        if (this.#digits.length > 0 && this.#digits.length <= MAX_DIGITS) entries.push(this.#digits);
        this.#digits = "";
      } else if (CLEAR.has(key)) {
        this.#digits = "";
      } else if (key >= 0x30 && key <= 0x39 && this.#digits.length <= MAX_DIGITS) {
        this.#digits += String.fromCharCode(key);
      }
    }
    return entries;
  }
}
