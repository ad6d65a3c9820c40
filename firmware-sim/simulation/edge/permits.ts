import { parseLists } from "../../../edge-agent/lists/list-file.ts";
import type { Tell } from "../journal.ts";
import type { SitePlan } from "../schedule.ts";
import type { Running } from "./boot.ts";

/** Of a gate that headquarters does not tell who has a permit: somebody imports a list, as `lists import` does. */
export function putPermitsInForce(
  site: SitePlan,
  { memory: { store }, clock, life }: Pick<Running, "memory" | "clock" | "life">,
  tell: Tell,
): void {
  if (site.permits.length === 0 || store.listsAsOf() !== null) return;
  const instantOf = (ms: number): string => new Date(site.startMs + ms).toISOString();
  const permits = site.permits.map(({ fromMs, untilMs, zone, ...permit }) => ({
    ...permit,
    valid_from: instantOf(fromMs),
    valid_until: instantOf(untilMs),
    ...(zone !== null && { zone }),
  }));
  const text = JSON.stringify({ version: "1", as_of: instantOf(0), permits });
  const zones = site.zones.map(({ name }) => name);
  const lists = parseLists(text, zones);
  if (!lists.ok) throw new Error(`no list of permits: ${JSON.stringify(lists.error[0])}`);
  // It is imported little by little, and begun again when the program is killed meanwhile.
  store.replaceLists(lists.value, clock.wallMs()).catch((error: unknown) => {
    if (life.alive) tell({ kind: "note", text: `the permits could not be imported: ${String(error)}` });
  });
}
