import type { PlainRow } from "./plain-rows.ts";
import type { BookSubject } from "./books.ts";

/** What headquarters has of one facility in the end. Times are Unix milliseconds, amounts minor units. */
export type CloudRows = {
  /** By subject, with the fields of {@link BOOK_FIELDS}. */
  readonly books: Readonly<Record<BookSubject, readonly PlainRow[]>>;
  /** Of the answers that it gave: what never may be, such as a batch that was taken though a line of it was changed. */
  readonly wrongAnswers: readonly string[];
  /** Vehicles inside, as it counts them. */
  readonly inside: number;
  /** Lines of the edge's log that it could not apply. */
  readonly notApplied: readonly {
    readonly seq: number;
    readonly kind: string;
    readonly outcome: string;
    readonly error: string;
  }[];
  /** Lines that have the number of another. */
  readonly forks: readonly { readonly seq: number; readonly hash: string }[];
  readonly incidents: readonly { readonly kind: string; readonly detail: string; readonly count: number }[];
  /** By class and slot; of `held`, `owed` are the edge's again. */
  readonly rights: readonly {
    readonly class: string;
    readonly slotMs: number;
    readonly held: number;
    readonly sold: number;
    readonly owed: number;
  }[];
  /** Every movement of rights: `to_cloud` or `from_cloud`, as the gate names them. */
  readonly transfers: readonly {
    readonly id: string;
    readonly direction: "to_cloud" | "from_cloud";
    readonly class: string;
    readonly fromMs: number;
    readonly untilMs: number;
    readonly amount: number;
  }[];
  readonly commands: readonly {
    readonly id: string;
    readonly act: string;
    readonly issuedAtMs: number;
    readonly expiresAtMs: number;
    readonly outcome: string | null;
    readonly answeredAtMs: number | null;
  }[];
};
