import { LANE_STATES, type LaneState } from "@parkme/shared/domain/lane";
import { entryLane } from "./entry-lane.ts";
import { exitLane } from "./exit-lane.ts";
import type { LaneEventKind, LaneTable, Row } from "./machine/model.ts";

/** The reversible lane: an entry or an exit, by its direction. It turns at rest only, so no vehicle sees both. */

function bothRows(entry: Row, exit: Row): LaneTable[LaneState] {
  const kinds = Object.keys(entry) as LaneEventKind[];
  const cells = kinds.map((kind) => {
    const both: { readonly entry: unknown; readonly exit: unknown } = {
      entry: entry[kind],
      exit: exit[kind],
    };
    return [kind, both.entry === both.exit ? both.entry : both] as const;
  });
  return Object.fromEntries(cells) as LaneTable[LaneState];
}

export const reversibleLane = Object.fromEntries(
  LANE_STATES.map((state) => [state, bothRows(entryLane[state], exitLane[state])]),
) as LaneTable;
