import { writeFileSync } from "node:fs";
import { momentOf, TIME_WORDS } from "@parkme/shared/domain/moment";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { diff } from "@parkme/shared/pricing/diff";
import { MAX_PREVIEW_DAYS, preview } from "@parkme/shared/pricing/preview";
import { quote } from "@parkme/shared/pricing/quote";
import { risesWithTime } from "@parkme/shared/pricing/rises";
import type { StayToPrice } from "@parkme/shared/pricing/quote-model";
import { MAX_TARIFF_BYTES, type TariffOffer } from "@parkme/shared/pricing/tariff-offer";
import { diffText, diffJson } from "./diff-text.ts";
import { fullTime } from "./local-time.ts";
import { pastStaysOf } from "../store/past-stays.ts";
import { MAX_PAST_STAYS, pastStaysFrom } from "./past-stays.ts";
import type { CommandPlace, PlaceFlags } from "./place.ts";
import { priceCurve, priceTable } from "./price-chart.ts";
import { priceSvg } from "./price-svg.ts";
import { quoteJson, quoteText } from "./quote-text.ts";
import { tariffWords } from "./show.ts";
import { parseAnyTariff, readText } from "./tariff-file.ts";

/** What the program's words do. Each answers with the text to say, right or wrong. */

export type Flags = PlaceFlags & {
  readonly [flag in "entry" | "exit" | "hours" | "svg" | "data" | "stays" | "limit"]?: string | undefined;
} & {
  readonly vehicle?: string | undefined;
  readonly ev?: boolean | undefined;
  readonly accessible?: boolean | undefined;
  readonly occupancy?: string | undefined;
  readonly lost?: string | undefined;
  readonly penalty?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
  readonly help?: boolean | undefined;
};

export type Context = { readonly flags: Flags; readonly place: CommandPlace; readonly nowMs: number };
export type Command = (files: readonly string[], context: Context) => Result<string, string>;

const COMMANDS: ReadonlyMap<string, { readonly files: number; readonly run: Command }> = new Map([
  ["check", { files: 1, run: check }],
  ["show", { files: 1, run: show }],
  ["preview", { files: 1, run: previewed }],
  ["price", { files: 1, run: price }],
  ["diff", { files: 2, run: compare }],
]);

