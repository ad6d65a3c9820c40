import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConfig } from "./load.ts";
import { changed, createSite, lineOf, type Site } from "./testing/site.ts";

let site: Site;
beforeAll(() => {
  site = createSite();
});
afterAll(() => site.remove());

const INLINE = `tariff:
  id: standard
  version: 1
  document:
    slabs:
      - { max_hours: 1, price: 5 }
      - { max_hours: 3, price: 12 }
      - { max_hours: null, price: 30 }
`;
const withTariff = (section: string) => changed([INLINE, section]);

function tariffOf(section: string) {
  const parsed = parseConfig(withTariff(section), site.folder);
  return parsed.ok ? parsed.value.tariff : parsed.error;
}

describe("the tariff of a configuration", () => {
  it("may be a file of its own, beside it", () => {
    expect(tariffOf("tariff: { file: ./tariffs/now.json }\n")).toEqual({
      kind: "file",
      path: join(site.folder, "tariffs", "now.json"),
    });
  });

  it("comes into force when it is taken, or at a time of the facility's clocks", () => {
    const at = (from: string) =>
      `tariff: { id: a, version: 2, valid_from: "${from}", document: { flat: { price: 1 } } }\n`;
    expect(tariffOf(at("2026-12-01 00:00"))).toMatchObject({
      offer: { fromMs: Date.UTC(2026, 10, 30, 23), document: '{"flat":{"price":1}}' },
    });
    expect(tariffOf(at("2026-12-01T00:00:00Z"))).toMatchObject({ offer: { fromMs: Date.UTC(2026, 11, 1) } });
    expect(tariffOf(INLINE)).toMatchObject({ offer: { fromMs: null } });
  });

  it.each([
    ["both a file and a document", "tariff: { file: a.json, id: a }\n", /^tariff names a file, or has/],
    ["nothing", "tariff: {}\n", /^tariff\.document is missing/],
    [
      "a time that is none",
      "tariff: { id: a, version: 1, valid_from: soon, document: { flat: { price: 1 } } }\n",
      /^tariff\.valid_from must be a time such as/,
    ],
    [
      "a day that there is not",
      'tariff: { id: a, version: 1, valid_from: "2026-02-30", document: { flat: { price: 1 } } }\n',
      /^tariff\.valid_from must be/,
    ],
    ["a version of nothing", "tariff: { id: a, version: 0, document: {} }\n", /^tariff\.version /],
    [
      "a currency that is not the facility's",
      "tariff: { id: a, version: 1, document: { currency: CHF, flat: { price: 1 } } }\n",
      /^tariff\.document\.currency is not the currency of this facility, which is EUR/,
    ],
    [
      "a gap between bands",
      `tariff: { id: a, version: 1, document: { dynamic: { bands: [{ name: Day, windows: [{ from: "08:00" }], flat: { price: 1 } }] } } }\n`,
      /^tariff\.document\.dynamic\.bands\.0\.windows must be left out/,
    ],
  ])("with %s is refused, with its line", (_what, section, expected) => {
    const text = withTariff(section);
    const at = `edge.yaml:${lineOf(text, "tariff:")}: `;
    const problems = site.problemsOf(text);
    expect(problems.map((problem) => problem.replace(at, ""))).toContainEqual(
      expect.stringMatching(expected),
    );
  });
});
