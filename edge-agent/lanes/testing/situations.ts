import fc from "fast-check";
import { expect } from "vitest";
import { SENSOR_INPUTS, type LaneDirection, type LaneInput, type LaneKind } from "@parkme/shared/domain/lane";
import type { LaneConfig, Right } from "../machine/model.ts";
import type { Site } from "./answers.ts";
import { createBook } from "./book.ts";
import { happenings, type Happening } from "./chaos.ts";
import { contradictions } from "./consistency.ts";
import { ALL_INPUTS, createBench, creditOf, laneConfig, type Bench, type Watch } from "./lane-bench.ts";
import { createMoneyWatch } from "./money-watch.ts";
import { createWatchdog } from "./watchdog.ts";

/** Lanes of all sorts, and what happens to them. */

const FEWER_INPUTS: readonly LaneInput[] = ["arming", "safety", "closed_limit"];
const NO_CLOSING: readonly LaneInput[] = ALL_INPUTS.filter((input) => input !== "closing");

export type Situation = {
  readonly kind: LaneKind;
  readonly direction: LaneDirection;
  readonly wired: readonly LaneInput[];
  readonly counts: boolean;
  readonly inner: boolean;
  readonly ticket: LaneConfig["ticket"];
  readonly terminal: boolean;
  readonly policy: LaneConfig["policy"];
  readonly happenings: readonly Happening[];
};

export const situations: fc.Arbitrary<Situation> = fc.record({
  kind: fc.constantFrom<LaneKind>("entry", "exit", "exit", "reversible"),
  direction: fc.constantFrom<LaneDirection>("entry", "exit"),
  wired: fc.constantFrom(ALL_INPUTS, ALL_INPUTS, SENSOR_INPUTS, NO_CLOSING, FEWER_INPUTS),
  counts: fc.boolean(),
  inner: fc.constantFrom(false, false, false, true),
  ticket: fc.constantFrom<LaneConfig["ticket"]>("never", "no_plate", "always"),
  terminal: fc.boolean(),
  policy: fc.record({
    passback: fc.constantFrom<LaneConfig["policy"]["passback"]>("soft", "neutral", "hard"),
    printerFailure: fc.constantFrom<LaneConfig["policy"]["printerFailure"]>("admit", "deny"),
    outage: fc.constantFrom<LaneConfig["policy"]["outage"]>("hold", "open"),
  }),
  happenings,
});

const PERMIT: Right = { kind: "permit", id: "p-1", refused: null, room: true };
const EXPIRED: Right = { kind: "permit", id: "p-2", refused: "Expired", room: false };
const SITE: Partial<Site> = {
  rights: new Map([
    ["CARD-1", PERMIT],
    ["CARD-2", EXPIRED],
    ["MXY999", EXPIRED],
  ]),
  listed: new Map([["HHCD77", "watched"]]),
};

/** Plays it all, with everything watched that can be watched from outside. */
export function live({ happenings: story, ...situation }: Situation): Bench {
  const { counts, policy, ticket, terminal, inner } = situation;
  const kind = situation.kind;
  const direction = kind === "reversible" ? situation.direction : kind;
  // A reversible lane has a loop on either side.
  const wired = kind === "reversible" && !situation.wired.includes("closing") ? ALL_INPUTS : situation.wired;
  const book = createBook();
  const dog = createWatchdog({ ...laneConfig(kind, wired), inner });
  const money = createMoneyWatch(book, () => bench.site);
  const watch: Watch = {
    ...dog,
    turn: (beats, lane) => {
      dog.turn(beats, lane);
      // Within the facility nobody pays.
      if (!inner) money(beats);
      expect(book.forgotten(creditOf(lane)), "stays nobody knows the end of").toEqual([]);
    },
  };
  const zones = [{ zone: "level-2", by: 1 as const }];
  const bench: Bench = createBench({
    kind,
    direction,
    wired,
    counts,
    policy,
    book,
    watch,
    site: SITE,
    capacity: 1_000,
    lane: { ticket, terminal, inner, zones },
  });
  bench.devices.setPrinter("holds");
  bench.devices.setTerminal("approves");
  bench.parked("BAB1234", 7_200_000);
  bench.parked("HHCD77", 60_000);
  bench.see();
  for (const { act } of story) {
    act(bench);
    expect(contradictions(bench.lane(), bench.table, bench.config)).toEqual([]);
  }
  return bench;
}
