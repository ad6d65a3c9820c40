import { plateShape } from "@parkme/shared/domain/plate";

export type VoteRead = {
  readonly camera: string;
  /** The camera's id of the event: the same id again is the same read. Null = every read counts. */
  readonly sourceId: string | null;
  /** Normalised; null = no plate could be read, which is no vote. */
  readonly plate: string | null;
  readonly confidence: number | null;
};

export type VoteRules = {
  /** A read this sure needs no second one. */
  readonly instantConfidence: number;
  /** So many reads of the same text decide before the window ends. */
  readonly agreeingReads: number;
  /** Below this a read is no vote, and at the end of the window nothing wins. */
  readonly minConfidence: number;
  /** What a read of a camera that states no confidence is worth. */
  readonly unstatedConfidence: number;
  /** At the end of the window the best plate must weigh so many times its best rival. */
  readonly dominance: number;
};

const DEFAULT_VOTE_RULES: VoteRules = {
  instantConfidence: 0.9,
  agreeingReads: 3,
  minConfidence: 0.5,
  unstatedConfidence: 0.5,
  dominance: 2,
};

export type Vote =
  /** `confidence` is the mean, 0..1, of the reads that stand for this plate. */
  | { readonly kind: "winner"; readonly plate: string; readonly confidence: number }
  /** More reads may still decide. */
  | { readonly kind: "undecided" }
  /** The window is over, and nobody can be let in on this. */
  | { readonly kind: "none"; readonly reason: "no_plate" | "ambiguous" };

type Ballot = { readonly plate: string; readonly weight: number; readonly instant: boolean };

/** Reads of what is in all likelihood one plate: they differ in confusable characters only. */
type Cluster = {
  readonly ballots: readonly Ballot[];
  readonly weight: number;
  /** Texts that decide by themselves: read instantly sure, or often enough. */
  readonly strong: readonly string[];
};

/**
 * Decides which plate the reads of one transaction's window stand for. The order of the reads does not matter, and
 * what wins early also wins at the end, so a decision can be recomputed from the record.
 *
 * @param reads the reads of the window so far; the caller bounds the window by time and number.
 * @param windowEnded true = no more reads will come: decide on what is there, or not at all.
 */
export function votePlate(
  reads: readonly VoteRead[],
  windowEnded: boolean,
  rules: VoteRules = DEFAULT_VOTE_RULES,
): Vote {
  const clusters = clustersOf(ballotsOf(reads, rules), rules);
  const [decided, contradicted] = clusters.filter(({ strong }) => strong.length > 0);
  // Two vehicles in view, both well read: which of them is at the loop is not for the vote to guess.
  if (contradicted !== undefined)
    return windowEnded ? { kind: "none", reason: "ambiguous" } : { kind: "undecided" };
  if (decided !== undefined) return resultOf(decided, windowEnded);
  if (!windowEnded) return { kind: "undecided" };

  const [best, rival] = clusters;
  if (best === undefined) return { kind: "none", reason: "no_plate" };
  if (rival !== undefined && best.weight < rules.dominance * rival.weight)
    return { kind: "none", reason: "ambiguous" };
  return resultOf(best, windowEnded);
}

/** One ballot per event of a camera, in an order of its own: sums come out alike whatever came in first. */
function ballotsOf(reads: readonly VoteRead[], rules: VoteRules): Ballot[] {
  const ballots: Ballot[] = [];
  const byEvent = new Map<string, Ballot>();
  for (const { camera, sourceId, plate, confidence } of reads) {
    const weight = confidence ?? rules.unstatedConfidence;
    if (plate === null || weight < rules.minConfidence) continue;
    const ballot = { plate, weight, instant: confidence !== null && confidence >= rules.instantConfidence };
    if (sourceId === null) {
      ballots.push(ballot);
      continue;
    }
    const event = `${camera}/${sourceId}`;
    const earlier = byEvent.get(event);
    if (earlier === undefined || byStrength(ballot, earlier) < 0) byEvent.set(event, ballot);
  }
  return [...ballots, ...byEvent.values()].toSorted(byStrength);
}

function byStrength(a: Ballot, b: Ballot): number {
  return b.weight - a.weight || (a.plate < b.plate ? -1 : Number(a.plate > b.plate));
}

/** Heaviest first. */
function clustersOf(ballots: readonly Ballot[], rules: VoteRules): Cluster[] {
  return groupBy(ballots, ({ plate }) => plateShape(plate))
    .map((members) => ({
      ballots: members,
      weight: members.reduce((sum, { weight }) => sum + weight, 0),
      strong: strongTexts(members, rules),
    }))
    .toSorted((a, b) => b.weight - a.weight);
}

function strongTexts(ballots: readonly Ballot[], rules: VoteRules): string[] {
  return groupBy(ballots, ({ plate }) => plate)
    .filter((same) => same.length >= rules.agreeingReads || same.some(({ instant }) => instant))
    .flatMap(([first]) => (first === undefined ? [] : [first.plate]));
}

/** Groups of ballots with the same key, each in the order given. */
function groupBy(ballots: readonly Ballot[], keyOf: (ballot: Ballot) => string): Ballot[][] {
  const groups = new Map<string, Ballot[]>();
  for (const ballot of ballots) {
    const group = groups.get(keyOf(ballot));
    if (group === undefined) groups.set(keyOf(ballot), [ballot]);
    else group.push(ballot);
  }
  return [...groups.values()];
}

function resultOf(cluster: Cluster, windowEnded: boolean): Vote {
  const [only, another] = cluster.strong;
  const plate = only !== undefined && another === undefined ? only : spellingOf(cluster.ballots);
  if (plate !== null) return { kind: "winner", plate, confidence: cluster.weight / cluster.ballots.length };
  return windowEnded ? { kind: "none", reason: "ambiguous" } : { kind: "undecided" };
}

/** Position by position the character with the most weight behind it; null when two have the same. */
function spellingOf(ballots: readonly Ballot[]): string | null {
  let spelling = "";
  const length = ballots[0]?.plate.length ?? 0;
  for (let position = 0; position < length; position++) {
    const weights = new Map<string, number>();
    for (const { plate, weight } of ballots) {
      const character = plate.charAt(position);
      weights.set(character, (weights.get(character) ?? 0) + weight);
    }
    const [first, second] = [...weights].toSorted((a, b) => b[1] - a[1]);
    if (first === undefined || first[1] === second?.[1]) return null;
    spelling += first[0];
  }
  return spelling;
}
