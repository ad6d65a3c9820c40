import type { Bench } from "./lane-bench.ts";

/** What an ordinary vehicle does at a lane, loop by loop. */

/** Long enough for an arm that obeys to be open. */
const ARM_OPENS_MS = 1_000;

/** The board answers for the first time, arm closed, nobody there. */
export function ready(bench: Bench): void {
  bench.see();
}

/** Drives up to the arm and is read. */
export function arrive(bench: Bench, plate: string | null): void {
  bench.set({ arming: true });
  if (plate !== null) bench.read(plate);
  bench.wait(bench.config.timers.armMs);
}

/** Drives up to the arm and is granted an opening: the arm is open. */
export function openFor(bench: Bench, plate: string | null): void {
  arrive(bench, plate);
  bench.wait(ARM_OPENS_MS);
}

/** Drives under the open arm and on, until nothing of it is left in the lane. The arm is not waited for. */
export function driveThrough(bench: Bench): void {
  bench.set({ safety: true });
  bench.wait(400);
  bench.set({ arming: false });
  bench.wait(400);
  bench.set({ closing: true });
  bench.wait(400);
  bench.set({ safety: false });
  bench.wait(400);
  bench.set({ closing: false });
}

/** Comes from the other side, under an arm that is open, and drives away over the arming loop. */
export function driveBack(bench: Bench): void {
  bench.set({ closing: true });
  bench.wait(400);
  bench.set({ safety: true });
  bench.wait(400);
  bench.set({ closing: false });
  bench.wait(400);
  bench.set({ arming: true });
  bench.wait(400);
  bench.set({ safety: false });
  bench.wait(400);
  bench.set({ arming: false });
}

/** Drives on from under the arm and away, all within a moment. */
export function driveOn(bench: Bench): void {
  bench.set({ closing: true });
  bench.set({ safety: false });
  bench.set({ closing: false });
}

/** Long enough for a clear lane to close its arm. */
export function settleDown(bench: Bench): void {
  bench.wait(4_000);
}

/** Arrives, is let in, passes, and the arm closes behind it. */
export function passNormally(bench: Bench, plate: string): void {
  openFor(bench, plate);
  driveThrough(bench);
  settleDown(bench);
}

/** A person raises the arm that does not obey; a vehicle passes, and then the arm does not come down. */
export function passWithArmByHand(bench: Bench): void {
  arrive(bench, "BAB1234");
  bench.set({ closed_limit: false });
  bench.set({ open_limit: true });
  driveThrough(bench);
  settleDown(bench);
}
