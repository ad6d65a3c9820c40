import { LANE_INPUTS, type LaneInput } from "@parkme/shared/domain/lane";
import type { LaneCommand, LoopCounts } from "@parkme/shared/domain/gate-record";
import type { InputImage } from "../machine/step.ts";

export type Levels = Partial<Record<LaneInput, boolean>>;

/** What the arm needs to leave a limit, and to reach the other one. */
const ARM_LEAVES_MS = 100;
const ARM_MOVES_MS = 900;

const COUNTED = ["arming", "safety", "closing"] as const;

/** A board of switches: the inputs of one lane, with the counters some boards have. */
export function createSwitchBoard(wired: ReadonlySet<LaneInput>, hasCounters: boolean) {
  const levels = Object.fromEntries(LANE_INPUTS.map((input) => [input, false])) as Record<LaneInput, boolean>;
  levels.closed_limit = true;
  let boot = 1;
  let counts: Omit<LoopCounts, "boot"> = { arming: 0, safety: 0, closing: 0 };
  let missing: LaneInput | null = null;
  return {
    levels: levels as Readonly<typeof levels>,
    set: (patch: Levels): void => {
      for (const input of COUNTED)
        if (patch[input] === true && !levels[input]) counts = { ...counts, [input]: counts[input] + 1 };
      Object.assign(levels, patch);
    },
    /** Leaves one input out of the image. */
    miss: (input: LaneInput | null): void => {
      missing = input;
    },
    reboot: (): void => {
      boot += 1;
      counts = { arming: 0, safety: 0, closing: 0 };
    },
    image: (): InputImage => ({
      levels: Object.fromEntries(
        [...wired].filter((input) => input !== missing).map((input) => [input, levels[input]]),
      ),
      counts: hasCounters ? { boot: String(boot), ...counts } : null,
      missing: missing === null || !wired.has(missing) ? null : `${missing} is not reported`,
    }),
  };
}

/** An arm that does as it is told, in its own time; or not at all. */
export function createArm(obeys: boolean) {
  let plan: readonly { readonly atMs: number; readonly levels: Levels }[] = [];
  return {
    obey: (does: boolean): void => {
      obeys = does;
      plan = [];
    },
    command: (
      action: LaneCommand["action"],
      levels: Readonly<Record<LaneInput, boolean>>,
      nowMs: number,
    ): void => {
      if (!obeys) return;
      if (action === "stop") {
        plan = [];
        return;
      }
      const [from, to] =
        action === "open"
          ? (["closed_limit", "open_limit"] as const)
          : (["open_limit", "closed_limit"] as const);
      plan = levels[to]
        ? []
        : [
            { atMs: nowMs + ARM_LEAVES_MS, levels: { [from]: false } },
            { atMs: nowMs + ARM_MOVES_MS, levels: { [to]: true } },
          ];
    },
    nextMs: (): number => plan[0]?.atMs ?? Infinity,
    /** The next limit it leaves or reaches. */
    move: (): Levels => {
      const [next] = plan;
      plan = plan.slice(1);
      return next?.levels ?? {};
    },
  };
}