/** Null = no such word, or not with so many files. */
export function commandOf(word: string, files: number): Command | null {
  const command = COMMANDS.get(word);
  return command?.files === files ? command.run : null;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
const USUAL_HOURS = 48;
const USUAL_STAYS = 10_000;
/** What a document alone is called. */
const USUAL = { id: "draft", version: 1 } as const;

function read(file: string, { place, flags }: Context): Result<TariffOffer, string> {
  const text = readText(file, MAX_TARIFF_BYTES);
  if (!text.ok) return err(`${file} ${text.error}`);
  const parsed = parseAnyTariff(text.value, place, USUAL);
  if (parsed.ok) return parsed;
  return err(
    flags.json === true
      ? json({ valid: false, problems: parsed.error })
      : describeProblems(file, parsed.error),
  );
}

function check([file = ""]: readonly string[], context: Context): Result<string, string> {
  const offer = read(file, context);
  if (!offer.ok) return offer;
  const { tariff, fromMs } = offer.value;
  const { id, version, name, currency, timeZone } = tariff;
  if (context.flags.json === true) {
    const validFrom = fromMs === null ? null : new Date(fromMs).toISOString();
    return ok(
      json({
        valid: true,
        id,
        version,
        name,
        currency,
        valid_from: validFrom,
        rises: risesWithTime(tariff),
        problems: [],
      }),
    );
  }
  const dips = risesWithTime(tariff) ? [] : ["Note: a longer stay can cost less than a shorter one."];
  const from = fromMs === null ? "from when it is taken" : `from ${fullTime(fromMs, timeZone)}`;
  const valid = `${file} is valid: ${name} (${id}, version ${version}), in ${currency}, in force ${from}`;
  return ok([valid, ...dips].join("\n"));
}

function show([file = ""]: readonly string[], context: Context): Result<string, string> {
  const offer = read(file, context);
  if (!offer.ok) return offer;
  const { tariff, document } = offer.value;
  const { id, version, name } = tariff;
  if (context.flags.json !== true) return ok(tariffWords(tariff));
  return ok(
    json({ id, version, name, words: tariffWords(tariff), document: JSON.parse(document) as unknown }),
  );
}

function previewed([file = ""]: readonly string[], context: Context): Result<string, string> {
  const { flags, nowMs, place } = context;
  const offer = read(file, context);
  if (!offer.ok) return offer;
  const { tariff } = offer.value;
  const entryMs = flags.entry === undefined ? nowMs : momentOf(flags.entry, place.timeZone);
  if (entryMs === null) return err(`--entry must be ${TIME_WORDS}`);
  const hours = numberOf(flags.hours, USUAL_HOURS, MAX_PREVIEW_DAYS * 24);
  if (hours === null) return err(`--hours must be a whole number from 1 to ${MAX_PREVIEW_DAYS * 24}`);
  const stay = stayOf(flags);
  if (!stay.ok) return stay;
  const made = preview(tariff, { entryMs, horizonMs: hours * HOUR_MS, stay: stay.value });
  if (!made.ok) return err(made.error.message);
  if (flags.svg !== undefined) {
    const drawn = write(flags.svg, priceSvg(made.value, tariff));
    if (!drawn.ok) return drawn;
  }
  if (flags.json === true) {
    const { steps, horizonMinutes } = made.value;
    return ok(
      json({
        id: tariff.id,
        version: tariff.version,
        currency: tariff.currency,
        entry: new Date(made.value.entryMs).toISOString(),
        horizon_minutes: horizonMinutes,
        steps: steps.map((step) => ({
          from_minutes: step.fromMinutes,
          until_minutes: step.untilMinutes,
          total_minor: step.totalMinor,
        })),
      }),
    );
  }
  const title = `${tariff.name} (${tariff.id}, version ${tariff.version}): a stay that begins ${fullTime(made.value.entryMs, place.timeZone)}`;
  const short =
    made.value.horizonMinutes * MINUTE_MS < hours * HOUR_MS
      ? ["It ends here: there are more changes of price than anybody reads."]
      : [];
  return ok(
    [title, "", priceTable(made.value, tariff), "", priceCurve(made.value, tariff), ...short].join("\n"),
  );
}

function price([file = ""]: readonly string[], context: Context): Result<string, string> {
  const { flags, place } = context;
  const offer = read(file, context);
  if (!offer.ok) return offer;
  const entryMs = momentOf(flags.entry ?? "", place.timeZone);
  const exitMs = momentOf(flags.exit ?? "", place.timeZone);
  if (entryMs === null) return err(`--entry must be ${TIME_WORDS}`);
  if (exitMs === null) return err(`--exit must be ${TIME_WORDS}`);
  const stay = stayOf(flags);
  if (!stay.ok) return stay;
  const priced = quote(offer.value.tariff, { ...stay.value, entryMs, exitMs });
  if (!priced.ok) return err(priced.error.message);
  return ok(flags.json === true ? json(quoteJson(priced.value)) : quoteText(priced.value));
}

function compare([before = "", after = ""]: readonly string[], context: Context): Result<string, string> {
  const { flags, place } = context;
  const [old, next] = [read(before, context), read(after, context)];
  if (!old.ok) return old;
  if (!next.ok) return next;
  const limit = numberOf(flags.limit, USUAL_STAYS, MAX_PAST_STAYS);
  if (limit === null) return err(`--limit must be a whole number from 1 to ${MAX_PAST_STAYS}`);
  const folder = flags.data ?? place.dataFolder;
  if (flags.stays === undefined && folder === null) return err("give --data DIR, or --stays FILE");
  const stays =
    flags.stays === undefined ? pastStaysOf(folder ?? "", limit) : pastStaysFrom(flags.stays, place.timeZone);
  if (!stays.ok) return stays;
  const [from, to] = [old.value.tariff, next.value.tariff];
  const result = diff(from, to, stays.value.slice(0, limit));
  return ok(flags.json === true ? json(diffJson(result, from, to)) : diffText(result, from, to));
}

/** The stay of a command, but for its times. */
function stayOf(flags: Flags): Result<Omit<StayToPrice, "entryMs" | "exitMs">, string> {
  const { lost = "no", occupancy } = flags;
  if (lost !== "no" && lost !== "proven" && lost !== "unproven")
    return err("--lost must be proven or unproven: whether the plate proves when the vehicle came");
  const occupancyPercent = occupancy === undefined ? null : numberOf(occupancy, 0, 1_000, 0);
  if (occupancy !== undefined && occupancyPercent === null)
    return err("--occupancy must be a whole number of percent");
  return ok({
    vehicleType: flags.vehicle ?? "car",
    ev: flags.ev ?? false,
    accessible: flags.accessible ?? false,
    occupancyPercent,
    lostTicket: lost,
    penalties: flags.penalty ?? [],
  });
}

function numberOf(text: string | undefined, usual: number, most: number, least = 1): number | null {
  if (text === undefined) return usual;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
  return value >= least && value <= most ? value : null;
}

function write(path: string, content: string): Result<null, string> {
  try {
    writeFileSync(path, content);
    return ok(null);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return err(`${path} cannot be written: ${why}`);
  }
}

function json(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
