import { describe, expect, it } from "vitest";
import { parseSnapshot } from "./snapshot.ts";

const FACILITY = {
  slug: "demo",
  name: "Harbour Square",
  time_zone: "Europe/Berlin",
  currency: "EUR",
  minor_digits: 2,
  capacity: 120,
};
const SNAPSHOT = {
  at: "2025-11-22T11:00:05.250Z",
  facility: FACILITY,
  inside: 47,
  held: 0,
  today: { in: 213, out: 166, cash_minor: 124_050, card_minor: 0 },
  cloud: {
    connected: true,
    pending_events: 0,
    last_ack_at: null,
    state: "linked",
    detail: null,
    manifest: null,
    manifest_refused: null,
  },
  lanes: [],
  alarms: [],
  alarms_waiting: 0,
  modes: [],
  zones: [],
  devices: [],
  lists: null,
  movements: [],
};
const parse = (changes: object) => parseSnapshot(JSON.stringify({ ...SNAPSHOT, ...changes }));

describe("a snapshot at the page's door", () => {
  it("comes in with its time and its currency", () => {
    const parsed = parse({});
    expect(parsed.ok && parsed.value).toMatchObject({ inside: 47, atMs: 1763809205250, currency: "EUR" });
  });

  it.each([
    ["text that is not JSON", () => parseSnapshot("{"), "not JSON"],
    [
      "a wrong field, by its name",
      () => parse({ today: { in: 1, out: 2.5, cash_minor: 3, card_minor: 0 } }),
      "today.out",
    ],
    ["an unknown lane state", () => parse({ lanes: [{ lane: "entry", state: "DANCING" }] }), "lanes.0"],
    [
      "more movements than agreed",
      () => parse({ movements: Array.from({ length: 21 }, () => ({})) }),
      "movements",
    ],
    [
      "a time zone unknown here",
      () => parse({ facility: { ...FACILITY, time_zone: "Mars/Olympus" } }),
      "Mars/Olympus",
    ],
    ["a currency that is none", () => parse({ facility: { ...FACILITY, currency: "euro" } }), "euro"],
    ["a flood", () => parse({ pad: "x".repeat(600_000) }), "too long"],
  ])("is turned away for %s", (_why, run, words) => {
    const parsed = run();
    expect(parsed.ok ? "accepted" : parsed.error).toContain(words);
  });
});
