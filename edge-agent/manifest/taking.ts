import type { Clock } from "@parkme/shared/domain/clock";
import { MAX_PAGE_ANSWER_BYTES, type ManifestHeader } from "@parkme/shared/protocol/manifest";
import type { Store } from "../store/store.ts";
import type { Rest } from "../store/turns.ts";
import { entryOf, ManifestProblem, readPage } from "./page.ts";
import { type ManifestPlace, prepare } from "./preparing.ts";
import { bucketDigests, digestOf, proveHeader } from "./proof.ts";

export type ManifestStore = Pick<
  Store,
  | "manifestInForce"
  | "manifestFetch"
  | "fetchedGenerations"
  | "beginFetch"
  | "keepPage"
  | "fetchedChanges"
  | "fetchedBuckets"
  | "dropFetch"
  | "hashesOf"
  | "entriesOf"
  | "bodyOf"
  | "putManifest"
  | "listsFromManifest"
  | "buildManifestList"
  | "dropList"
>;

/** Asks the cloud; throws when there is no answer. `bytes` are the body as it was before compression; null = it was too long. */
export type AskManifest = (
  path: string,
  maxBytes: number,
) => Promise<{ readonly status: number; readonly bytes: Uint8Array | null }>;

export type TakingOptions = {
  readonly ask: AskManifest;
  readonly store: ManifestStore;
  readonly facilityId: string;
  readonly place: ManifestPlace;
  readonly clock: Clock;
  readonly rest: Rest;
};

/** What became of one page. */
export type PageOutcome =
  /** It is kept, and another follows. */
  | { readonly kind: "more" }
  /** It was the last: the manifest is in force. */
  | { readonly kind: "taken"; readonly header: ManifestHeader }
  | { readonly kind: "nothing_newer" }
  /** It is not right, and nothing of it is kept. The header is null when that could not be read. */
  | { readonly kind: "refused"; readonly header: ManifestHeader | null; readonly problem: string }
  /** It was refused before. */
  | { readonly kind: "known" }
  /** To be tried again. */
  | { readonly kind: "failed"; readonly reason: string };

type Reading = {
  readonly signingKey: string;
  /** Whether it was refused before. */
  readonly isKnown: (header: ManifestHeader) => boolean;
  readonly first: boolean;
};

/** Lists that somebody imports at the same moment are overtaken in their turn. */
const ATTEMPTS = 3;

/**
 * Takes pages of the cloud's newest manifest, beside the one in force; after the last one, the whole is proven
 * (signature, facility, version, digest, every body) and put in force in one transaction. Going on after a stop of the
 * program is going on at the next page.
 */
export function createManifestTaking({ ask, store, facilityId, place, clock, rest }: TakingOptions) {
  /** Digests of the buckets of the manifest in force, once they are known. */
  let buckets: { readonly version: number; readonly digests: ReadonlyMap<number, string> } | null = null;
  /** What was fetched did not make up what was signed: it is fetched from nothing, and refused the next time. */
  let begunAnew = false;

  async function takePage(
    signingKey: string,
    isKnown: (header: ManifestHeader) => boolean,
  ): Promise<PageOutcome> {
    const going = store.manifestFetch()?.next ?? null;
    const from = going === null ? having() : `cursor=${encodeURIComponent(going)}`;
    const { status, bytes } = await ask(`/api/edge/manifest?${from}`, MAX_PAGE_ANSWER_BYTES);
    if (status === 204) {
      if (store.manifestFetch() !== null) await store.dropFetch(rest);
      return { kind: "nothing_newer" };
    }
    if (status === 400 && going !== null) {
      // A cloud of another time does not know how to go on.
      await store.dropFetch(rest);
      return { kind: "failed", reason: "the cloud does not know where we were" };
    }
    if (status !== 200) return { kind: "failed", reason: `status ${status}` };
    return await readAnswer(bytes, { signingKey, isKnown, first: going === null });
  }

  async function readAnswer(bytes: Uint8Array | null, how: Reading): Promise<PageOutcome> {
    let header: ManifestHeader | null = null;
    try {
      if (bytes === null) throw new ManifestProblem("a page of it is too long");
      const page = readPage(bytes);
      ({ header } = page);
      if (how.isKnown(header)) return { kind: "known" };
      proveHeader(header, { facilityId, signingKey: how.signingKey });
      if (header.version <= versionInForce()) return await notNewer(how);
      if (how.first) {
        await store.dropFetch(rest);
        store.beginFetch(header.full);
      }
      await store.keepPage(entries(page.lines), header.next, rest);
      return header.next === null ? await finish(header, how) : { kind: "more" };
    } catch (error) {
      if (!(error instanceof ManifestProblem)) throw error;
      begunAnew = false;
      await store.dropFetch(rest);
      return { kind: "refused", header, problem: error.message };
    }
  }

  /** Asked for what is newer, the cloud never answers so; asked to go on, it does when it was restored meanwhile. */
  async function notNewer({ first }: Reading): Promise<PageOutcome> {
    if (first)
      throw new ManifestProblem(`it is not newer than version ${versionInForce()}, which is in force`);
    await store.dropFetch(rest);
    return { kind: "failed", reason: "the cloud has gone back while it was asked" };
  }

  /** All pages are here. */
  async function finish(header: ManifestHeader, how: Reading): Promise<PageOutcome> {
    const { full } = store.manifestFetch() ?? { full: true };
    const generations = store.fetchedGenerations(full);
    const known = !full && buckets?.version === versionInForce() ? buckets.digests : null;
    const digests = await bucketDigests(store, generations, known, rest);
    if (digestOf(digests) !== header.digest) {
      if (begunAnew) throw new ManifestProblem("its entries are not those that were signed");
      return await takeAll(how);
    }
    const put = await putInForce({ store, place, clock, rest }, { header, generations, full });
    if (!put) return { kind: "failed", reason: "another import of lists was quicker" };
    buckets = { version: header.version, digests };
    begunAnew = false;
    return { kind: "taken", header };
  }

  /**
   * Ours is not the manifest that the cloud has changed, or some pages are of another time than the others, because one of
   * us was restored: all of it is fetched once.
   */
  async function takeAll(how: Reading): Promise<PageOutcome> {
    begunAnew = true;
    await store.dropFetch(rest);
    const { status, bytes } = await ask("/api/edge/manifest?have=0", MAX_PAGE_ANSWER_BYTES);
    if (status !== 200) return { kind: "failed", reason: `status ${status}` };
    return await readAnswer(bytes, { ...how, first: true });
  }

  function having(): string {
    const inForce = store.manifestInForce();
    return inForce === null ? "have=0" : `have=${inForce.version}&digest=${inForce.digest}`;
  }

  function versionInForce(): number {
    return store.manifestInForce()?.version ?? 0;
  }

  return { takePage };
}

/** False when others were quicker. Throws a ManifestProblem for what is not right. */
async function putInForce(
  { store, place, clock, rest }: Pick<TakingOptions, "store" | "place" | "clock" | "rest">,
  fetched: Parameters<typeof prepare>[1],
): Promise<boolean> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    const nowMs = clock.wallMs();
    const next = await prepare({ store, place, rest }, fetched, nowMs);
    const notTaken = store.putManifest(next, nowMs);
    if (notTaken === null) return true;
    if (next.lists.kind === "built") await store.dropList(next.lists.list, rest);
    if (notTaken.kind === "refused") throw new ManifestProblem(notTaken.problem);
  }
  return false;
}

function* entries(lines: readonly string[]) {
  for (const line of lines) yield entryOf(line);
}
