import { lt } from "drizzle-orm";
import type { Result } from "@parkme/shared/domain/result";
import type { ManifestHeader } from "@parkme/shared/protocol/manifest";
import type { EventPayload } from "@parkme/shared/protocol/sync";
import { type ReadEntry, readEntry, type SectionName } from "@parkme/shared/protocol/manifest-sections";
import type { TariffOffer } from "@parkme/shared/pricing/tariff-offer";
import { manifestFetch, manifests } from "./link-schema.ts";
import {
  buildList,
  type BuiltList,
  currentList,
  forgetList,
  forgetOlder,
  forgetUnfinished,
  putInForce,
} from "./list-building.ts";
import { type ListChange, listChanging } from "./list-changing.ts";
import type { ListEntry } from "./list-rows.ts";
import { detailOf, instantOf, type LogWriter } from "./log.ts";
import {
  forgetSuperseded,
  type Generations,
  manifestEntryQueries,
  manifestFetching,
  manifestInForce,
} from "./manifest-entries.ts";
import type { GateDatabase } from "./open.ts";
import type { NewTariff, TakenTariff, TariffRefusal } from "./tariffs.ts";
import type { Rest } from "./turns.ts";

/** What a manifest does to the lists: nothing, to some entries of them, or a list that was built beside takes over. */
export type ListStep =
  | { readonly kind: "none" }
  | { readonly kind: "changed"; readonly changes: readonly ListChange[] }
  | { readonly kind: "built"; readonly list: BuiltList };

/** A manifest that was fetched and found right. */
export type NextManifest = {
  readonly header: ManifestHeader;
  readonly generations: Generations;
  readonly lists: ListStep;
  /** Versions of tariffs, the older ones of each first. */
  readonly tariffs: readonly TariffOffer[];
};

/** It was not put in force, and nothing of it was: what is wrong with it; or it has to be made ready once more. */
export type NotTaken =
  { readonly kind: "refused"; readonly problem: string } | { readonly kind: "overtaken" };

class Refused extends Error {
  readonly why: NotTaken;
  constructor(why: NotTaken) {
    super(why.kind);
    this.why = why;
  }
}

/** Where versions of tariffs are written. */
type TariffTaking = {
  readonly takeTariff: (given: NewTariff, nowMs: number) => Result<TakenTariff, TariffRefusal>;
};

/** The name of the lists that a manifest's version has put in force. */
function listName(version: number): string {
  return `manifest ${version}`;
}

/** The manifest of headquarters: fetched beside the one in force, then put in its place in one transaction. */
export function manifestKeeping(db: GateDatabase, writeLog: LogWriter, tariffs: TariffTaking) {
  return {
    ...manifestEntryQueries(db),
    ...manifestFetching(db),
    ...manifestLists(db),
    ...manifestReading(db),
    ...manifestPutting(db, writeLog, tariffs),
  };
}

