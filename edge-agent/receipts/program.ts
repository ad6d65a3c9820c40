import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Clock } from "@parkme/shared/domain/clock";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { formatDecimal, money } from "@parkme/shared/domain/money";
import type { SignedReceipt } from "@parkme/shared/domain/receipt";
import { loadConfig } from "../config/load.ts";
import { openDatabase } from "../store/open.ts";
import { receiptQueries } from "../store/receipts.ts";
import { keysFolder, type Keyring, openKeyring } from "../tickets/keyring.ts";
import { receiptLinkOf } from "./link.ts";
import { createPdfMaker } from "./pdf-maker.ts";
import { type Labelled, receiptText } from "./receipt-text.ts";
import { checkChain, MAX_PROBLEMS, receiptProblems } from "./verify.ts";

/** `parkme-edge receipts`: looks at what was issued, and proves it, while the gate runs. */

const HELP = `parkme-edge receipts: what was issued, and whether it is whole

  parkme-edge receipts verify          checks all: no number is missing, nothing was changed; exits with 1 otherwise
  parkme-edge receipts list            the newest first
  parkme-edge receipts show NUMBER     one receipt, and whether its signature is right
      --pdf FILE                       writes it as a PDF

  --json          for programs
  --limit N       of list: how many (20)
  --config FILE   the configuration (default: PARKME_CONFIG, else ./edge.yaml)
  --help          this text
`;

const USUAL_LIMIT = 20;
const MAX_LIMIT = 10_000;
/** Receipts are numbered within what a database counts to. */
const NUMBER = /^\d{1,15}$/;

const OPTIONS = {
  config: { type: "string" },
  json: { type: "boolean" },
  pdf: { type: "string" },
  limit: { type: "string" },
  help: { type: "boolean", short: "h" },
} as const;

type Output = { readonly out: (text: string) => void; readonly complain: (text: string) => void };
type Surroundings = Output & {
  readonly receipts: ReturnType<typeof receiptQueries>;
  readonly keys: Pick<Keyring, "verifyText">;
  readonly link: (token: string) => string | null;
  readonly json: boolean;
};

/** Resolves with the exit code. */
export async function runReceipts(
  args: readonly string[],
  usualConfig: string,
  clock: Clock,
  migrationsFolder: string,
  { out, complain }: Output,
): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options: OPTIONS });
  const [word, number, ...more] = positionals;
  const work = workOf(word, number, values);
  if (values.help === true || work === null || more.length > 0) {
    (values.help === true ? out : complain)(HELP);
    return values.help === true ? 0 : 1;
  }
  const fail = (message: string): number => {
    complain(`${message}\n`);
    return 1;
  };
  const path = values.config ?? usualConfig;
  const loaded = loadConfig(path);
  if (!loaded.ok) return fail(describeProblems(path, loaded.error));
  const { data_dir, receipts } = loaded.value;
  const database = join(data_dir, "gate.db");
  // Neither a database nor keys are made by looking at them.
  for (const needed of [database, keysFolder(data_dir)])
    if (!existsSync(needed)) return fail(`${needed} does not exist: nothing was issued here yet.`);
  const keyring = openKeyring(keysFolder(data_dir), clock.wallMs(), (message) => complain(`${message}\n`));
  if (!keyring.ok) return fail(keyring.error.message);
  const opened = openDatabase({ path: database, migrationsFolder });
  if (!opened.ok) return fail(opened.error.message);
  try {
    return await work({
      out,
      complain,
      receipts: receiptQueries(opened.value),
      keys: keyring.value,
      link: receiptLinkOf(receipts?.url),
      json: values.json === true,
    });
  } finally {
    opened.value.$client.close();
  }
}

type Work = (surroundings: Surroundings) => number | Promise<number>;

