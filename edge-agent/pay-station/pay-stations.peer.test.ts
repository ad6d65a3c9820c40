import { join } from "node:path";
import { readFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { testClock } from "../devices/testing/context.ts";
import { until } from "../devices/testing/until.ts";
import { runReceipts } from "../receipts/program.ts";
import { MIGRATIONS, startStationSite } from "./testing/station-site.ts";

/** A pay station in a whole agent, with a simulated scanner, display, printer and card terminal, run as programs. */

const cleanup: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of cleanup.splice(0).toReversed()) await end();
});

async function startSite() {
  const site = await startStationSite();
  cleanup.push(site.stop);
  await site.says(/^Pay here \/ Show your ticket$/);
  return site;
}

async function receipts(config: string, ...words: readonly string[]) {
  const said: string[] = [];
  const say = (text: string): void => void said.push(text);
  const code = await runReceipts([...words, "--config", config], "none", testClock, MIGRATIONS, {
    out: say,
    complain: say,
  });
  return { code, text: said.join("") };
}

describe("a pay station", () => {
  it("takes what is due by card, prints a receipt with a link to it, and says until when to leave", async () => {
    const site = await startSite();
    const { ticketNumber } = site.parked("HHPM1234");
    await site.scan(ticketNumber);
    await site.says(/^To pay EUR 4\.50 \/ Insert your card$/);
    await site.terminal.tell("card approve");
    await site.says(/^Paid\. Thank you \/ Leave by \d\d:\d\d$/);
    expect(await site.balance()).toBe(450);

    await site.printed(1);
    const paper = JSON.stringify(site.receipts()[0]);
    for (const words of ["Harbour Parking GmbH", "RECEIPT", ticketNumber, "TOTAL", "Card"])
      expect(paper).toContain(words);
    const signed = site.store.receiptByNumber(1);
    expect(signed?.receipt).toMatchObject({
      amountMinor: 450,
      method: "card",
      place: "lobby",
      plate: "HHPM1234",
    });
    const path = `/r/${signed?.token ?? ""}`;
    expect(paper).toContain(`https://park.example${path}`);
    expect(await (await site.fetch(path)).text()).toContain("€ 4.50");
    const pdf = await site.fetch(`${path}.pdf`);
    expect([pdf.status, pdf.headers.get("content-type")]).toEqual([200, "application/pdf"]);

    // On the next scan it is paid, and nobody is asked for a card.
    await site.scan(ticketNumber);
    await site.says(/^Already paid \/ Leave by \d\d:\d\d$/);
    expect(await site.balance()).toBe(450);

    const folder = join(site.config, "..");
    expect(await receipts(site.config, "verify")).toEqual({
      code: 0,
      text: "1 receipts, 1 to 1: unbroken, and all signed by this facility\n",
    });
    const shown = await receipts(site.config, "show", "1", "--pdf", join(folder, "one.pdf"));
    expect(shown).toMatchObject({ code: 0, text: expect.stringMatching(/Paid now +€ 4\.50/) });
    expect(readFileSync(join(folder, "one.pdf"), "latin1").slice(0, 5)).toBe("%PDF-");
    expect((await receipts(site.config, "list")).text).toMatch(/^ +1 .*payment +4\.50 EUR +card/);
    expect((await receipts(site.config, "show", "2")).code).toBe(1);
  });

  it("asks what became of a payment whose line was cut after it was booked, and never charges it again", async () => {
    const site = await startSite();
    const { ticketNumber } = site.parked("HHPM1234");
    // A terminal that has no payment in its journal yet cannot tell a new one from it.
    await site.terminal.tell("pay 100");
    await site.terminal.tell("drop after");
    await site.terminal.tell("card approve");
    await site.scan(ticketNumber);
    await site.says(/^Paid\. Thank you/);
    await site.scan(ticketNumber);
    await site.says(/^Already paid/);
    expect(await site.balance()).toBe(550);
    expect(site.store.receiptByNumber(1)?.receipt.amountMinor).toBe(450);
    expect(site.store.receiptByNumber(2)).toBeNull();
  });

  it("never charges a stay again whose payment was under way when the agent was stopped, and serves others", async () => {
    const site = await startSite();
    const ada = site.parked("HHPM1234");
    const bob = site.parked("BAB1234");
    await site.scan(ada.ticketNumber);
    await site.says(/^To pay EUR 4\.50/);
    await site.restart();
    await site.says(/^Pay here/);
    // Nobody has put in a card, but the agent has no memory of what the terminal said.
    await until(() => site.alarms().includes("payment_in_doubt"), "the alarm", 60_000);
    await site.scan(ada.ticketNumber);
    await site.says(/^Payment not clear \/ Ask at the desk$/);

    await site.scan(bob.ticketNumber);
    await site.says(/^To pay EUR 4\.50/);
    await site.terminal.tell("card approve");
    await site.says(/^Paid\. Thank you/);
    expect(await site.balance()).toBe(450);
    expect(site.store.openAttempts("lobby")).toMatchObject([{ stayId: ada.stayId }]);
    expect(site.store.stayAccount(ada.stayId)?.creditedMinor).toBe(0);
  });

  it("refuses what it does not know, and lets a driver pay whose receipt cannot be printed", async () => {
    const site = await startSite();
    await site.scan("PKM-00000000");
    await site.says(/^Ticket not known/);
    await site.printer.tell("paper out");
    const { ticketNumber } = site.parked("HHPM1234");
    await site.scan(ticketNumber);
    await site.says(/^To pay EUR 4\.50/);
    await site.terminal.tell("card approve");
    await site.says(/^Paid\. Thank you/);
    expect(site.store.receiptByNumber(1)?.receipt.amountMinor).toBe(450);
    expect(site.receipts()).toEqual([]);
  });
});
