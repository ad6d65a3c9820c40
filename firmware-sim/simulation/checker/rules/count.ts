import type { EdgeRows, EdgeMovement, EdgeStay } from "../edge-rows.ts";
import type { History } from "../history.ts";
import type { MakeRule } from "../rule.ts";
import { staysSetAside } from "../set-aside.ts";
import { groupBy } from "../tariff-versions.ts";
import type { TroubleKind } from "../troubles.ts";

/** Movements and what they counted may come back one after the other. */
const RESTORED: ReadonlySet<TroubleKind> = new Set<TroubleKind>([
  "edge_restored",
  "cloud_restored",
  "second_agent",
]);

type ZoneChange = { readonly zone: string; readonly by: number };
type Tell = (message: string) => void;

/**
 * The count is what was counted, and once all is quiet it is the vehicles inside (edge cases 1 to 3, 8, 12, 13, 38, 39,
 * 42, 43 and 50).
 *
 * Of the gate's file, exactly and always:
 * - the count of the facility, and of each zone, is what it was last set to and every movement since;
 * - a stay is `open` when it came in and has not gone out, `closed` when it has gone out, `provisional` or `void` when it
 *   never came in; it comes in once and goes out once. But for stays of which two agents wrote, and that the gate has set
 *   aside for a person.
 *
 * Against the world, once quiet:
 * - the facility's count differs from the vehicles that are truly inside by no more than the passages that were not
 *   written down, or were lost with a file that a backup took the place of, and the movements of which nothing is true; with none of those it is the very number. Those that
 *   nothing excuses are `passages-recorded`'s.
 * - Of every vehicle that has truly left after its stay was begun, the stay is over; but for those that left on nobody's
 *   or another's stay, which the gate has up for review, and those whose leaving was not seen.
 */
export const count: MakeRule = ({ history, accuse }) => ({
  end: ({ edge, step, atMs }) => {
    const tell: Tell = (message) => accuse({ step, atMs, lane: null, visit: null, message });
    if (!history.troubles.ever(RESTORED)) countsAddUp(edge, tell);
    staysFollowMovements(edge, tell);
    countIsTrue(edge, history, tell);
    for (const { visit, message } of ghosts(edge, history))
      accuse({ step, atMs, lane: null, visit, message });
  },
});

/** Corrections and movements in the order of the gate's clock; what is of one moment, in the order it was written. */
function countsAddUp({ movements, corrections, inside, zoneCounts }: EdgeRows, tell: Tell): void {
  const of = (zone: string | null, changeOf: (movement: EdgeMovement) => number): number => {
    const corrected = corrections.filter((correction) => correction.zone === zone);
    const shifts = corrected.reduce((sum, { before, after }) => sum + after - before, 0);
    return movements.reduce((sum, movement) => sum + changeOf(movement), shifts);
  };
  const facility = of(null, ({ scope, direction }) => (scope === "zone" ? 0 : direction === "in" ? 1 : -1));
  if (facility !== inside)
    tell(`the gate counts ${inside} inside, and its movements and corrections come to ${facility}`);
  const changes = new Map(movements.map(({ id, zones }) => [id, JSON.parse(zones) as readonly ZoneChange[]]));
  for (const { zone, inside: counted } of zoneCounts) {
    const sum = of(zone, ({ id }) =>
      (changes.get(id) ?? []).reduce((all, change) => all + (change.zone === zone ? change.by : 0), 0),
    );
    if (sum !== counted) tell(`the gate counts ${counted} in zone ${zone}, and its movements come to ${sum}`);
  }
}

function staysFollowMovements(edge: EdgeRows, tell: Tell): void {
  const { stays, movements, amendments } = edge;
  const aside = staysSetAside(edge);
  const own = groupBy(
    movements.filter(({ scope, stayId }) => scope === "facility" && stayId !== null),
    ({ stayId }) => stayId,
  );
  const amended = groupBy(amendments, ({ stayId }) => stayId);
  for (const stay of stays) {
    if (aside.has(stay.id)) continue;
    const moved = own.get(stay.id) ?? [];
    const cameIn = moved.filter(({ direction }) => direction === "in").length;
    const wentOut = moved.filter(({ direction }) => direction === "out").length;
    if (cameIn > 1 || wentOut > 1)
      tell(`stay ${stay.id} came in ${cameIn} times and went out ${wentOut} times`);
    const byHand = (amended.get(stay.id) ?? []).some(
      ({ what }) => what === "begun_by_hand" || what === "void",
    );
    const should = statusOf(stay, cameIn > 0, wentOut > 0);
    if (byHand || should.includes(stay.status)) continue;
    tell(`stay ${stay.id} is ${stay.status}, and by its movements it is ${should.join(" or ")}`);
  }
}

/** One that was found at an exit, or begun anew for a ticket after a restore, is open without having come in. */
function statusOf({ review }: EdgeStay, cameIn: boolean, wentOut: boolean): readonly EdgeStay["status"][] {
  if (wentOut) return ["closed"];
  if (cameIn) return ["open"];
  return review === "exit_without_entry" ? ["open"] : ["provisional", "void"];
}

function countIsTrue(edge: EdgeRows, history: History, tell: Tell): void {
  const { unrecorded, untrue } = history.matched();
  const lost = lostMovements(edge, history).size;
  if (lost > 0 && !history.troubles.ever(RESTORED))
    tell(`${lost} movements that were written are not in the gate's file any more`);
  const may = unrecorded.length + untrue.length + lost;
  const inside = history.inside().size;
  if (Math.abs(edge.inside - inside) <= may) return;
  tell(
    `the gate counts ${edge.inside} inside, and ${inside} are; ${may} passages were not seen as they were`,
  );
}

/** What was written after a backup, and told to nobody, went with the file that the backup took the place of. */
function lostMovements({ movements }: EdgeRows, { moved }: History): ReadonlySet<string> {
  const lost = new Set<string>(moved.map(({ movement }) => movement.movementId));
  for (const { id } of movements) lost.delete(id);
  return lost;
}

/** Stays that are open though their vehicle has left. */
function ghosts(
  edge: EdgeRows,
  history: History,
): readonly { readonly visit: number; readonly message: string }[] {
  const { pairs } = history.matched();
  const inside = history.inside();
  const open = new Map(
    edge.stays
      .filter(({ status, review }) => status === "open" && review === null)
      .map((stay) => [stay.id, stay]),
  );
  const lost = lostMovements(edge, history);
  const leftOn = new Map<number, string | null>();
  for (const { passage, moved } of pairs)
    if (passage.way === "out" && !lost.has(moved.movement.movementId))
      leftOn.set(passage.visit, moved.movement.stayId);
  const found: { readonly visit: number; readonly message: string }[] = [];
  for (const { passage, moved } of pairs) {
    const { stayId, kind } = moved.movement;
    const stay = stayId === null ? undefined : open.get(stayId);
    if (passage.way !== "in" || stay === undefined || inside.has(passage.visit) || kind !== "normal")
      continue;
    if (leftOn.get(passage.visit) !== stay.id) continue;
    const message = `${history.nameOf(passage.visit)} has left, and its stay ${stay.id} is open still`;
    found.push({ visit: passage.visit, message });
  }
  return found;
}
