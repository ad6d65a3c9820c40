import { randomBytes } from "node:crypto";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Clock } from "@parkme/shared/domain/clock";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { type EdgeConfig, loadConfig } from "../config/load.ts";
import { openDatabase } from "../store/open.ts";
import { ticketCodeQueries } from "../store/ticket-codes.ts";
import { createCodeBook, type CodeBookOptions } from "./code-book.ts";
import { createCodeMaker } from "./code-maker.ts";
import { codeSheets } from "./code-sheet.ts";
import { keysFolder, type Keyring, type KeyView, openKeyring } from "./keyring.ts";

/** `parkme-edge tickets`: the keys that sign tickets, what a code is worth, and merchants' codes, while the gate runs. */

const HELP = `parkme-edge tickets: keys and codes

  parkme-edge tickets keys                 the keys that tickets are proven with
  parkme-edge tickets rotate               a new key signs from now on; the ones before it stay good
  parkme-edge tickets trust PUBLIC_KEY --title NAME [--from TIME] [--until TIME]
                                           takes another signer's key (Ed25519, base64url); times as 2026-05-01T00:00:00Z
  parkme-edge tickets verify CODE          what a code is worth here; exits with 1 when it is refused
  parkme-edge tickets codes --merchant NAME --offer NAME --count N [--days N] [--svg FILE]
                                           makes a merchant's codes, each good for once: one line each, and sheets of
                                           24 to print (FILE, FILE-2, ...)

  --config FILE   the configuration (default: PARKME_CONFIG, else ./edge.yaml)
  --help          this text
`;

const MAX_CODES = 1_000;
const DAY_MS = 86_400_000;

type Output = { readonly out: (text: string) => void; readonly complain: (text: string) => void };

type Surroundings = Output & {
  readonly config: EdgeConfig;
  readonly keyring: Keyring;
  readonly nowMs: number;
  readonly migrationsFolder: string;
};

const OPTIONS = {
  config: { type: "string" },
  help: { type: "boolean", short: "h" },
  title: { type: "string" },
  from: { type: "string" },
  until: { type: "string" },
  merchant: { type: "string" },
  offer: { type: "string" },
  count: { type: "string" },
  days: { type: "string" },
  svg: { type: "string" },
} as const;

type Values = { readonly [K in Exclude<keyof typeof OPTIONS, "help">]?: string | undefined };
type Word = (argument: string | undefined, values: Values, surroundings: Surroundings) => number;

const WORDS: ReadonlyMap<string, Word> = new Map([
  ["keys", showKeys],
  ["rotate", rotate],
  ["trust", trust],
  ["verify", verify],
  ["codes", makeCodes],
]);

/** @returns the exit code. */
export function runTickets(
  args: readonly string[],
  usualConfig: string,
  clock: Clock,
  migrationsFolder: string,
  { out, complain }: Output,
): number {
  const parsed = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  const { help, ...values } = parsed.values;
  const [name = "", argument, ...more] = parsed.positionals;
  const word = WORDS.get(name);
  if (help === true || word === undefined || more.length > 0) {
    (help === true ? out : complain)(HELP);
    return help === true ? 0 : 1;
  }
  const path = values.config ?? usualConfig;
  const loaded = loadConfig(path);
  if (!loaded.ok) {
    complain(`${describeProblems(path, loaded.error)}\n`);
    return 1;
  }
  const nowMs = clock.wallMs();
  const keyring = openKeyring(keysFolder(loaded.value.data_dir), nowMs, (message) =>
    complain(`${message}\n`),
  );
  if (!keyring.ok) {
    complain(`${keyring.error.message}\n`);
    return 1;
  }
  return word(argument, values, {
    out,
    complain,
    config: loaded.value,
    keyring: keyring.value,
    nowMs,
    migrationsFolder,
  });
}

function showKeys(_argument: unknown, _values: Values, { keyring, out }: Surroundings): number {
  for (const key of keyring.keys()) out(`${describe(key)}\n`);
  return 0;
}

function describe({ id, origin, title, signs, publicText, fromMs, untilMs }: KeyView): string {
  const state = signs ? "signs" : origin === "own" ? "retired" : "trusted";
  const until = untilMs === null ? "" : ` until ${new Date(untilMs).toISOString()}`;
  return `${id.toString(16).padStart(4, "0")}  ${state.padEnd(7)}  ${publicText}  from ${new Date(fromMs).toISOString()}${until}  ${title}`;
}

