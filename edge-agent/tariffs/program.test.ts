import { readFileSync, writeFileSync } from "node:fs";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  newFolder,
  newMint,
  openStore,
  recordsOf,
  START_MS,
  turn,
  type Folder,
} from "../store/testing/gate-db.ts";
import { runTariff } from "./program.ts";

const HOUR_MS = 3_600_000;
const CONFIG = `facility: { id: x, time_zone: Europe/Berlin, currency: EUR }
data_dir: ./data
mqtt: { password_file: ./not-here }
`;
const CITY = `name: Harbour <Square>
dynamic:
  bands:
    - name: Day
      windows: [{ days: [mon, tue, wed, thu, fri], from: "07:00", to: "19:00" }]
      hourly: { price: "2.50" }
      max: 15
    - { name: Night, flat: { price: 3 } }
day: { kind: calendar, cap: 18 }
vehicle_types: { motorcycle: { percent: 50 } }
graces: { turnaround_minutes: 10 }
penalties: { bay: { title: Wrong bay, price: 25 } }
passes: { night: { name: Night owl, windows: [{ from: "18:00", to: "08:00" }], quota_minutes: 6000, period: month } }
surcharges: [{ name: Charging, when: { ev: true }, amount: 2 }]
holidays: ["2026-12-25"]
lost_ticket: { true_time: { fee: 10, otherwise: 40 } }
tax: { name: VAT, percent: 19 }
`;

let folder: Folder;
beforeEach(() => {
  folder = newFolder();
  writeFileSync(folder.path("edge.yaml"), CONFIG);
  writeFileSync(folder.path("city.yaml"), CITY);
});
afterEach(() => {
  folder.remove();
});

/** What the program says, in the folder of the test: `@name` is a file in it. */
function run(line: string, config = "@edge.yaml") {
  const clock = { wallMs: () => START_MS, monotonicMs: () => 0 };
  let [said, complaint] = ["", ""];
  const inFolder = (word: string): string => (word.startsWith("@") ? folder.path(word.slice(1)) : word);
  const words = line.split(" ").map((word) => inFolder(word.replace("_", " ")));
  const code = runTariff(words, inFolder(config), clock, {
    out: (text) => void (said += text),
    complain: (text) => void (complaint += text),
  });
  return { code, said, complaint };
}

