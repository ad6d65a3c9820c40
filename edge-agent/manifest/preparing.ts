import type { Facility } from "@parkme/shared/domain/facility";
import { readTariffOffer, type TariffOffer } from "@parkme/shared/pricing/tariff-offer";
import type { ManifestHeader } from "@parkme/shared/protocol/manifest";
import {
  isListSection,
  LIST_SECTIONS,
  type ListSection,
  MAX_SECTION_ENTRIES,
  type ReadEntry,
  readEntry,
} from "@parkme/shared/protocol/manifest-sections";
import type { ListChange } from "../store/list-changing.ts";
import type { ListEntry } from "../store/list-rows.ts";
import type { Generations, StoredEntry } from "../store/manifest-entries.ts";
import type { ListStep, NextManifest } from "../store/manifests.ts";
import type { Store } from "../store/store.ts";
import { inTurns, type Rest } from "../store/turns.ts";
import { ManifestProblem } from "./page.ts";

/**
 * Makes a manifest that was fetched and proven ready to be put in force: every new body is read and checked, and where
 * many entries of the lists change, the lists are written beside those in force. A delta of a few is applied to them.
 *
 * The four list sections count as one: while the manifest has an entry in any of them, the lists are the manifest's and
 * `parkme-edge lists import` is refused; without any, those that were imported stay in force. Tariffs, zones, staff and
 * keys of the manifest stand beside those of the configuration, and where both name the same, the manifest's counts:
 * of tariffs, the version that came into force last; of zones, its number of spaces; of people, its PIN. A version of a
 * tariff that was taken once stays, also when its entry goes: a newer version takes its place.
 */
export type ManifestPlace = Pick<Facility, "currency" | "timeZone" | "zones">;

export type PreparingStore = Pick<
  Store,
  "fetchedChanges" | "entriesOf" | "bodyOf" | "manifestInForce" | "listsFromManifest" | "buildManifestList"
>;

export type Preparing = {
  readonly store: PreparingStore;
  readonly place: ManifestPlace;
  readonly rest: Rest;
};

/** Entries of the lists that are changed in place: more of them are a list of their own. */
const MAX_IN_PLACE = 200;

/** Throws a ManifestProblem for a body that is not right. */
export async function prepare(
  options: Preparing,
  fetched: { readonly header: ManifestHeader; readonly generations: Generations; readonly full: boolean },
  nowMs: number,
): Promise<NextManifest> {
  const { header, generations } = fetched;
  const tariffs = await readOthers(options);
  return { header, generations, tariffs, lists: await listStep(options, fetched, nowMs) };
}

/** Checks what is new beside the lists. @returns the versions of tariffs, the older ones of each first. */
async function readOthers({ store, place, rest }: Preparing): Promise<readonly TariffOffer[]> {
  const { manifestInForce } = store;
  const now = manifestInForce();
  const offers: TariffOffer[] = [];
  const check = ({ section, key, body }: StoredEntry): void => {
    // What was there before with the same body was read, and taken, then.
    if (body === null || (now !== null && store.bodyOf(section, key, now) === body)) return;
    const entry = readChecked({ section, key, body }, place);
    if (entry.section !== "tariffs") return;
    const offer = readTariffOffer(entry.body, place);
    if (!offer.ok) throw problemIn(`tariffs/${key}`, offer.error[0]);
    offers.push(offer.value);
  };
  for (const [section, most] of MAX_SECTION_ENTRIES)
    await inTurns(store.fetchedChanges(section, most * 2), check, { rest });
  return offers.toSorted((a, b) => a.tariff.version - b.tariff.version);
}

async function listStep(
  { store, place, rest }: Preparing,
  {
    header,
    generations,
    full,
  }: { readonly header: ManifestHeader; readonly generations: Generations; readonly full: boolean },
  nowMs: number,
): Promise<ListStep> {
  const ours = store.listsFromManifest();
  const changed = LIST_SECTIONS.flatMap((section) => store.fetchedChanges(section, MAX_IN_PLACE + 1));
  if (!full && changed.length === 0) return { kind: "none" };
  if (!full && ours && changed.length <= MAX_IN_PLACE) {
    const now = store.manifestInForce();
    const changes: ListChange[] = [];
    const add = ({ section, key, body }: StoredEntry): void => {
      const before = now === null ? null : store.bodyOf(section, key, now);
      const read = (text: string): ListEntry => listEntry({ section, key, body: text }, place);
      changes.push({
        before: before === null ? null : read(before),
        after: body === null ? null : read(body),
      });
    };
    await inTurns(changed, add, { rest });
    return { kind: "changed", changes };
  }
  const entries = listEntries(store, generations, place);
  const first = entries.next();
  if (first.done === true && !ours) return { kind: "none" };
  const list = await store.buildManifestList(header, listEntries(store, generations, place), nowMs, rest);
  return { kind: "built", list };
}

function* listEntries(
  store: PreparingStore,
  generations: Generations,
  place: ManifestPlace,
): Generator<ListEntry> {
  for (const section of LIST_SECTIONS)
    for (const { key, body } of store.entriesOf(section, generations))
      yield listEntry({ section, key, body }, place);
}

type Entry = { readonly section: string; readonly key: string; readonly body: string };

function listEntry(entry: Entry, place: ManifestPlace): ListEntry {
  const read = readChecked(entry, place);
  if (isListEntry(read)) return read;
  throw new Error(`${entry.section} is no section of the lists`);
}

function isListEntry(entry: ReadEntry): entry is Extract<ReadEntry, { readonly section: ListSection }> {
  return isListSection(entry.section);
}

function readChecked(entry: Entry, { zones }: ManifestPlace): ReadEntry {
  const where = `${entry.section}/${entry.key}`;
  const read = readEntry(entry);
  if (!read.ok) throw problemIn(where, read.error[0]);
  const zone = "zone" in read.value.body ? read.value.body.zone : null;
  if (zone !== null && !zones.some(({ name }) => name === zone))
    throw problemIn(where, { path: ["body", "zone"], message: "is not one of the facility's zones" });
  return read.value;
}

function problemIn(
  where: string,
  first: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined,
): ManifestProblem {
  const { path, message } = first ?? { path: [], message: "is not right" };
  return new ManifestProblem(`${where}: ${path.map(String).join(".")} ${message}`);
}
