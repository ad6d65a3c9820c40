import { asCurrency } from "@parkme/shared/domain/money";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { parseTariff } from "@parkme/shared/pricing/tariff";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import { expandShort, placeInShort } from "./short-forms.ts";
import { nameOf, type TimedVersion, type VersionName } from "./timeline.ts";

/** What may become of versions of tariffs. A version that was published never changes: gates have it. */

/** A manifest's entry holds 64 Ki characters, and the version's name is around the document. */
export const MAX_DOCUMENT_CHARACTERS = 60_000;

/** What a document is read for. */
export type Place = { readonly currency: string; readonly timeZone: string };

/** Where (`slabs.1.price`, or nothing for the document itself), and what is wrong. */
export type DocumentProblem = { readonly path: string; readonly message: string };

export type ReadDocument = {
  readonly tariff: Tariff;
  /** As shared/pricing knows it: a short form is written out. */
  readonly document: Readonly<Record<string, unknown>>;
};

/** Reads a document, or a short form of one. An error has every problem, at its place in what was sent. */
export function readDocument(
  sent: Readonly<Record<string, unknown>>,
  name: VersionName,
  { currency, timeZone }: Place,
): Result<ReadDocument, readonly DocumentProblem[]> {
  if (JSON.stringify(sent).length > MAX_DOCUMENT_CHARACTERS)
    return err([{ path: "", message: `is longer than ${MAX_DOCUMENT_CHARACTERS} characters` }]);
  const expanded = expandShort(sent);
  const read = parseTariff(expanded.document, { ...name, currency: asCurrency(currency), timeZone });
  if (read.ok) return ok({ tariff: read.value, document: expanded.document });
  return err(read.error.map(({ path, message }) => ({ path: placeInShort(expanded, path), message })));
}

/** Clocks of browsers and servers differ. */
const PAST_MS = 5 * 60_000;
const MAX_AHEAD_MS = 2 * 366 * 86_400_000;

/**
 * From when on a version is in force that is published at `nowMs`. Stays of before were priced already, so that none
 * comes into force in the past; but for the first one, which prices those that nothing else does.
 */
export function forceFrom(
  wantedMs: number | null,
  timeline: readonly TimedVersion[],
  nowMs: number,
): Result<number, "valid_from_past" | "valid_from_far"> {
  if (timeline.length === 0) return ok(wantedMs ?? 0);
  if (wantedMs === null) return ok(nowMs);
  if (wantedMs < nowMs - PAST_MS) return err("valid_from_past");
  return wantedMs > nowMs + MAX_AHEAD_MS ? err("valid_from_far") : ok(Math.max(wantedMs, nowMs));
}

export type Withdrawal = {
  /** The version that is in force in its place. */
  readonly instead: VersionName;
  readonly fromMs: number;
};

/**
 * What takes the place of a version that is withdrawn. Gates keep every version that they have taken: so the one before
 * it comes into force once more, under a new number.
 */
export function withdrawalOf(
  name: VersionName,
  timeline: readonly TimedVersion[],
  nowMs: number,
): Result<Withdrawal, "tariff_over" | "no_other_tariff"> {
  const index = timeline.findIndex((version) => nameOf(version) === nameOf(name));
  const [its, next, before] = [timeline[index], timeline[index + 1], timeline[index - 1]];
  if (its === undefined || (next !== undefined && next.fromMs <= Math.max(nowMs, its.fromMs)))
    return err("tariff_over");
  if (before === undefined) return err("no_other_tariff");
  return ok({ instead: before, fromMs: Math.max(nowMs, its.fromMs) });
}
