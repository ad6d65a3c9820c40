import { parseTariff } from "@parkme/shared/pricing/tariff";
import type { Tariff } from "@parkme/shared/pricing/tariff-model";
import type { TariffVersion } from "@parkme/shared/pricing/versions";
import type { TariffPlace } from "@parkme/shared/pricing/tariff-offer";
import type { TariffRow } from "../store/tariffs.ts";

/** Documents of the store, as they are asked for. */
type Documents = {
  readonly tariffVersions: () => readonly TariffRow[];
  readonly tariffDocument: (id: string, version: number) => string | null;
};

/** The versions of the store, ready to price with. */
export type TariffBook = {
  /** Reads the versions anew, after one was added. */
  readonly reload: () => void;
  /** The version in force at a moment; null = none. One that is not readable any more leaves the one before it in force. */
  readonly inForce: (atMs: number) => VersionInForce | null;
  readonly rows: () => readonly TariffRow[];
  /** What can have a part in pricing a stay: in force at its entry, named, or coming into force during it. */
  readonly versionsFor: (
    fromMs: number,
    untilMs: number,
    named: { readonly id: string; readonly version: number } | null,
  ) => readonly TariffVersion[];
};

export type VersionInForce = { readonly row: TariffRow; readonly tariff: Tariff };

/** Compiled versions in memory; a facility's stays need one or two. */
const MAX_COMPILED = 50;

export function createTariffBook(
  documents: Documents,
  place: TariffPlace,
  unreadable: (row: TariffRow, problem: string) => void,
): TariffBook {
  let rows = documents.tariffVersions();
  const compiled = new Map<string, Tariff | null>();

  const compile = ({ id, version }: TariffRow): Tariff | string => {
    const text = documents.tariffDocument(id, version);
    if (text === null) return "is not there";
    const parsed = parseTariff(readJson(text), { id, version, ...place });
    if (parsed.ok) return parsed.value;
    const [first] = parsed.error;
    return `${first?.path ?? ""} ${first?.message ?? ""}`.trim();
  };

  function tariffOf(row: TariffRow): Tariff | null {
    const key = `${row.id} ${row.version}`;
    const known = compiled.get(key);
    if (known !== undefined) return known;
    const made = compile(row);
    if (typeof made === "string") unreadable(row, made);
    if (compiled.size >= MAX_COMPILED) compiled.clear();
    const tariff = typeof made === "string" ? null : made;
    compiled.set(key, tariff);
    return tariff;
  }

  function inForce(atMs: number): VersionInForce | null {
    for (let i = rows.findLastIndex(({ fromMs }) => fromMs <= atMs); i >= 0; i--) {
      const row = rows[i];
      const tariff = row === undefined ? null : tariffOf(row);
      if (row !== undefined && tariff !== null) return { row, tariff };
    }
    return null;
  }

  return {
    reload: () => {
      rows = documents.tariffVersions();
    },
    rows: () => rows,
    inForce,
    versionsFor: (fromMs, untilMs, named) => {
      const first = inForce(fromMs)?.row;
      const wanted = rows.filter(
        (row) =>
          row === first ||
          (row.fromMs > fromMs && row.fromMs <= untilMs) ||
          (row.id === named?.id && row.version === named.version),
      );
      return wanted.flatMap((row) => {
        const tariff = tariffOf(row);
        return tariff === null ? [] : [{ tariff, fromMs: row.fromMs }];
      });
    },
  };
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
