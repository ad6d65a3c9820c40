import { createHash } from "node:crypto";

/** An entry as it is hashed. */
export type ChainedEntry = {
  readonly seq: number;
  readonly id: string;
  readonly at: Date;
  readonly actor: string;
  readonly role: string;
  readonly action: string;
  readonly subject: string;
  readonly facilityId: string | null;
  readonly detail: unknown;
  readonly requestId: string;
};

/** Of the entry before the first. */
export const FIRST_PREVIOUS = Buffer.alloc(32);

/** SHA-256 over the hash of the entry before and what the entry says: nothing can be changed, put in or taken out unseen. */
export function hashEntry(previous: Buffer, entry: ChainedEntry): Buffer {
  const { seq, id, at, actor, role, action, subject, facilityId, detail, requestId } = entry;
  const said = [seq, id, at.toISOString(), actor, role, action, subject, facilityId, detail, requestId];
  return createHash("sha256").update(previous).update(JSON.stringify(said)).digest();
}

export type ChainFault = {
  readonly seq: number;
  readonly why: "missing" | "changed" | "does_not_follow";
};

/** A chain as it is read, entry by entry in their order. */
export type ChainState = { readonly seq: number; readonly hash: Buffer };

/** @returns what is wrong with the next entry, or the state behind it. */
export function follow(
  state: ChainState,
  entry: ChainedEntry & { readonly previousHash: Buffer | null; readonly hash: Buffer | null },
): ChainFault | ChainState {
  const { seq, previousHash, hash } = entry;
  if (seq !== state.seq + 1) return { seq: state.seq + 1, why: "missing" };
  if (previousHash === null || !previousHash.equals(state.hash)) return { seq, why: "does_not_follow" };
  if (hash === null || !hash.equals(hashEntry(state.hash, entry))) return { seq, why: "changed" };
  return { seq, hash };
}
