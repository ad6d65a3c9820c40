import type { Visit } from "../schedule.ts";
import type { BackedOut, Moved, Passage } from "./passage.ts";
import type { Trouble, TroubleKind, Troubles } from "./troubles.ts";

/** What is laid side by side, and what is known of it. */
export type Seen = {
  readonly passages: readonly Passage[];
  readonly moved: readonly Moved[];
  readonly backedOut: readonly BackedOut[];
  readonly visits: ReadonlyMap<number, Visit>;
  /** What cameras took each vehicle for, by visit. */
  readonly seenAs: ReadonlyMap<number, ReadonlySet<string>>;
  readonly troubles: Troubles;
};

/** True passages and recorded movements, laid side by side. */
export type Matching = {
  readonly pairs: readonly { readonly passage: Passage; readonly moved: Moved }[];
  /** Vehicles that went through and were not written down, and what was written down of which nothing is true. */
  readonly unrecorded: readonly { readonly passage: Passage; readonly excuse: string | null }[];
  readonly untrue: readonly { readonly moved: Moved; readonly excuse: string | null }[];
};

/**
 * How long before a vehicle is out of the lane its passage may be written down (it may stand behind the closing loop),
 * and how long after (the lane waits until all is clear).
 */
const EARLY_MS = 60_000;
const LATE_MS = 90_000;
/** What was broken still shows for so long: a vehicle that waited meanwhile, a lane that somebody has to vouch for. */
const AFTERMATH_MS = 10 * 60_000;

/** With these nobody, or somebody who is deaf, writes down what passes: see what each does in schedule.ts. */
const DEAFENING: ReadonlySet<TroubleKind> = new Set<TroubleKind>([
  "loop_stuck_on",
  "loop_stuck_off",
  "loop_flickers",
  "sensor_lies",
  "board_silent",
  "board_reboots",
  "agent_down",
  "disk_full",
  "second_agent",
  "edge_restored",
]);

/** Lays movements beside passages, lane by lane: by their plates first, then by time. */
export function matchPassages(history: Seen): Matching {
  const pairs: { readonly passage: Passage; readonly moved: Moved }[] = [];
  const passages = new Map<string, Passage[]>();
  for (const passage of history.passages) push(passages, `${passage.lane} ${passage.way}`, passage);
  const moved = new Map<string, Moved[]>();
  for (const one of history.moved) push(moved, `${one.lane} ${one.movement.direction}`, one);

  const leftPassages: Passage[] = [];
  const leftMoved: Moved[] = [];
  for (const key of new Set([...passages.keys(), ...moved.keys()])) {
    const rest = pairUp(passages.get(key) ?? [], moved.get(key) ?? [], history, pairs);
    leftPassages.push(...rest.passages);
    leftMoved.push(...rest.moved);
  }
  pairLate(leftPassages, leftMoved, history, pairs);
  return {
    pairs,
    unrecorded: leftPassages
      .toSorted((a, b) => a.step - b.step)
      .map((passage) => ({ passage, excuse: excuseOfPassage(passage, history, pairs) })),
    untrue: leftMoved
      .toSorted((a, b) => a.step - b.step)
      .map((one) => ({ moved: one, excuse: excuseOfMoved(one, history) })),
  };
}

function push<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

type Pairs = { readonly passage: Passage; readonly moved: Moved }[];

function pairUp(passages: readonly Passage[], moved: readonly Moved[], history: Seen, pairs: Pairs) {
  const free = new Set(passages);
  const unnamed: Moved[] = [];
  let first = 0;
  for (const one of moved) {
    while (first < passages.length && (passages[first]?.atMs ?? 0) < one.atMs - LATE_MS) first += 1;
    const own = withPlate(passages, first, one, free, history);
    if (own === null) unnamed.push(one);
    else {
      free.delete(own);
      pairs.push({ passage: own, moved: one });
    }
  }
  const left: Moved[] = [];
  for (const one of unnamed) {
    const nearest = nearestOf(free, one);
    if (nearest === null) left.push(one);
    else {
      free.delete(nearest);
      pairs.push({ passage: nearest, moved: one });
    }
  }
  return { passages: [...free], moved: left };
}

/** Of passages that may be this movement's: who came before it may be one whom nothing was written down of. */
function nearestOf(free: ReadonlySet<Passage>, one: Moved): Passage | null {
  const apartMs = ({ atMs }: Passage): number => Math.abs(atMs - one.atMs);
  let nearest: Passage | null = null;
  for (const passage of free) {
    if (!isNear(passage, one)) continue;
    if (nearest === null || apartMs(passage) < apartMs(nearest)) nearest = passage;
  }
  return nearest;
}

function isNear(passage: Passage, { atMs }: Moved): boolean {
  return atMs >= passage.atMs - EARLY_MS && atMs <= passage.atMs + LATE_MS;
}