function manifestPutting(db: GateDatabase, writeLog: LogWriter, tariffs: TariffTaking) {
  const inForce = manifestInForce(db);
  const changeLists = listChanging(db);

  function applyLists(lists: ListStep, { version, made_at }: ManifestHeader, nowMs: number): void {
    if (lists.kind === "none") return;
    if (lists.kind === "built") {
      if (!putInForce(db, lists.list)) throw new Refused({ kind: "overtaken" });
      return;
    }
    if (currentList(db)?.source !== "manifest") throw new Refused({ kind: "overtaken" });
    const head = { version: listName(version), asOf: Date.parse(made_at), importedAt: nowMs };
    changeLists(lists.changes, head);
  }

  function takeTariffs(offers: readonly TariffOffer[], nowMs: number): void {
    for (const { tariff, fromMs, document } of offers) {
      const { id, version } = tariff;
      const taken = tariffs.takeTariff({ id, version, fromMs, document, source: "manifest" }, nowMs);
      // One that is older than what is here would not be in force anyway.
      if (!taken.ok && taken.error.code !== "version_old")
        throw new Refused({ kind: "refused", problem: `tariffs/${id}@${version}: ${taken.error.message}` });
    }
  }

  function put({ header, generations, lists, tariffs: offers }: NextManifest, nowMs: number): void {
    const before = inForce();
    if (before !== null && before.version >= header.version) throw new Error("a later manifest is in force");
    applyLists(lists, header, nowMs);
    takeTariffs(offers, nowMs);
    const { version, digest, signature, entries } = header;
    const row = { version, digest, signature, entries, madeAt: Date.parse(header.made_at), takenAt: nowMs };
    db.insert(manifests)
      .values({ ...row, ...generations })
      .run();
    db.delete(manifests)
      .where(lt(manifests.version, before?.version ?? 0))
      .run();
    db.delete(manifestFetch).run();
    writeLog({ kind: "manifest.taken", payload: { version, digest, at: instantOf(nowMs) } }, nowMs);
  }

  return {
    /** Puts the next manifest in force: all of it and what follows from it, or nothing. Null = it is. */
    putManifest: (next: NextManifest, nowMs: number): NotTaken | null => {
      try {
        db.transaction(() => put(next, nowMs), { behavior: "immediate" });
        return null;
      } catch (error) {
        if (error instanceof Refused) return error.why;
        throw error;
      }
    },
    /** Tells the cloud of a key that signs here. */
    ticketKeyMade: (payload: EventPayload<"ticket_key.made">, nowMs: number): void =>
      writeLog({ kind: "ticket_key.made", payload }, nowMs),
    /** Tells the cloud of a manifest that is not right. */
    manifestRefused: (version: number | null, problem: string, nowMs: number): void => {
      const payload = { version, problem: detailOf(problem), at: instantOf(nowMs) };
      writeLog({ kind: "manifest.refused", payload }, nowMs);
    },
  };
}

function manifestLists(db: GateDatabase) {
  const inForce = manifestInForce(db);
  return {
    /** Whether the lists in force are a manifest's. */
    listsFromManifest: (): boolean => currentList(db)?.source === "manifest",
    /** Writes the lists of the next manifest beside those in force. `entries` may throw: then nothing is left of it. */
    buildManifestList: async (
      { version, made_at }: ManifestHeader,
      entries: Iterable<ListEntry>,
      nowMs: number,
      rest: Rest,
    ): Promise<BuiltList> => {
      const head = { version: listName(version), asOf: Date.parse(made_at), importedAt: nowMs } as const;
      return await buildList(db, { ...head, source: "manifest" }, entries, rest);
    },
    dropList: async ({ listId }: BuiltList, rest: Rest): Promise<void> => await forgetList(db, listId, rest),
    /** Forgets what the manifest in force has taken the place of, and what stops of the program have left behind. */
    tidyManifests: async (rest: Rest): Promise<void> => {
      const now = inForce();
      if (now !== null) await forgetSuperseded(db, now, rest);
      await forgetUnfinished(db, rest);
      if (currentList(db)?.source === "manifest") await forgetOlder(db, rest);
    },
  };
}

type EntryIn<S extends SectionName> = Extract<ReadEntry, { readonly section: S }>;

function manifestReading(db: GateDatabase) {
  const inForce = manifestInForce(db);
  const entries = manifestEntryQueries(db);
  return {
    manifestInForce: inForce,
    /** What the manifest in force says in a section; an entry that is not right any more is left out. */
    manifestSection: <S extends SectionName>(section: S): EntryIn<S>[] => {
      const now = inForce();
      if (now === null) return [];
      return [...entries.entriesOf(section, now)].flatMap(({ key, body }) => read(section, key, body) ?? []);
    },
    /** What it says under a key; null = nothing. */
    manifestEntry: <S extends SectionName>(section: S, key: string): EntryIn<S> | null => {
      const now = inForce();
      const body = now === null ? null : entries.bodyOf(section, key, now);
      return body === null ? null : read(section, key, body);
    },
  };
}

function read<S extends SectionName>(section: S, key: string, body: string): EntryIn<S> | null {
  const entry = readEntry({ section, key, body });
  return entry.ok && isOf(section, entry.value) ? entry.value : null;
}

function isOf<S extends SectionName>(section: S, entry: ReadEntry): entry is EntryIn<S> {
  return entry.section === section;
}
