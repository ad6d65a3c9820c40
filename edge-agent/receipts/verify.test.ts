import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SignedReceipt } from "@parkme/shared/domain/receipt";
import { newFolder, type Folder } from "../store/testing/gate-db.ts";
import { at, cameIn, cash, done, isOurs, openMoneyDb, type MoneyDb } from "../store/testing/money-db.ts";
import { chain, KEYS, newKeys, signed } from "./testing/receipts.ts";
import { checkChain, receiptProblems } from "./verify.ts";

const sourceOf = (receipts: readonly SignedReceipt[]) => ({
  issuedAfter: (after: number, limit: number) =>
    receipts
      .filter(({ receipt }) => receipt.number > after)
      .slice(0, limit)
      .map(({ receipt: { number, kind, issuedWallMs }, text, hash, keyId, signature }) => {
        return { number, kind, issuedWallMs, text, hash, keyId, signature };
      }),
});
const check = (receipts: readonly SignedReceipt[]) => checkChain(sourceOf(receipts), KEYS);

describe("the chain of receipts", () => {
  it("is whole as it was issued, over several pages of the store", () => {
    expect(check(chain(1_203))).toEqual({ checked: 1_203, first: 1, last: 1_203, problems: [] });
    expect(check([])).toEqual({ checked: 0, first: null, last: null, problems: [] });
  });

  it("shows a receipt that is missing, at the beginning as well", () => {
    const receipts = chain(6);
    expect(check(receipts.filter(({ receipt }) => receipt.number !== 3)).problems).toEqual([
      { number: 4, problem: "receipt 3 is missing" },
    ]);
    expect(check(receipts.slice(2)).problems).toEqual([
      { number: 3, problem: "receipts 1 to 2 are missing" },
    ]);
  });

  it("shows a receipt that was changed, even where it was hashed and signed anew", () => {
    const receipts = chain(4);
    const [first, second, ...rest] = receipts;
    if (first === undefined || second === undefined) throw new Error("no receipts");
    const changed = { ...second, text: second.text.replace("1050", "50") };
    expect(check([first, changed, ...rest]).problems.map(({ number }) => number)).toEqual([2, 2]);
    const resigned = signed({ ...second.receipt, amountMinor: 50 });
    expect(check([first, resigned, ...rest]).problems).toEqual([
      { number: 3, problem: "it does not name the receipt before it" },
    ]);
  });

  it("names no more problems than a person reads", () => {
    const broken = chain(80).map((one) => ({ ...one, hash: "0" }));
    expect(check(broken).problems).toHaveLength(50);
  });
});

describe("one receipt", () => {
  it("is proven by the key it names and no other", () => {
    expect(receiptProblems(signed(), KEYS)).toEqual([]);
    expect(receiptProblems(signed(), newKeys())).toEqual([expect.stringContaining("signature is not right")]);
    expect(receiptProblems({ ...signed(), signature: "" }, KEYS)).toHaveLength(1);
  });
});

describe("an audit of the receipts in a store", () => {
  let folder: Folder;
  let desk: MoneyDb;
  const ours = { verifyText: isOurs };
  const broken = () =>
    checkChain(desk.store, ours).problems.map(({ number, problem }) => `${number}: ${problem}`);

  /** Somebody who has the file can drop the triggers. */
  function tamper(sql: string): void {
    const file = desk.db.$client;
    for (const what of ["update", "delete"]) file.exec(`drop trigger if exists receipts_no_${what}`);
    file.exec(sql);
  }
  beforeEach(() => {
    folder = newFolder();
    desk = openMoneyDb(folder.path("gate.db"));
    const { stayId } = cameIn(desk);
    for (let i = 0; i < 5; i++) done(desk.store.takePayment(cash(stayId, 100), at(i)));
  });
  afterEach(() => {
    desk.store.close();
    folder.remove();
  });

  it("finds nothing wrong with what was issued", () => {
    expect(checkChain(desk.store, ours)).toEqual({ checked: 5, first: 1, last: 5, problems: [] });
  });

  const hash = "its text is not what its hash is of";
  const signature = "its signature is not right, or key 7 is not known here";
  const place = "it does not stand where its text says";
  const before = "it does not name the receipt before it";
  it.each([
    ["one is missing", "delete from receipts where number = 3", ["4: receipt 3 is missing"]],
    ["the first are missing", "delete from receipts where number < 3", ["3: receipts 1 to 2 are missing"]],
    [
      "a text was changed",
      "update receipts set text = replace(text, '100', '900') where number = 2",
      [`2: ${hash}`, `2: ${signature}`],
    ],
    [
      "a text is garbage",
      "update receipts set text = 'x' where number = 4",
      [`4: ${hash}`, `4: ${signature}`, "4: its text is not that of a receipt"],
    ],
    ["a time was changed", "update receipts set at = at + 1 where number = 5", [`5: ${place}`]],
    [
      "a signature was changed",
      "update receipts set signature = 'AAAA' where number = 2",
      [`2: ${signature}`],
    ],
    [
      "two were swapped",
      "update receipts set number = -1 where number = 2; update receipts set number = 2 where number = 3; update receipts set number = 3 where number = -1",
      [`2: ${place}`, `2: ${before}`, `3: ${place}`, `3: ${before}`, `4: ${before}`],
    ],
  ])("tells where %s", (_what, sql, problems) => {
    tamper(sql);
    expect(broken()).toEqual(problems);
  });

  it("is not deceived by a hash that was made to fit", () => {
    tamper(
      "update receipts set text = replace(text, '\"amountMinor\":100', '\"amountMinor\":900') where number = 3",
    );
    const [row] = desk.store.issuedAfter(2, 1);
    const forged = createHash("sha256")
      .update(row?.text ?? "")
      .digest("hex");
    desk.db.$client.prepare("update receipts set hash = ? where number = 3").run(forged);
    expect(broken()).toEqual([`3: ${signature}`, `4: ${before}`]);
  });
});
