import type { Entry } from "../journal.ts";
import type { Schedule } from "../schedule.ts";
import { History } from "./history.ts";
import type { Listeners } from "./listeners.ts";
import type { EndState, MakeRule } from "./rule.ts";
import { booksBalance } from "./rules/books-balance.ts";
import { capacity } from "./rules/capacity.ts";
import { cards } from "./rules/cards.ts";
import { cash } from "./rules/cash.ts";
import { cloudAnswers } from "./rules/cloud-answers.ts";
import { commands } from "./rules/commands.ts";
import { count } from "./rules/count.ts";
import { edgeEqualsCloud } from "./rules/edge-equals-cloud.ts";
import { noArmOnAVehicle } from "./rules/no-arm-on-a-vehicle.ts";
import { nobodyTrapped } from "./rules/nobody-trapped.ts";
import { oneOpening } from "./rules/one-opening.ts";
import { passagesRecorded } from "./rules/passages-recorded.ts";
import { prices } from "./rules/prices.ts";
import { tickets } from "./rules/tickets.ts";
import { whoseStay } from "./rules/whose-stay.ts";
import type { RuleName, Violation } from "./violation.ts";

/** Judges a history while it happens, and what stands on the disks when it is over. */
export type Checker = {
  /** @returns what this entry shows to be wrong: mostly nothing. */
  readonly tell: (entry: Entry) => readonly Violation[];
  /** @returns what is wrong in the end, each rule's first few. */
  readonly end: (state: EndState) => readonly Violation[];
};

const RULES: Readonly<Record<RuleName, MakeRule>> = {
  "no-arm-on-a-vehicle": noArmOnAVehicle,
  "one-opening-one-passage": oneOpening,
  "passages-recorded": passagesRecorded,
  "nobody-trapped": nobodyTrapped,
  count,
  prices,
  "whose-stay": whoseStay,
  cash,
  cards,
  "books-balance": booksBalance,
  "edge-equals-cloud": edgeEqualsCloud,
  "cloud-answers": cloudAnswers,
  capacity,
  commands,
  tickets,
};

/** Where one rule is broken everywhere, a few of its violations tell it as well. */
const MOST_OF_ONE_RULE = 10;
const NOTHING: readonly Violation[] = [];

type Hears = (entry: Entry) => void;

/** @param only the rules to judge by; all, where it is left out. */
export function createChecker(schedule: Schedule, only?: readonly RuleName[]): Checker {
  const history = new History(schedule);
  const found: Violation[] = [];
  const counts = new Map<RuleName, number>();
  const rules = Object.entries(RULES)
    .filter(([name]) => only === undefined || only.some((one) => one === name))
    .map(([name, make]) => {
      const rule = name as RuleName;
      return make({
        schedule,
        history,
        accuse: (accusation) => {
          const before = counts.get(rule) ?? 0;
          counts.set(rule, before + 1);
          if (before < MOST_OF_ONE_RULE) found.push({ rule, ...accusation });
        },
      });
    });
  const heard = hearersOf([
    history.troubles.listeners,
    history.listeners,
    ...rules.map(({ on }) => on ?? {}),
  ]);
  const taken = (): readonly Violation[] => (found.length === 0 ? NOTHING : found.splice(0));
  return {
    tell: (entry) => {
      for (const hear of heard.get(entry.kind) ?? []) hear(entry);
      return taken();
    },
    end: (state) => {
      for (const rule of rules) rule.end?.(state);
      return taken();
    },
  };
}

/** Who wants to hear of which kind of entry; the history before the rules. */
function hearersOf(listeners: readonly Listeners[]): ReadonlyMap<Entry["kind"], readonly Hears[]> {
  const heard = new Map<Entry["kind"], Hears[]>();
  for (const one of listeners)
    for (const [kind, hear] of Object.entries(one) as [Entry["kind"], Hears][])
      heard.set(kind, [...(heard.get(kind) ?? []), hear]);
  return heard;
}
