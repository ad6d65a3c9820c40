import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { asCurrency, formatDecimal } from "@parkme/shared/domain/money";
import { quote } from "@parkme/shared/pricing/quote";
import { momentOf } from "@parkme/shared/domain/moment";
import type { TariffOffer } from "@parkme/shared/pricing/tariff-offer";
import { parseAnyTariff } from "./tariff-file.ts";

/** The manual of tariffs: what it shows is read, and every price that it names is computed. */

const MANUAL = readFileSync(join(import.meta.dirname, "../../shared/pricing/TARIFFS.md"), "utf8");
const ZONE = "Europe/Berlin";
/** A rate at the beginning of a line: the whole document, or the version around it. */
const WHOLE = /^ *"?(flat|hourly|slabs|dynamic|document)"?:/m;

const blocks = [...MANUAL.matchAll(/```(yaml|json|text)\n([\s\S]*?)```/g)].map(([, kind, text = ""]) => ({
  kind,
  text,
}));

function offerOf(text: string): TariffOffer {
  // What shows only a part of a document is put beside a rate.
  const whole = WHOLE.test(text) ? text : `${text}flat: { price: 5 }\n`;
  const place = { currency: asCurrency("EUR"), timeZone: ZONE };
  const offer = parseAnyTariff(whole, place, { id: "manual", version: 1 });
  if (!offer.ok) throw new Error(describeProblems(text, offer.error));
  return offer.value;
}

const PRICE = /^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}) to (\d{4}-\d{2}-\d{2} \d{2}:\d{2})(?: (\w+))? = (\d+\.\d\d)$/;

it("has examples that are right, and prices that are what they cost", () => {
  let prices = 0;
  for (const [i, { kind, text }] of blocks.entries()) {
    if (kind !== "text") {
      expect(offerOf(text).tariff.name.length).toBeGreaterThan(0);
      continue;
    }
    const { tariff } = offerOf(blocks[i - 1]?.text ?? "");
    for (const line of text.trim().split("\n")) {
      const [, entry = "", exit = "", who = "car"] = PRICE.exec(line) ?? [];
      const [entryMs, exitMs] = [momentOf(entry, ZONE), momentOf(exit, ZONE)];
      if (entryMs === null || exitMs === null) throw new Error(`not a price: ${line}`);
      const stay = { entryMs, exitMs, ev: who === "ev", accessible: who === "accessible" };
      const priced = quote(tariff, { ...stay, vehicleType: stay.ev || stay.accessible ? "car" : who });
      const total = priced.ok ? formatDecimal(priced.value.total) : priced.error.message;
      expect(`${line.split(" = ")[0]} = ${total}`).toBe(line);
      prices += 1;
    }
  }
  expect(prices).toBeGreaterThan(25);
});
