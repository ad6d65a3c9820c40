import { parseArgs } from "node:util";
import { z } from "zod";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { formatDecimal, money, type Currency } from "@parkme/shared/domain/money";
import { EQUALITY_SUBJECTS, type DayDigest } from "@parkme/shared/protocol/link-facts";
import { facilityOf } from "../config/facility-section.ts";
import { loadConfig } from "../config/load.ts";
import { booksToLookAt, lookAtDatabase, syncFigures, type SyncFigures } from "../store/sync-figures.ts";
import { digestNow } from "./equality-report.ts";

/** `parkme-edge sync`: looks at how the gate stands with the cloud, while it runs. Nothing is changed by it. */

const HELP = `parkme-edge sync: how the gate stands with the cloud, as its own database has it

  parkme-edge sync status                  log, link, manifest, restore
  parkme-edge sync equality [--day DAY]    what the books of a day add up to (UTC, YYYY-MM-DD; default: the newest);
                                           the cloud has the same under /api/facilities/ID/equality

  --json          for programs
  --config FILE   the configuration (default: PARKME_CONFIG, else ./edge.yaml)
  --help          this text
`;

const OPTIONS = {
  config: { type: "string" },
  json: { type: "boolean" },
  day: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Output = { readonly out: (text: string) => void; readonly complain: (text: string) => void };

const daySchema = z.iso.date().refine((text) => text >= "0001");

/** @returns the exit code. */
export function runSync(args: readonly string[], usualConfig: string, { out, complain }: Output): number {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  const [word, ...more] = positionals;
  const isStatus = word === "status" && values.day === undefined;
  const isKnown = isStatus || (word === "equality" && daySchema.optional().safeParse(values.day).success);
  if (values.help === true || !isKnown || more.length > 0) {
    (values.help === true ? out : complain)(HELP);
    return values.help === true ? 0 : 1;
  }
  const path = values.config ?? usualConfig;
  const loaded = loadConfig(path);
  if (!loaded.ok) {
    complain(`${describeProblems(path, loaded.error)}\n`);
    return 1;
  }
  const { currency } = facilityOf(loaded.value.facility);
  const looked = lookAtDatabase(loaded.value.data_dir, (db) => {
    if (!isStatus) return equalityText(booksToLookAt(db), values, currency);
    const figures = syncFigures(db);
    return values.json === true ? `${JSON.stringify(figures)}\n` : statusText(figures);
  });
  (looked.ok ? out : complain)(looked.ok ? looked.value : `${looked.error}\n`);
  return looked.ok ? 0 : 1;
}

function statusText(of: SyncFigures): string {
  const restoring =
    of.restoring === null
      ? "no"
      : `rows after ${of.restoring.from} come from the cloud; here up to ${of.restoring.adopted ?? of.restoring.from}`;
  const offset = of.clock_offset_ms === null ? "not known" : `${of.clock_offset_ms} ms`;
  return table([
    ["log", `epoch ${of.epoch}, row ${of.head}`],
    ["hash", of.head_hash ?? "none"],
    ["committed", `row ${of.committed}; ${of.waiting} wait`],
    ["pruned", of.pruned === 0 ? "nothing" : `up to row ${of.pruned}`],
    ["downlink", `item ${of.downlink}`],
    ["manifest", of.manifest === 0 ? "none" : `version ${of.manifest}`],
    ["fenced", of.fenced ?? "no"],
    ["restoring", restoring],
    ["not put back", `${of.restore_conflicts} rows`],
    ["cloud's clock", offset],
    ["books", of.books_from === null ? "all are compared" : `compared from ${of.books_from} on`],
  ]);
}

function table(rows: readonly (readonly [string, string])[]): string {
  return rows.map(([label, value]) => `${label.padEnd(14)} ${value}\n`).join("");
}

function equalityText(
  { bookRows, newestDay }: ReturnType<typeof booksToLookAt>,
  {
    day = newestDay ?? undefined,
    json,
  }: { readonly day?: string | undefined; readonly json?: boolean | undefined },
  currency: Currency,
): string {
  const digests =
    day === undefined ? [] : EQUALITY_SUBJECTS.map((subject) => digestNow({ bookRows }, { day, subject }));
  if (json === true) return `${JSON.stringify({ day: day ?? null, currency, books: digests })}\n`;
  if (digests.length === 0) return "there are no rows yet\n";
  return digests.map((digest) => lineOf(digest, currency)).join("");
}

function lineOf({ day, subject, count, amount_minor, digest }: DayDigest, currency: Currency): string {
  const sum = `${formatDecimal(money(amount_minor, currency))} ${currency}`;
  return `${day}  ${subject.padEnd(11)} ${String(count).padStart(8)} ${sum.padStart(16)}  ${digest}\n`;
}