function rotate(_argument: unknown, _values: Values, { keyring, nowMs, out }: Surroundings): number {
  out(`${describe(keyring.rotate(nowMs))}\n`);
  return 0;
}

function trust(publicText: string | undefined, values: Values, surroundings: Surroundings): number {
  const { keyring, nowMs, out, complain } = surroundings;
  const fromMs = values.from === undefined ? nowMs : Date.parse(values.from);
  const untilMs = values.until === undefined ? null : Date.parse(values.until);
  const title = values.title?.trim() ?? "";
  if (publicText === undefined || title === "" || title.length > 80 || [fromMs, untilMs].some(Number.isNaN)) {
    complain("trust needs a public key, --title, and times such as 2026-05-01T00:00:00Z\n");
    return 1;
  }
  const trusted = keyring.trust({ title, publicText, fromMs, untilMs });
  if (!trusted.ok) {
    complain(`${trusted.error.message}\n`);
    return 1;
  }
  out(`${describe(trusted.value)}\n`);
  return 0;
}

function verify(text: string | undefined, _values: Values, surroundings: Surroundings): number {
  const { config, keyring, nowMs, migrationsFolder, out, complain } = surroundings;
  if (text === undefined) {
    complain("verify needs a code, in quotes\n");
    return 1;
  }
  const path = join(config.data_dir, "gate.db");
  const opened = existsSync(path) ? openDatabase({ path, migrationsFolder }) : null;
  if (opened?.ok === false) {
    complain(`${opened.error.message}\n`);
    return 1;
  }
  const store: CodeBookOptions["store"] =
    opened === null
      ? { ticketState: () => "unknown", isSpent: () => false }
      : ticketCodeQueries(opened.value);
  const { facility, merchants } = config;
  const value = createCodeBook({ facilityId: facility.id, keyring, store, merchants }).read(text, nowMs);
  opened?.value.$client.close();
  out(`${JSON.stringify(value)}\n`);
  return value.kind === "refused" ? 1 : 0;
}

function makeCodes(_argument: unknown, values: Values, surroundings: Surroundings): number {
  const { config, keyring, nowMs, out, complain } = surroundings;
  const merchant = config.merchants.find(({ name }) => name === values.merchant);
  const offer = merchant?.offers.find(({ name }) => name === values.offer);
  const count = wholeNumber(values.count, MAX_CODES);
  const validDays = values.days === undefined ? config.tickets.valid_days : wholeNumber(values.days, 2_730);
  if (merchant === undefined || offer === undefined) {
    const known = config.merchants.flatMap(({ name, offers }) =>
      offers.map((each) => `${name} ${each.name}`),
    );
    complain(`--merchant and --offer must be one of: ${known.join(", ") || "none are set up"}\n`);
    return 1;
  }
  if (count === null || validDays === null) {
    complain(`--count must be 1 to ${MAX_CODES}, --days 1 to 2730\n`);
    return 1;
  }
  const maker = createCodeMaker({ facilityId: config.facility.id, keyring, validDays });
  const run = { merchant: merchant.name, offer: offer.name, count, validDays };
  const codes = maker.validations(run, nowMs, (length) => randomBytes(length));
  for (const { serial, text } of codes) out(`${serial}\t${text}\n`);
  if (values.svg !== undefined) {
    const until = new Date(nowMs + validDays * DAY_MS).toISOString().slice(0, 10);
    for (const [page, svg] of codeSheets(
      [`${merchant.title}: ${offer.title}`, `until ${until}`],
      codes,
    ).entries())
      writeFileSync(pageName(values.svg, page), svg, { mode: 0o600 });
  }
  return 0;
}

/** sheet.svg, sheet-2.svg, and so on. */
function pageName(file: string, page: number): string {
  return page === 0 ? file : `${file.replace(/\.svg$/, "")}-${page + 1}.svg`;
}

function wholeNumber(text: string | undefined, max: number): number | null {
  return text !== undefined && /^\d{1,6}$/.test(text) && Number(text) >= 1 && Number(text) <= max
    ? Number(text)
    : null;
}