/** Null where the words make no sense. */
function workOf(
  word: string | undefined,
  number: string | undefined,
  { pdf, limit }: { readonly pdf?: string | undefined; readonly limit?: string | undefined },
): Work | null {
  const rows = limit === undefined ? USUAL_LIMIT : Number(limit);
  if (!Number.isInteger(rows) || rows < 1 || rows > MAX_LIMIT) return null;
  if (word === "verify" && number === undefined) return verify;
  if (word === "list" && number === undefined) return (surroundings) => list(rows, surroundings);
  if (word === "show" && number !== undefined && NUMBER.test(number))
    return (surroundings) => show(Number(number), pdf ?? null, surroundings);
  return null;
}

function verify({ receipts, keys, json, out }: Surroundings): number {
  const report = checkChain(receipts, keys);
  const { checked, first, last, problems } = report;
  const code = problems.length === 0 ? 0 : 1;
  if (json) out(`${JSON.stringify(report)}\n`);
  else if (checked === 0) out("nothing was issued yet\n");
  else if (code === 0)
    out(`${checked} receipts, ${first} to ${last}: unbroken, and all signed by this facility\n`);
  else {
    for (const { number, problem } of problems) out(`receipt ${number}: ${problem}\n`);
    const atLeast = problems.length === MAX_PROBLEMS ? "at least " : "";
    out(`${checked} receipts checked: ${atLeast}${problems.length} problems\n`);
  }
  return code;
}

function list(limit: number, { receipts, json, out }: Surroundings): number {
  const rows = receipts.recentReceipts(limit).map(summaryOf);
  if (json) out(`${JSON.stringify(rows)}\n`);
  else
    for (const { number, kind, at, amount, currency, method, ticket, place } of rows)
      out(
        `${String(number).padStart(7)}  ${at}  ${kind.padEnd(7)}  ${`${amount} ${currency}`.padStart(14)}  ${method.padEnd(7)}  ${ticket}  ${place}\n`,
      );
  return 0;
}

function summaryOf({ receipt }: SignedReceipt) {
  const { number, kind, issuedWallMs, amountMinor, currency, method, ticketNumber, place } = receipt;
  const amount = formatDecimal(money(amountMinor, currency));
  return {
    number,
    kind,
    at: new Date(issuedWallMs).toISOString(),
    amount,
    currency,
    method,
    ticket: ticketNumber,
    place,
  };
}

async function show(
  number: number,
  pdf: string | null,
  { receipts, keys, link, json, out, complain }: Surroundings,
): Promise<number> {
  const signed = receipts.receiptByNumber(number);
  if (signed === null) {
    complain(`there is no receipt ${number}\n`);
    return 1;
  }
  const problems = receiptProblems(signed, keys);
  const address = link(signed.token);
  if (json) out(`${JSON.stringify({ ...signed, link: address, problems })}\n`);
  else {
    out(plainText(signed, address));
    out(
      problems.length === 0
        ? "signature: right\n"
        : `${problems.map((problem) => `NOT GENUINE: ${problem}\n`).join("")}`,
    );
  }
  if (pdf !== null) {
    const made = await createPdfMaker().make(signed, address);
    if (!made.ok) {
      complain(`${made.error.message}\n`);
      return 1;
    }
    writeFileSync(pdf, made.value);
    if (!json) out(`${pdf} written\n`);
  }
  return problems.length === 0 ? 0 : 1;
}

const COLUMNS = 64;

function plainText(signed: SignedReceipt, link: string | null): string {
  const { title, issuer, facility, facts, trace, sums, payment, proof } = receiptText(signed, link);
  const head = [title, issuer.name, ...issuer.lines, ...(facility === issuer.name ? [] : [facility])];
  const blocks = [facts, trace, sums, payment, proof].filter((block) => block.length > 0);
  const lines = blocks.flatMap((block) => ["", ...block.map(row)]);
  return `${[...head, ...lines, "", ...(link === null ? [] : [link])].join("\n")}\n`;
}

function row({ label, value }: Labelled): string {
  return `${label}${" ".repeat(Math.max(1, COLUMNS - label.length - value.length))}${value}`;
}
