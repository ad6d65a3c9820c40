import type { Schedule } from "../schedule.ts";
import type { CloudRows } from "./cloud-rows.ts";
import type { EdgeRows } from "./edge-rows.ts";
import type { History } from "./history.ts";
import type { Listeners } from "./listeners.ts";
import type { Violation } from "./violation.ts";

/** What there is when all faults are healed, the lanes are empty and the link has drained. */
export type EndState = {
  readonly step: number;
  readonly atMs: number;
  readonly edge: EdgeRows;
  /** Null where the gate has no cloud. */
  readonly cloud: CloudRows | null;
};

/** A rule holds, or says what broke it. */
export type Rule = {
  readonly on?: Listeners;
  readonly end?: (state: EndState) => void;
};

export type Accusation = Omit<Violation, "rule">;

/** What rules are made of. `accuse` is bound to the rule's own name. */
export type RuleParts = {
  readonly schedule: Schedule;
  readonly history: History;
  readonly accuse: (accusation: Accusation) => void;
};
export type MakeRule = (parts: RuleParts) => Rule;
