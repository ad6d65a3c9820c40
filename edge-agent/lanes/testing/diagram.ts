import { LANE_STATES, type LaneDirection, type LaneState } from "@parkme/shared/domain/lane";
import type { LaneEventKind } from "../machine/model.ts";
import type { RowStory } from "./row-story.ts";

/** LANES.md: what the lane machines do, drawn from what they were seen doing. */

/** Transitions that were taken: from a state, by an event, to another state. */
export type Transitions = Map<string, Set<LaneEventKind>>;

/** Events that lead out of nearly every state to the same one are said in words, not drawn. */
const SAID_IN_WORDS: Readonly<Partial<Record<LaneEventKind, readonly LaneState[]>>> = {
  lost: ["UNKNOWN"],
  stale: ["DEGRADED", "HELD_OPEN", "STOPPED"],
  stop_on: ["STOPPED"],
  fire_on: ["HELD_OPEN"],
  key_on: ["HELD_OPEN"],
  hold: ["HELD_OPEN"],
  mode: ["HELD_OPEN"],
  arm_left_closed: ["UNKNOWN"],
};

export function note(taken: Transitions, from: LaneState, event: LaneEventKind, to: LaneState): void {
  if (from === to || SAID_IN_WORDS[event]?.includes(to) === true) return;
  const key = `${from} --> ${to}`;
  const events = taken.get(key) ?? new Set();
  taken.set(key, events.add(event));
}

function byState(a: string, b: string): number {
  const place = (key: string): number => {
    const [from = "", to = ""] = key.split(" --> ");
    return LANE_STATES.indexOf(from as LaneState) * 100 + LANE_STATES.indexOf(to as LaneState);
  };
  return place(a) - place(b);
}

function diagram(taken: Transitions): string {
  const arrows = [...taken.keys()]
    .toSorted(byState)
    .map((key) => `  ${key} : ${[...(taken.get(key) ?? [])].toSorted().join(", ")}`);
  return ["```mermaid", "stateDiagram-v2", "  direction TB", "  [*] --> UNKNOWN", ...arrows, "```"].join(
    "\n",
  );
}

/** A test and the file it is in. */
export type NamedTest = { readonly file: string; readonly title: string };

/** Tests that name a row or an edge case in their title, out of the text of a test file. */
export function namedTests(file: string, source: string): NamedTest[] {
  const titles = source.matchAll(/\b(?:it|describe)(?:\.each\([^"]*?\))?\(\s*"((?:[^"\\]|\\.)*)"/gs);
  return [...titles]
    .map(([, title = ""]) => ({ file, title }))
    .filter(({ title }) => /^(?:rows? \d+|edge case \d+)/.test(title));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function rowsTable(rows: readonly RowStory[], tests: readonly NamedTest[]): string {
  const lines = rows.map(({ row, text, cells }) => [
    String(row),
    text,
    cells.map(([state, event, next]) => `\`${state}\` × ${event} → \`${next}\``).join("<br>"),
    [`rows.test.ts: row ${row}: ${text}`, ...tests.filter(isOf("row", row)).map(titleOf)].join("<br>"),
  ]);
  return table(["row", "what it says", "cells", "tests"], lines);
}

function edgeCasesTable(tests: readonly NamedTest[]): string {
  const numbers = tests.flatMap(({ title }) => /^edge case (\d+)/.exec(title)?.[1] ?? []).map(Number);
  const lines = [...new Set(numbers)]
    .toSorted((a, b) => a - b)
    .map((n) => [String(n), tests.filter(isOf("edge case", n)).map(titleOf).join("<br>")]);
  return table(["edge case", "tests"], lines);
}

const isOf =
  (what: string, n: number) =>
  ({ title }: NamedTest): boolean =>
    new RegExp(`^${what}s? (?:\\d+ and )?${n}\\b`).test(title);

const titleOf = ({ file, title }: NamedTest): string => `${file}: ${title}`;

export type LaneDocument = {
  readonly taken: Readonly<Record<LaneDirection, Transitions>>;
  readonly rows: readonly RowStory[];
  readonly tests: readonly NamedTest[];
};

export function lanesDocument({ taken, rows, tests }: LaneDocument): string {
  return `# The lanes

Written by \`testing/diagram.ts\` from what the lane machines do in the stories of their property tests; \`lanes-md.test.ts\` fails when this file is not what they do. To write it anew: \`npx vitest run --project unit edge-agent/lanes/lanes-md.test.ts -u\`.

A lane is a table of every state by every event (\`machine/model.ts\`; the compiler refuses a table with a hole). A cell is a function, \`ignored\` (normal, of no consequence here) or \`unexpected\` (cannot happen unless something is broken; counted and logged). What each cell does is listed in \`testing/cell-table.ts\` and \`testing/cell-table-open.ts\`, and \`machine/cells.test.ts\` tries every one.

From every state, and therefore not drawn: the board is silent (\`lost\`) → UNKNOWN; a sensor is dead (\`stale\`) → DEGRADED, or HELD_OPEN where that is the site's policy; STOP → STOPPED; fire, key switch, an attendant's hold or the mode for events → HELD_OPEN; the arm leaves its closed limit without a command → UNKNOWN. HELD_OPEN, STOPPED and FAULT are left by a person's reset, HELD_OPEN also by the end of what holds it; there a silent board or a dead sensor only raises its alarm, and in STOPPED so does fire.

## Entry

${diagram(taken.entry)}

## Exit

${diagram(taken.exit)}

What a vehicle owes may change elsewhere while it waits: paid by phone, validated, amended (\`due_changed\`). The lane asks anew and judges: nothing due opens; another amount is shown and taken. A card that may be charged meanwhile is charged for no more than is due: with as much or more due the charge goes on and the rest is asked for afterwards; with less it is given up, and given back if it comes all the same. While a card may be charged for its stay at another lane, a pay station or the desk, it waits in DENIED: nothing is taken here until that is settled, and an attendant may let it out. An attendant may say which stay the vehicle at the arm is (\`identify\`): that word goes before plates and what was shown earlier, and is written down with name and reason.

## Reversible

A reversible lane is both: in every cell it has the entry's or the exit's, by its direction, and it turns in IDLE with all loops clear. It takes the loop on the side that vehicles come from as the arming loop, and the other as the closing loop.

## Rows

The rows of the lane table, the cells that are them, and the tests that name them.

${rowsTable(rows, tests)}

## Edge cases

${edgeCasesTable(tests)}
`;
}
