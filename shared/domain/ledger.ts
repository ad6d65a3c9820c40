/**
 * What an entry of the ledger is. Amounts are signed so that the balance of a stay, what it still owes, is the sum of
 * its entries: `charge` and `change` add to it, `payment`, `validation`, `write_off` and `debt` take from it, a
 * `refund` gives money back and so adds, a `correction` does either. Entries are only ever added.
 */
export const LEDGER_KINDS = [
  "charge",
  "payment",
  "change",
  "refund",
  "validation",
  "write_off",
  "debt",
  "correction",
] as const;
export type LedgerKind = (typeof LEDGER_KINDS)[number];

/** Money into and out of a drawer besides payments: to the safe, and from it. */
export const DRAWER_MOVES = ["drop", "top_up"] as const;
export type DrawerMove = (typeof DRAWER_MOVES)[number];
