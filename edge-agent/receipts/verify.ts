import { createHash } from "node:crypto";
import { canonicalText, type Receipt, type SignedReceipt } from "@parkme/shared/domain/receipt";
import type { IssuedReceipt } from "../store/receipts.ts";
import type { Keyring } from "../tickets/keyring.ts";

/** Whether receipts are what was issued: each one, and the sequence of all. */

export type ChainProblem = { readonly number: number; readonly problem: string };
export type ChainReport = {
  readonly checked: number;
  readonly first: number | null;
  readonly last: number | null;
  /** The first {@link MAX_PROBLEMS}; empty = unbroken. */
  readonly problems: readonly ChainProblem[];
};

export const MAX_PROBLEMS = 50;
const PAGE = 500;

export type ReceiptSource = {
  /** Receipts with higher numbers as they are stored, in order, at most `limit`. */
  readonly issuedAfter: (number: number, limit: number) => readonly IssuedReceipt[];
};
/** The facility's keys, also those that sign no more. */
export type ReceiptKeys = Pick<Keyring, "verifyText">;

/** Checks all receipts from the first: numbers without a gap, every hash, every signature, each naming the one before. */
export function checkChain(source: ReceiptSource, keys: ReceiptKeys): ChainReport {
  const problems: ChainProblem[] = [];
  let before: IssuedReceipt | null = null;
  let first: number | null = null;
  let checked = 0;
  for (;;) {
    const page = source.issuedAfter(before?.number ?? 0, PAGE);
    for (const issued of page) {
      for (const problem of [...signatureProblems(issued, keys), ...placeProblems(issued, before)])
        if (problems.length < MAX_PROBLEMS) problems.push({ number: issued.number, problem });
      first ??= issued.number;
      before = issued;
      checked += 1;
    }
    if (page.length < PAGE) return { checked, first, last: before?.number ?? null, problems };
  }
}

/** What is wrong with one receipt by itself; nothing = its text is what the facility has signed. */
export function receiptProblems(signed: SignedReceipt, keys: ReceiptKeys): string[] {
  const { receipt, text } = signed;
  const said = text === canonicalText(receipt) ? [] : ["what it says is not its signed text"];
  return [...signatureProblems(signed, keys), ...said];
}

function signatureProblems(
  { text, hash, keyId, signature }: Omit<SignedReceipt, "receipt" | "token">,
  keys: ReceiptKeys,
): string[] {
  const problems: string[] = [];
  if (createHash("sha256").update(text).digest("hex") !== hash)
    problems.push("its text is not what its hash is of");
  if (!keys.verifyText({ text, keyId, signature }))
    problems.push(`its signature is not right, or key ${keyId} is not known here`);
  return problems;
}

/** Whether it is what stands at this place in the sequence, and follows the one before. */
function placeProblems(issued: IssuedReceipt, before: IssuedReceipt | null): string[] {
  const receipt = receiptIn(issued);
  if (receipt === null) return ["its text is not that of a receipt"];
  const { number, kind, issuedWallMs } = issued;
  const fits = receipt.number === number && receipt.kind === kind && receipt.issuedWallMs === issuedWallMs;
  const beside = fits ? [] : ["it does not stand where its text says"];
  const expected = (before?.number ?? 0) + 1;
  if (number === expected + 1) return [...beside, `receipt ${expected} is missing`];
  if (number > expected) return [...beside, `receipts ${expected} to ${number - 1} are missing`];
  const follows = receipt.previousHash === (before?.hash ?? null);
  return follows ? beside : [...beside, "it does not name the receipt before it"];
}

/** Null where somebody has put something else in its place. */
function receiptIn({ text }: Pick<IssuedReceipt, "text">): Receipt | null {
  try {
    const receipt = JSON.parse(text) as Receipt;
    return canonicalText(receipt) === text ? receipt : null;
  } catch {
    return null;
  }
}