describe("parkme-edge tariff", () => {
  it("checks a file: what it is, or every problem with its line", () => {
    const good = run("check @city.yaml");
    expect(good).toMatchObject({ code: 0, complaint: "" });
    expect(good.said).toContain("is valid: Harbour <Square> (draft, version 1), in EUR");
    writeFileSync(
      folder.path("bad.yaml"),
      "id: a\nversion: 1\ndocument:\n  flat: { price: -1 }\n  speed: 2\n",
    );
    const bad = run("check @bad.yaml");
    expect(bad).toMatchObject({ code: 1, said: "" });
    expect(bad.complaint.split("\n").slice(0, 2)).toEqual([
      expect.stringMatching(/bad\.yaml:4: document has keys that are not known: "speed"$/),
      expect.stringMatching(/bad\.yaml:4: document\.flat\.price must not be negative$/),
    ]);
    expect(JSON.parse(run("check @bad.yaml --json").said)).toMatchObject({
      valid: false,
      problems: [{ line: 4 }, { line: 4, path: "document.flat.price" }],
    });
  });

  it("shows what a tariff means, in words", () => {
    expect(run("show @city.yaml").said).toBe(`Harbour <Square> (draft, version 1; EUR, Europe/Berlin)
Time
  Day (Mon-Fri 07:00-19:00): 2.50 for each 1 h begun, at most 15.00 at a time
  Night: 3.00 once
  at most 18.00 for each day from midnight to midnight
Vehicle motorcycle
  Day (Mon-Fri 07:00-19:00): 1.25 for each 1 h begun, at most 7.50 at a time
  Night: 1.50 once
  at most 9.00 for each day from midnight to midnight
Passes
  night: Night owl, every day 18:00-08:00, 100 h each month
Free time
  a stay of up to 10 min is free
  15 min to leave after paying
Surcharges and rebates
  Charging: 2.00 (electric)
Fees
  before a reserved time: free
  after a reserved time: as any time
  a lost ticket: 10.00 on top of the time, or 40.00 where nothing proves it
  Wrong bay (bay): 25.00
Holidays
  2026-12-25
Tax
  VAT 19 %, included in all prices
A newer version
  leaves stays alone that have begun
`);
  });

  it("previews the price by length, as a table, a curve and JSON", () => {
    const line = "preview @city.yaml --entry 2026-11-23_17:30 --hours 5 --vehicle motorcycle";
    const { code, said } = run(line);
    expect(code).toBe(0);
    expect(said).toContain("a stay that begins 2026-11-23 17:30");
    expect(said).toContain(`Length            Until              EUR
up to 10 min      Mon 23 Nov 17:40  0.00
up to 1 h         Mon 23 Nov 18:30  1.25
up to 1 h 30 min  Mon 23 Nov 19:00  2.50
up to 5 h         Mon 23 Nov 22:30  4.00
`);
    expect(said).toContain(" ┌──────");
    expect(JSON.parse(run(`${line} --json`).said)).toMatchObject({
      entry: "2026-11-23T16:30:00.000Z",
      horizon_minutes: 300,
      steps: [{ total_minor: 0 }, { from_minutes: 10, until_minutes: 60, total_minor: 125 }, {}, {}],
    });
  });

  it("draws the curve: a whole SVG document with nothing of the tariff's name taken for markup", () => {
    const drawn = run("preview @city.yaml --entry 2026-11-23_08:00 --hours 48 --svg @out.svg");
    expect(drawn.code).toBe(0);
    const svg = readFileSync(folder.path("out.svg"), "utf8");
    expect(XMLValidator.validate(svg)).toBe(true);
    const { svg: root } = new XMLParser({ ignoreAttributes: false }).parse(svg) as {
      svg: { title: string; text: { "#text": string | number }[]; path: { "@_d": string }[] };
    };
    expect(root.title).toBe("Harbour <Square>: price by length of stay");
    const words = root.text.map((text) => String(text["#text"]));
    expect(words).toEqual(expect.arrayContaining(["Price in EUR", "Tue 24 Nov", "Wed 25 Nov", "12 h", "18"]));
    expect(root.path[1]?.["@_d"]).toMatch(/^M84 410H[\d.]+(V[\d.]+H[\d.]+){10,}$/);
    expect(run("preview @city.yaml --svg @nowhere/out.svg").complaint).toMatch(/cannot be written: ENOENT/);
  });

  it("prices one stay and says why", () => {
    const { said } = run(
      "price @city.yaml --entry 2026-11-23_08:00 --exit 2026-11-23_20:30 --penalty bay --ev --lost proven",
    );
    expect(said).toContain("12 h 30 min by Harbour <Square> (draft, version 1)");
    expect(said).toContain("Wrong bay = 25.00");
    expect(said).toMatch(/Total 55\.00 EUR\n$/);
    const json = JSON.parse(
      run("price @city.yaml --entry 2026-11-23_08:00 --exit 2026-11-23_09:00 --json").said,
    ) as { total_minor: number; trace: { amount_minor: number }[] };
    expect(json.total_minor).toBe(250);
    expect(json.trace.reduce((sum, { amount_minor }) => sum + amount_minor, 0)).toBe(250);
  });

  it("compares two versions over the stays of a gate that is running", () => {
    const mint = newMint();
    const records = recordsOf(mint);
    const { store } = openStore(folder.path("gate.db"), mint);
    for (const [i, hours] of [1, 2, 5].entries()) {
      const stay = records.stay(`BAB ${i}`, START_MS);
      const leaves = { wallMs: START_MS + hours * HOUR_MS, monotonicMs: 0 };
      store.commit(turn([records.started(stay), records.moved("in", stay.stayId)]));
      store.commit(turn([records.moved("out", stay.stayId)], { lane: "exit", now: leaves }));
    }
    store.commit(turn([records.started(records.stay("B IN 1", START_MS))]));
    writeFileSync(folder.path("old.json"), '{ "name": "Old", "flat": { "price": 5 } }');
    writeFileSync(folder.path("new.json"), '{ "name": "New", "hourly": { "price": 2 } }');
    const { code, said } = run(`diff @old.json @new.json --data ${folder.path("")}`);
    store.close();
    expect(code).toBe(0);
    expect(said).toMatch(
      /^Stays +3\nOld \(draft, version 1\) +15\.00\nNew .* 16\.00\nDifference +\+1\.00 {2}\(\+6\.7 %\)\n/,
    );
    expect(said).toMatch(/Dearer +1 {2}by \+5\.00 at most \(PKM-/);
    expect(said).toMatch(/Cheaper +2 {2}by -3\.00 at most/);
    expect(said.match(/^PKM-/gm)).toHaveLength(3);
  });

  it("compares two versions over the stays of a file", () => {
    writeFileSync(folder.path("old.json"), '{ "flat": { "price": 5 } }');
    const stays = [
      { name: "a", entry: "2026-11-23 08:00", exit: "2026-11-23 11:00" },
      { entry: "2026-11-22 08:00", exit: "2026-11-22 11:00", vehicle: "motorcycle" },
    ];
    writeFileSync(folder.path("stays.json"), JSON.stringify(stays));
    const { said } = run("diff @old.json @city.yaml --stays @stays.json --json");
    expect(JSON.parse(said)).toMatchObject({
      stays: 2,
      before_minor: 1_000,
      after_minor: 900,
      rows: [{ name: "a", difference_minor: 250 }, { difference_minor: -350 }],
    });
  });

  it("needs no configuration where it is told the currency and the time zone", () => {
    const told = run("check @city.yaml --currency EUR --time-zone UTC", "@nowhere.yaml");
    expect(told.code).toBe(0);
    expect(run("check @city.yaml", "@nowhere.yaml").complaint).toMatch(/^give --currency and --time-zone/);
  });

  it.each([
    ["check", /^parkme-edge tariff:/],
    ["guess @city.yaml", /^parkme-edge tariff:/],
    ["check @city.yaml @city.yaml", /^parkme-edge tariff:/],
    ["check @city.yaml --fast", /Unknown option '--fast'/],
    ["check @nowhere.yaml", /nowhere\.yaml cannot be read: ENOENT/],
    ["check @city.yaml --currency euro --time-zone UTC", /"euro" is not an ISO 4217 code/],
    ["check @city.yaml --currency CHF --time-zone Mars", /"Mars" is not an IANA time zone/],
    ["preview @city.yaml --hours 0", /--hours must be a whole number/],
    ["preview @city.yaml --entry noon", /--entry must be a time such as/],
    ["price @city.yaml --entry 2026-11-23", /--exit must be a time such as/],
    ["price @city.yaml --entry 2026-11-23 --exit 2026-11-24 --lost yes", /--lost must be proven or unproven/],
    ["price @city.yaml --entry 2026-11-23 --exit 2026-11-24 --occupancy full", /--occupancy must be/],
    ["diff @city.yaml @city.yaml --data @nowhere", /gate\.db is not there/],
    ["diff @city.yaml @city.yaml --stays @city.yaml", /is not JSON/],
  ])("%s is answered with what is wrong", (line, expected) => {
    const { code, said, complaint } = run(line);
    expect([code, said]).toEqual([1, ""]);
    expect(complaint).toMatch(expected);
  });

  it("has a help", () => {
    expect(run("--help")).toMatchObject({
      code: 0,
      complaint: "",
      said: expect.stringContaining("preview FILE"),
    });
  });
});
