import { execFile } from "node:child_process";
import { generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { type CodePayload, packPayload, readCode, writeCode } from "@parkme/shared/domain/ticket-code";
import { because } from "./cashier.ts";
import { papers, paperOf } from "./paper.ts";
import { type PaySite, setUpPaySite } from "./pay-site.ts";

/** What proves a stay, or that it was paid: tickets that are lost, damaged or forged, merchants' codes, receipts. */

/** Many programs on a busy machine. */
const SLOWLY = { timeout: 300_000 };
const TARIFF = {
  name: "Hourly",
  hourly: { price: 2, per_minutes: 60 },
  lost_ticket: { true_time: { fee: 10, otherwise: 40 } },
};

/** One vehicle without a plate that presses the button: the paper that it takes along. */
async function driveInWithTicket(site: PaySite, count: number) {
  await site.entry.arrive();
  await site.entry.board.do("input in8 on");
  await site.entry.board.do("input in8 off");
  const ticket = await paperOf(site.device("ticket-printer"), count);
  await site.entry.leave();
  return ticket;
}

const asks = (site: PaySite, amountMinor: number) =>
  site.exit.until(
    `${amountMinor} to be asked for`,
    ({ state, stay }) => state === "PAYING" && stay?.fee?.amount_minor === amountMinor,
  );

describe("a vehicle that cannot show its ticket", SLOWLY, () => {
  it("edge case 13: nobody saw it come in: its stay is added by hand, paid, and written down with who and why", async () => {
    const site = await setUpPaySite({ tariff: TARIFF });
    const { alex, exit } = site;
    await exit.arrive();
    await exit.read("HHT1301");
    await site.exitSays(/^No stay found/);
    const entry_at = new Date(Date.now() - 90 * 60_000).toISOString();
    const wish = { plate: "HHT1301", entry_at, ...because("came in behind a lorry") };
    const begun = await alex.post("/api/stays", wish);
    expect(begun).toMatchObject({ status: 201, body: { review: "exit_without_entry", due_minor: 400 } });
    expect(await alex.post("/api/stays", wish), "the same wish once more").toMatchObject({ status: 201 });
    const { stay_id } = await alex.find("HHT1301");
    const identify = (id: string) =>
      alex.post("/api/lanes/exit/identify", { stay_id: id, reason: "showed its papers" });
    expect(await identify(randomUUID())).toMatchObject({ status: 409, code: "no_stay" });
    expect(await identify(stay_id)).toMatchObject({ status: 200 });
    await asks(site, 400);
    expect(exit.barrier.openings()).toBe(0);
    await alex.takeCash(stay_id);
    await exit.leave();

    expect(await alex.look(stay_id)).toMatchObject({
      status: "closed",
      review: "exit_without_entry",
      balance_minor: 0,
    });
    expect(site.rows("select what, actor, reason from stay_amendments")).toEqual([
      { what: "begun_by_hand", actor: "alex", reason: "came in behind a lorry" },
    ]);
    const [identified] = site.rows<{ payload: string }>(
      "select payload from log where kind = 'stay.identified'",
    );
    expect(JSON.parse(identified?.payload ?? "{}")).toMatchObject({
      stay_id,
      lane: "exit",
      actor: "alex",
      reason: "showed its papers",
    });
    expect((await alex.reconcile()).discrepancies).toEqual([]);
    expect(await identify(stay_id), "nobody is at the lane").toMatchObject({ status: 409 });
  });

  it("edge case 14: a lost ticket costs the true time where the plate proves it, and a flat price where nothing does", async () => {
    const site = await setUpPaySite({ tariff: TARIFF, extras: ["ticket-printer", "desk-printer"] });
    const { alex, exit } = site;
    const proven = await site.parked("HHT1401", 90);
    const lost = await paperOf(site.device("ticket-printer"), 1);
    const blind = await driveInWithTicket(site, 2);
    const { stay_id: blindId } = await alex.find(blind.number);

    const seen = await alex.act(proven.stay_id, "lost-ticket", { reason: "cannot find it" });
    expect(seen).toMatchObject({ lost_ticket: true, due_minor: 400 + 1_000 });
    expect(seen.ticket_number).not.toBe(lost.number);
    const unseen = await alex.act(blindId, "lost-ticket", { reason: "cannot find it" });
    expect(unseen).toMatchObject({ lost_ticket: true, due_minor: 4_000 });
    await alex.takeCash(proven.stay_id);
    await alex.takeCash(blindId);

    // Whoever finds the old ticket gets nowhere with it, by its code or by its number.
    await exit.arrive();
    await site.show(lost.code);
    await site.exitSays(/This ticket is void/);
    await site.show(blind.number);
    expect(exit.barrier.openings()).toBe(0);
    expect(site.alarms()).toMatchObject([
      { lane: "exit", kind: "code_refused", detail: "This ticket is void." },
    ]);
    await site.show(seen.ticket_number);
    await exit.leave();
    await alex.post(`/api/stays/${blindId}/ticket/print`, { reason: "in place of the lost one" });
    const replacement = await paperOf(site.device("desk-printer"), 1);
    expect(replacement.number).toBe(unseen.ticket_number);
    await exit.arrive();
    await site.show(replacement.code);
    await exit.leave();
    expect(site.rows("select status, balance_minor, fee_minor from stays order by fee_minor")).toEqual([
      { status: "closed", balance_minor: 0, fee_minor: 1_400 },
      { status: "closed", balance_minor: 0, fee_minor: 4_000 },
    ]);
    expect((await alex.reconcile()).discrepancies).toEqual([]);
  });

  it("edge case 15: a damaged ticket's number is keyed in at the exit; one printed again reads like the original", async () => {
    const site = await setUpPaySite({ tariff: TARIFF, extras: ["ticket-printer", "desk-printer"] });
    const { alex, exit } = site;
    const first = await driveInWithTicket(site, 1);
    const { stay_id } = await alex.find(first.number);
    expect(
      await alex.post(`/api/stays/${stay_id}/ticket/print`, { reason: "came out of the wash" }),
    ).toMatchObject({ status: 200 });
    const again = await paperOf(site.device("desk-printer"), 1);
    expect(again).toMatchObject({ code: first.code, number: first.number });
    expect(again.lines.some((line) => line.startsWith("COPY"))).toBe(true);

    await exit.arrive();
    await site.show(first.code.slice(0, 70));
    await site.exitSays(/Code damaged/);
    await site.show(`${first.code.slice(0, 50)}${"?".repeat(12)}${first.code.slice(62)}`);
    expect(exit.barrier.openings()).toBe(0);
    await site.show(first.number.toLowerCase());
    await asks(site, 200);
    await alex.takeCash(stay_id);
    await exit.leave();
    // Once it has let somebody out, neither paper does so again.
    await exit.arrive();
    await site.show(again.code);
    await site.exitSays(/This ticket has been/);
    expect(exit.barrier.openings()).toBe(1);
    // It is void for nobody to reprint, too.
    expect(await alex.post(`/api/stays/${stay_id}/ticket/print`, { reason: "once more" })).toMatchObject({
      status: 409,
      code: "ticket_spent",
    });
  });
});

describe("a receipt", SLOWLY, () => {
  it("edge case 18: a receipt printer without paper holds nobody up; the receipt is at its link, as page and PDF", async () => {
    const site = await setUpPaySite({ tariff: TARIFF, extras: ["exit-terminal", "receipt-printer"] });
    const { alex, exit } = site;
    const printer = site.device("receipt-printer");
    const { stay_id, ticket_number } = await site.parked("HHT1801", 90);
    const alarm = (): unknown =>
      site.page.snapshot()?.alarms.find(({ kind, ended_at }) => kind === "printer" && ended_at === null);
    await printer.do("paper out");
    await site.page.until("the alarm", () => alarm() !== undefined);
    expect(alarm()).toMatchObject({ lane: "exit", detail: "the paper is out" });
    await site.device("exit-terminal").do("card approve");
    await exit.arrive();
    await exit.read("HHT1801");
    await exit.leave();

    const [payment] = (await alex.look(stay_id)).payments;
    expect(payment).toMatchObject({ method: "card", amount_minor: 400, receipt: { number: 1 } });
    const link = site.url + (payment?.receipt?.url ?? "");
    const page = await (await fetch(link)).text();
    const pdf = await fetch(`${link}.pdf`);
    expect([pdf.status, pdf.headers.get("content-type")]).toEqual([200, "application/pdf"]);
    const file = join(site.folder, "receipt.pdf");
    writeFileSync(file, Buffer.from(await pdf.arrayBuffer()));
    const { stdout } = await promisify(execFile)("pdftotext", ["-layout", file, "-"]);
    for (const words of ["Harbour Parking GmbH", ticket_number, "HHT1801", "€ 4.00", "2 h x 2.00"]) {
      expect(page).toContain(words);
      expect(stdout).toContain(words);
    }
    expect(papers(printer)).toEqual([]);

    // With paper again, the next driver has it in his hand, and nobody the one from before.
    await printer.do("paper ok");
    await site.page.until("the end of the alarm", () => alarm() === undefined);
    await site.parked("HHT1802", 30);
    await site.device("exit-terminal").do("card approve");
    await exit.arrive();
    await exit.read("HHT1802");
    await exit.leave();
    const printed = await paperOf(printer, 1);
    expect(printed.lines.join("\n")).toMatch(/Receipt no\. +2\n[^]*HHT1802[^]*€ 2\.00/);
    expect(await (await fetch(printed.code)).text()).toContain("HHT1802");
    for (const nothing of ["/r/", "/r/guessed", `${new URL(link).pathname}x`, "/r/guessed.pdf"])
      expect((await fetch(site.url + nothing)).status).toBe(404);
  });
});

describe("a merchant's discount", SLOWLY, () => {
  it("edge case 24: one larger than the fee makes it nothing, never less, and it stays paid on the next scan", async () => {
    const site = await setUpPaySite({ tariff: TARIFF, extras: ["ticket-printer"] });
    const { alex, exit } = site;
    const { stay_id } = await site.parked("HHT2401", 90);
    const { code } = await paperOf(site.device("ticket-printer"), 1);
    const gift = { merchant: "cafe", offer: "all", idempotency_key: randomUUID() };
    const given = await alex.act(stay_id, "validations", gift);
    expect(given).toMatchObject({ due_minor: 0, balance_minor: 0, quote: { total_minor: 0 } });
    expect(given.leave_by).not.toBeNull();
    expect((await alex.act(stay_id, "validations", gift)).validations, "sent twice").toHaveLength(1);
    expect(
      await alex.post(`/api/stays/${stay_id}/payments`, {
        method: "cash",
        amount_minor: 400,
        tendered_minor: 400,
        idempotency_key: randomUUID(),
      }),
    ).toMatchObject({ status: 409, code: "nothing_due" });

    // The arm opens, but the driver has forgotten something and backs out; then he comes again.
    await exit.arrive();
    await site.show(code);
    await exit.barrier.untilOpen();
    await exit.barrier.cover("arming", false);
    // Nobody has driven over its loops since the start: they are proven by the attendant's eyes.
    await exit.until("the exit to be clear", ({ state }) => state === "CLEARING");
    await alex.post("/api/lanes/exit/reset", { reason: "nobody under the arm" });
    await exit.barrier.untilClosed();
    await exit.arrive();
    await site.show(code);
    await exit.leave();
    expect(exit.barrier.openings()).toBe(2);
    expect(site.rows("select kind, amount_minor from ledger order by id")).toEqual([
      { kind: "charge", amount_minor: 400 },
      { kind: "validation", amount_minor: -400 },
    ]);
    expect(site.rows("select * from payments")).toEqual([]);
    expect(site.rows("select status, balance_minor from stays")).toEqual([
      { status: "closed", balance_minor: 0 },
    ]);
  });

  it("edge case 24: a merchant's code counts once, wherever it is shown", async () => {
    const site = await setUpPaySite({ tariff: TARIFF, extras: ["ticket-printer"] });
    const { alex, exit } = site;
    const printed = await site.command(
      "tickets",
      "codes",
      "--merchant",
      "cafe",
      "--offer",
      "hour",
      "--count",
      "1",
    );
    const code = printed.replace(/\n$/, "").split("\t")[1] ?? "";
    const lucky = await driveInWithTicket(site, 1);
    const late = await driveInWithTicket(site, 2);
    await exit.arrive();
    await site.show(lucky.code);
    await asks(site, 200);
    await site.show(code);
    await exit.leave();
    await exit.arrive();
    await site.show(late.code);
    await asks(site, 200);
    await site.show(code);
    await site.exitSays(/This discount has/);
    expect(exit.view()).toMatchObject({ state: "PAYING", stay: { fee: { amount_minor: 200 } } });
    const { stay_id } = await alex.find(late.number);
    const atDesk = { code, idempotency_key: randomUUID() };
    expect(await alex.post(`/api/stays/${stay_id}/validations`, atDesk)).toMatchObject({
      status: 409,
      code: "code_refused",
    });
    await alex.takeCash(stay_id);
    await exit.leave();
    expect(site.rows("select merchant, actor from validations")).toEqual([
      { merchant: "cafe", actor: "exit" },
    ]);
    expect(site.rows("select place from spent_codes")).toEqual([{ place: "exit" }]);
    expect(site.rows("select sum(balance_minor) as balance from stays")).toEqual([{ balance: 0 }]);
  });

  it("edge case 24: a merchant who signs in validates tickets by number, and may do nothing else", async () => {
    const site = await setUpPaySite({ tariff: TARIFF });
    const { alex, merchant } = site;
    const { stay_id, ticket_number } = await site.driveIn("HHT2404");
    const wish = { ticket_number: ticket_number.toLowerCase(), offer: "hour", idempotency_key: randomUUID() };
    for (let i = 0; i < 2; i++)
      expect(await merchant.post("/api/merchant/validate", wish)).toMatchObject({
        status: 200,
        body: { ticket_number },
      });
    const { due_minor, validations } = await alex.look(stay_id);
    expect({ due_minor, validations: validations.length }).toEqual({ due_minor: 0, validations: 1 });
    const fresh = (more: object) => ({ ...wish, idempotency_key: randomUUID(), ...more });
    for (const [more, code] of [
      [{ ticket_number: "PKM-00000000" }, "unknown_ticket"],
      [{ offer: "free-for-all" }, "unknown_offer"],
    ] as const)
      expect(await merchant.post("/api/merchant/validate", fresh(more))).toMatchObject({ status: 404, code });
    expect(await alex.post("/api/merchant/validate", fresh({}))).toMatchObject({ status: 403 });

    const offers = await merchant.ask("GET", "/api/offers");
    expect(offers).toMatchObject({ status: 200, body: { penalties: [], upi: false, card: false } });
    const id = randomUUID();
    const reads = ["stays", `stays/${stay_id}`, "shift", "shifts", `shifts/${id}/report`, "reconciliation"];
    for (const path of [...reads, "receipts", "tariff", "alarms", "live", `attempts/${id}`, `images/${id}`])
      expect([path, (await merchant.ask("GET", `/api/${path}`)).status]).toEqual([path, 403]);
    const acts = ["payments", "card", "upi", "validations", "write-off", "debt", "debt/collect", "refunds"];
    const changes = ["lost-ticket", "entry-time", "vehicle", "penalties", "ticket/print", "void"];
    for (const path of [
      "stays",
      ...[...acts, ...changes].map((act) => `stays/${stay_id}/${act}`),
      ...["cash", "vend", "reset", "hold", "turn", "identify"].map((act) => `lanes/exit/${act}`),
      "shift/open",
      "shift/move",
      "shift/close",
      "receipts/1/print",
      "modes",
      "counts",
      "passback/reset",
      `attempts/${id}/stop`,
      `attempts/${id}/vouch`,
      `alarms/${id}/ack`,
    ])
      expect([path, (await merchant.post(`/api/${path}`, because("let me"))).status]).toEqual([path, 403]);
  });
});

/** Another number that fits where this one does. */
const next = (number: number): number => (number === 0 ? 1 : number - 1);

describe("hostile codes", SLOWLY, () => {
  it("are refused at the exit with the reason on the display and an alarm, and a genuine ticket works after them", async () => {
    const site = await setUpPaySite({ tariff: TARIFF, extras: ["ticket-printer"] });
    const { exit, scanner } = site;
    const ticket = await driveInWithTicket(site, 1);
    const genuine = readCode(ticket.code);
    if (genuine.kind !== "code") throw new Error("the ticket has no code of ours");
    const { privateKey } = generateKeyPairSync("ed25519");
    const forge = (change: Partial<CodePayload>): string => {
      const bytes = packPayload({ ...genuine.payload, ...change });
      return writeCode(bytes, sign(null, bytes, privateKey));
    };
    const { serial, keyId, facility } = genuine.payload;
    const altered = writeCode(packPayload({ ...genuine.payload, serial: next(serial) }), genuine.signature);
    const hostile: readonly (readonly [string, RegExp])[] = [
      [forge({ facility: next(facility) }), /another car park/],
      [forge({ serial: next(serial) }), /not genuine/],
      [altered, /not genuine/],
      [forge({ keyId: next(keyId) }), /not known here/],
      ["PKM-ZZZZZZZZ", /No stay found/],
      ["https://example.org/pay", /No stay found/],
    ];
    for (const [text, words] of hostile) {
      // Each is another driver, so that none hides behind the one before.
      await exit.arrive();
      await site.show(text);
      await exit.until("the refusal", ({ display }) => words.test(display));
      await site.exitSays(words);
      await exit.barrier.cover("arming", false);
      await exit.until("the exit to be at rest", ({ state }) => state === "IDLE");
    }
    const refused = site.alarms().filter(({ kind }) => kind === "code_refused");
    expect(refused.map(({ lane, detail }) => `${lane}: ${detail}`)).toEqual([
      "exit: This code is for another car park.",
      "exit: This code is not genuine.",
      "exit: This code is not genuine.",
      "exit: Code not known here: key in the number.",
    ]);
    expect(exit.barrier.openings()).toBe(0);

    // Noise on the line, then the real ticket.
    await exit.arrive();
    for (const deed of ["garbage", "cut 1", "scan PKM-CUT", `bytes ${"1b5b41000d".repeat(200)}`])
      await scanner.do(deed);
    await site.show("A".repeat(5_000));
    await site.show(ticket.code);
    await asks(site, 200);
    expect(site.rows("select count(*) as n from stays")).toEqual([{ n: 1 }]);
  });
});