function withPlate(
  passages: readonly Passage[],
  first: number,
  one: Moved,
  free: ReadonlySet<Passage>,
  history: Seen,
): Passage | null {
  const { plate } = one.movement;
  if (plate === null) return null;
  for (let i = first; i < passages.length; i += 1) {
    const passage = passages[i];
    if (passage === undefined || passage.atMs > one.atMs + EARLY_MS) return null;
    if (free.has(passage) && isNear(passage, one) && isOf(passage.visit, plate, history)) return passage;
  }
  return null;
}

function isOf(visit: number, plate: string, history: Seen): boolean {
  const plan = history.visits.get(visit);
  return plan?.vehicle.plate.text === plate || history.seenAs.get(visit)?.has(plate) === true;
}

/**
 * What was concluded afterwards, when what was broken as somebody passed was mended; also by a lane that it did not pass:
 * who leaves must have come in. The vehicle of its plate first.
 */
function pairLate(passages: Passage[], moved: Moved[], history: Seen, pairs: Pairs): void {
  for (const one of moved.slice()) {
    const { movement, lane, atMs } = one;
    const mayBe = passages.filter(
      (passage) =>
        passage.way === movement.direction &&
        passage.atMs <= atMs + EARLY_MS &&
        (passage.lane === lane || movement.kind === "inferred") &&
        troubleAt(passage.lane, passage.atMs, passage.atMs, history) !== null,
    );
    const { plate } = movement;
    const own = plate === null ? undefined : mayBe.find(({ visit }) => isOf(visit, plate, history));
    const found = own ?? mayBe.find((passage) => passage.lane === lane);
    if (found === undefined) continue;
    passages.splice(passages.indexOf(found), 1);
    moved.splice(moved.indexOf(one), 1);
    pairs.push({ passage: found, moved: one });
  }
}

function troubleAt(lane: string, fromMs: number, toMs: number, { troubles }: Seen): Trouble | null {
  return troubles.find(lane, DEAFENING, fromMs - AFTERMATH_MS, toMs + LATE_MS);
}

/** Shorter than loops are made for, or two bodies in one: edge case 7. */
const HARD_TO_COUNT: ReadonlySet<string> = new Set(["motorcycle", "scooter", "car_with_trailer"]);

function excuseOfPassage(passage: Passage, history: Seen, pairs: Pairs): string | null {
  const trouble = troubleAt(passage.lane, passage.atMs, passage.atMs, history);
  if (trouble !== null) return trouble.kind;
  const visit = history.visits.get(passage.visit);
  if (visit !== undefined && HARD_TO_COUNT.has(visit.vehicle.kind)) return `a ${visit.vehicle.kind}`;
  return isBehindUnseen(passage, history, pairs) ? "was taken for one that no loop had seen leave" : null;
}

/**
 * Whoever comes up right behind one that loops did not see go through is taken for it, and goes through in its name: the
 * one movement there is bears the name of the one before, and was written down as this one went.
 */
function isBehindUnseen({ lane, way, atMs }: Passage, { visits }: Seen, pairs: Pairs): boolean {
  return pairs.some(({ passage: before, moved }) => {
    const kind = visits.get(before.visit)?.vehicle.kind ?? "";
    const isThere = before.lane === lane && before.way === way && before.atMs < atMs;
    const isNearer = Math.abs(moved.atMs - atMs) < Math.abs(moved.atMs - before.atMs);
    return isThere && isNearer && HARD_TO_COUNT.has(kind);
  });
}

function excuseOfMoved(one: Moved, history: Seen): string | null {
  const { lane, atMs, movement } = one;
  const trouble = troubleAt(lane, atMs, atMs, history);
  if (trouble !== null) return trouble.kind;
  if (movement.review === "direction_ambiguous") return "put up for review";
  if (cameBack(one, history)) return "was behind all loops, and came back";
  const hard = history.passages.find(
    (passage) =>
      passage.lane === lane &&
      Math.abs(passage.atMs - atMs) < LATE_MS &&
      HARD_TO_COUNT.has(history.visits.get(passage.visit)?.vehicle.kind ?? ""),
  );
  return hard === undefined ? null : `near a ${history.visits.get(hard.visit)?.vehicle.kind}`;
}

/** Who has left all loops behind is through, for all that a gate can know; some reverse after that. */
function cameBack({ lane, atMs, movement }: Moved, { backedOut, visits }: Seen): boolean {
  return backedOut.some((one) => {
    const visit = visits.get(one.visit);
    const script = movement.direction === "in" ? visit?.entry : visit?.exit;
    const isThen = one.atMs >= atMs && one.atMs <= atMs + LATE_MS;
    return one.lane === lane && isThen && script?.kind === "reverse_through";
  });
}
