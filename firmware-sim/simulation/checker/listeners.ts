import type { Entry } from "../journal.ts";

/** An entry of the journal of one kind. */
export type EntryOf<K extends Entry["kind"]> = Having<Entry, K>;
/** One entry may be of several kinds. */
type Having<E, K> = E extends { readonly kind: infer Own } ? (K extends Own ? E : never) : never;

/** What somebody wants to hear of the journal, by the kind of entry. */
export type Listeners = { readonly [K in Entry["kind"]]?: (entry: EntryOf<K>) => void };
