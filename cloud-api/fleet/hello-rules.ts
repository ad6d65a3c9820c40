import { GENESIS_HASH, type Hello, type HelloAnswer, type LogPlace } from "@parkme/shared/protocol/log";
import type { Head } from "./rules.ts";

const GENESIS: LogPlace = { epoch: 1, seq: 0, hash: GENESIS_HASH };

/** The places that an edge names which we have something to say about, from the end of its log backwards. */
export function placesUpTo(head: Head, hello: Pick<Hello, "head" | "locator">): LogPlace[] {
  return [hello.head, ...hello.locator]
    .filter(({ seq }) => seq <= head.seq)
    .toSorted((one, other) => other.seq - one.seq);
}

export type Judgement = Pick<HelloAnswer, "verdict" | "common" | "head">;

/**
 * What an edge must do. It may go on when its log reaches as far as ours, in a history that is not over, and none of the
 * places that it names is another one than ours. As its places lie apart, it may have parted from us between two of them:
 * it sees that by the hash of our head, and says hello again with places that begin there.
 *
 * @param hashes those of our lines at the places' numbers; null = from before lines were chained: the edge is believed.
 */
export function judge(
  head: Head,
  hello: Pick<Hello, "head" | "locator">,
  hashes: ReadonlyMap<number, string | null>,
): Judgement {
  const places = placesUpTo(head, hello);
  const isShared = ({ seq, hash }: LogPlace): boolean => {
    const ours = seq === 0 ? GENESIS_HASH : hashes.get(seq);
    return ours !== undefined && (ours === null || ours === hash);
  };
  const common = places.find(isShared) ?? GENESIS;
  const reaches = hello.head.seq >= head.seq && hello.head.epoch >= head.epoch;
  // An edge names the place before its first line; one that has pruned so far does not.
  const isNamed = places.length > 0;
  const verdict = reaches && isNamed && places.every(isShared) ? "go_on" : "adopt";
  const believed = places.find(({ seq }) => seq === head.seq)?.hash ?? GENESIS_HASH;
  return { verdict, common, head: { ...head, hash: head.hash ?? believed } };
}
