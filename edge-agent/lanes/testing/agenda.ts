import type { LaneEvent } from "../machine/model.ts";

/** What devices will say, and when. */
export function createAgenda() {
  let due: { readonly atMs: number; readonly event: LaneEvent }[] = [];
  return {
    later: (atMs: number, event: LaneEvent): void => {
      due.push({ atMs, event });
      due.sort((a, b) => a.atMs - b.atMs);
    },
    drop: (isIt: (event: LaneEvent) => boolean): void => {
      due = due.filter(({ event }) => !isIt(event));
    },
    nextMs: (): number => due[0]?.atMs ?? Infinity,
    next: (): LaneEvent | null => due.shift()?.event ?? null,
  };
}

export type Agenda = ReturnType<typeof createAgenda>;
