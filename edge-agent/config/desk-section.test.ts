import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { asCurrency } from "@parkme/shared/domain/money";
import { valueOf } from "./desk-section.ts";
import { changed, createSite, type Site } from "./testing/site.ts";

let site: Site;
beforeAll(() => {
  site = createSite();
});
afterAll(() => site.remove());

const EUR = asCurrency("EUR");
const OFFER = { name: "film", title: "Film" };

/** What is wrong with the full configuration with more sections in it, without places. */
function problems(more: string, ...changes: readonly (readonly [string, string])[]): string[] {
  return site
    .problemsOf(`${changed(...changes)}${more}\n`)
    .map((line) => line.replace(/^edge\.yaml(:\d+)?: /, ""));
}
const merchant = (offers: string, more = ""): string =>
  `merchants: [{ name: cinema, title: Cinema, pin_file: ./secrets/pin-alex${more}, offers: [${offers}] }]`;

describe("offers of merchants", () => {
  it.each([
    [{ minutes: 90 }, { kind: "minutes", minutes: 90 }],
    [{ amount: "2.50" }, { kind: "amount", minor: 250 }],
    [{ percent: 12.5 }, { kind: "percent", bps: 1_250 }],
    [{ percent: 100 }, { kind: "percent", bps: 10_000 }],
    [{ price: 0 }, { kind: "price", minor: 0 }],
    [{ plan: "guests" }, { kind: "plan", plan: "guests" }],
  ])("of %j take off %j", (what, value) => {
    expect(valueOf({ ...OFFER, ...what }, EUR)).toEqual({ ok: true, value });
  });

  it("are refused where they cannot be meant, in their place", () => {
    expect(problems(merchant("{ name: film, title: Film, amount: 2.505 }"))).toEqual([
      "merchants.0.offers.0.amount must be an amount of EUR, with no more decimals than that has",
    ]);
    expect(problems(merchant("{ name: film, title: Film, amount: 0 }"))).toEqual([
      "merchants.0.offers.0.amount must be more than nothing",
    ]);
    for (const percent of ["0", "100.01", "33.333", "-5", "'x'"]) {
      expect(problems(merchant(`{ name: film, title: Film, percent: ${percent} }`))).toEqual([
        "merchants.0.offers.0.percent must be more than 0 and at most 100, with two decimals at most",
      ]);
    }
    expect(problems(merchant("{ name: film, title: Film, amount: 1, percent: 10 }"))).toEqual([
      expect.stringContaining("must have exactly one of minutes, amount, percent, price and plan"),
    ]);
    expect(
      problems(merchant("{ name: a, title: A, minutes: 5 }, { name: a, title: B, minutes: 5 }")),
    ).toEqual(["merchants.0.offers.1.name is used twice"]);
  });

  it("need a PIN of their merchant, whose name no attendant has", () => {
    const offers = "{ name: film, title: Film, minutes: 60 }";
    expect(problems(merchant(offers, ", daily_limit: 20"))).toEqual([]);
    expect(problems(merchant(offers).replace("pin-alex", "pin-cinema"))).toEqual([
      "merchants.0.pin_file names a file that cannot be read: ENOENT",
    ]);
    expect(problems(merchant(offers).replace("name: cinema", "name: alex"))).toEqual([
      "merchants.0.name is used twice",
    ]);
  });
});

describe("UPI", () => {
  const upi = "upi: { payee: harbour@okbank, name: Harbour }";

  it("is for rupees only", () => {
    const rupees = ["currency: EUR", "currency: INR"] as const;
    expect(problems(upi, rupees)).toEqual([]);
    expect(problems(upi)).toEqual(["upi is for facilities whose currency is INR"]);
    expect(problems(upi.replace("@okbank", ""), rupees)).toEqual([
      "upi.payee must be a virtual payment address, name@handle",
    ]);
  });
});

describe("the desk", () => {
  it("has devices that serve no lane, and lanes have other names than the places of money", () => {
    const terminals =
      'terminals: [{ name: t, driver: zvt, tcp: "127.0.0.1:20007", password_file: ./secrets/zvt }]';
    expect(problems(`${terminals}\ndesk: { terminal: t, change_low_minor: 2000 }`)).toEqual([]);
    expect(problems("desk: { terminal: t }")).toEqual(["desk.terminal is not one of the terminals"]);
    expect(
      problems(`${terminals}\ndesk: { terminal: t }`, [
        "camera: exit-cam",
        "camera: exit-cam\n    terminal: t",
      ]),
    ).toEqual(["desk.terminal serves a lane already"]);
    expect(problems("", ["- name: exit\n", "- name: desk\n"])).toEqual([
      "lanes.1.name is the name of a place that is no lane",
    ]);
  });
});
