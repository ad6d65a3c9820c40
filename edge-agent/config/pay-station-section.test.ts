import { describe, expect, it } from "vitest";
import { checkPayStations, payStationsSection } from "./pay-station-section.ts";

const DEVICES = {
  readers: [{ name: "scanner" }, { name: "other-scanner" }],
  displays: [{ name: "display" }],
  terminals: [{ name: "cards" }, { name: "exit-cards" }],
  printers: [{ name: "receipts" }],
  lanes: [{ name: "exit" }],
};
const LOBBY = { name: "lobby", title: "Lobby", readers: ["scanner"], terminal: "cards" };

/** Paths and sentences; the exit has its own terminal. */
function problemsOf(...stations: readonly object[]): string[] {
  const taken = new Set(["terminals exit-cards"]);
  const problems: string[] = [];
  checkPayStations(
    { ...DEVICES, pay_stations: payStationsSection.parse(stations) },
    new Set(["desk"]),
    (section, name) => {
      const key = `${section} ${name}`;
      return taken.has(key) ? false : taken.add(key) !== undefined;
    },
    (path, message) => void problems.push(`${path.map(String).join(".")} ${message}`),
  );
  return problems;
}

describe("pay stations of a configuration", () => {
  it("may have a display and a printer, and need a reader and a terminal", () => {
    expect(problemsOf(LOBBY)).toEqual([]);
    expect(problemsOf({ ...LOBBY, display: "display", printer: "receipts" })).toEqual([]);
    for (const wrong of [{ readers: [] }, { terminal: undefined }, { pay_ms: 0 }])
      expect(payStationsSection.safeParse([{ ...LOBBY, ...wrong }]).success).toBe(false);
  });

  it("have devices that exist and serve no other place", () => {
    expect(problemsOf({ ...LOBBY, terminal: "attic", display: "attic" })).toEqual([
      "pay_stations.0.display is not one of the displays",
      "pay_stations.0.terminal is not one of the terminals",
    ]);
    expect(problemsOf({ ...LOBBY, terminal: "exit-cards" })).toEqual([
      "pay_stations.0.terminal serves another place already",
    ]);
    expect(problemsOf(LOBBY, { ...LOBBY, name: "roof", terminal: "exit-cards" })).toEqual([
      "pay_stations.1.readers.0 serves another place already",
      "pay_stations.1.terminal serves another place already",
    ]);
  });

  it("have names that are no lane's, no other station's and not the desk's", () => {
    const second = { ...LOBBY, readers: ["other-scanner"], terminal: "attic" };
    for (const name of ["exit", "desk"])
      expect(problemsOf({ ...LOBBY, name })).toEqual([
        "pay_stations.0.name is the name of another place already",
      ]);
    expect(problemsOf(LOBBY, second)).toContain("pay_stations.1.name is the name of another place already");
  });
});
