import { readClock, type Clock } from "@parkme/shared/domain/clock";
import type { Store } from "../store/store.ts";
import { DESK } from "./place.ts";

export type DrawerOptions = {
  readonly store: Pick<Store, "shiftNow" | "drawerMinor" | "record" | "openAlarms">;
  readonly clock: Clock;
  /** Who may have a drawer. */
  readonly attendants: readonly string[];
  /** A drawer with less runs short of change; 0 = never. */
  readonly lowMinor: number;
};

/** Watches over the change in the drawers. What is in one is only known when somebody has counted its float. */
export type DrawerWatch = ReturnType<typeof createDrawerWatch>;

export function createDrawerWatch({ store, clock, attendants, lowMinor }: DrawerOptions) {
  /** By the books; null = nobody has counted what was in it at first. */
  function heldBy(attendant: string): number | null {
    const shift = store.shiftNow(attendant);
    return shift === null || shift.openedByPayment ? null : store.drawerMinor(attendant);
  }

  function isLow(attendant: string): boolean {
    const heldMinor = heldBy(attendant);
    return heldMinor !== null && heldMinor < lowMinor;
  }

  return {
    /** Whether the drawer holds too little to give so much change (edge case 22). */
    short: (attendant: string, changeMinor: number): boolean => {
      const held = changeMinor > 0 ? heldBy(attendant) : null;
      return held !== null && held < changeMinor;
    },
    isLow,
    /** After every movement of cash: begins the alarm when a drawer runs short of change, ends it when none does. */
    look: (): void => {
      if (lowMinor === 0) return;
      const low = attendants.filter(isLow);
      const alarm = store.openAlarms(DESK).some(({ kind }) => kind === "change_low");
      if (low.length > 0 === alarm) return;
      const detail = `too little change in the drawer of ${low.join(", ")}`;
      const record = alarm
        ? ({ type: "alarm_over", kind: "change_low" } as const)
        : ({ type: "alarm", kind: "change_low", detail } as const);
      store.record({ place: DESK, records: [record] }, readClock(clock));
    },
  };
}
