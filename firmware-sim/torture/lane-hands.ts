import { randomUUID } from "node:crypto";
import { setTimeout as passTime } from "node:timers/promises";
import { cashTakenSchema, type LaneView } from "@parkme/shared/protocol/kiosk";
import { because } from "../scenarios/cashier.ts";
import type { Random } from "../traffic/random.ts";
import type { Acknowledged } from "./acknowledged.ts";
import type { Counter } from "./counter.ts";
import type { LaneRig, Loop } from "./lane-rig.ts";
import { type Shift, workUntilOver } from "./shift.ts";

/** The drivers of one lane, and the attendant beside it: vehicle after vehicle, as fast as the arm goes up. */
export type LaneHands = {
  readonly name: LaneName;
  /** Serves vehicles until the shift is over, and leaves everything where it stands. */
  readonly work: (shift: Shift) => Promise<void>;
  /** Vehicles that came through. */
  readonly served: () => number;
  /** Who stands before the arm, and whose stay an order to open is for; null = nobody, or nobody knows. */
  readonly waiting: () => string | null;
  /** Whoever stands there drives on or backs out; a person looks at the lane where it does not settle by itself. */
  readonly recover: (withinMs: number) => Promise<void>;
};
export type LaneName = "entry" | "exit";

export type LaneHandsOptions = {
  readonly name: LaneName;
  readonly rig: LaneRig;
  readonly counter: Counter;
  readonly known: Acknowledged;
  readonly random: Random;
  /** Plates of those inside, in the order they came: the entry adds, the exit takes. */
  readonly inside: string[];
};

const STEP_MS = 30;
const ARMED_MS = 100;
/** A camera reads a plate again that nothing came of. */
const READ_AGAIN_MS = 1_500;
const PATIENCE_MS = 20_000;
/** Now and then the camera sees nothing, and the attendant opens. */
const BLIND_CHANCE = 0.15;
/** Of {@link STEP_MS} each: longer than a lane needs by itself. */
const LOOKS_BEFORE_RESET = 15;

const THROUGH: readonly (readonly [Loop, boolean])[] = [
  ["safety", true],
  ["closing", true],
  ["arming", false],
  ["safety", false],
  ["closing", false],
];
const LOOPS: readonly Loop[] = ["arming", "safety", "closing"];

export function openLaneHands({ name, rig, counter, known, random, inside }: LaneHandsOptions): LaneHands {
  const attendant = createAttendant(name, counter, known);
  let plate: string | null = null;
  let served = 0;
  let vehicles = 0;
  /** Of the vehicle that stands there: what the camera saw, and what of it the broker took. */
  let [shown, told] = [0, 0];

  /** Through, step by step. */
  async function driveThrough(pass: Shift["pass"]): Promise<void> {
    for (const [loop, on] of THROUGH) {
      if (rig.covered(loop) === on) continue;
      rig.cover(loop, on);
      await pass(STEP_MS);
    }
    if (name === "entry" && plate !== null) inside.push(plate);
    plate = null;
    served += 1;
  }

  /** Does what it takes for the arm to go up, once. */
  async function askToOpen(shift: Shift): Promise<void> {
    if (plate === null) await attendant.vend();
    else {
      shown += 1;
      if (await rig.show(plate)) told += 1;
    }
    await shift.until(() => rig.isUp() || attendant.askedFor() !== null, READ_AGAIN_MS);
    const asked = attendant.askedFor();
    if (asked === null || rig.isUp()) return;
    await attendant.takeCash(asked);
    await shift.until(rig.isUp, READ_AGAIN_MS);
  }

  async function serve(shift: Shift): Promise<void> {
    if (name === "exit" && inside.length === 0) return await shift.pass(STEP_MS);
    // Whoever is let in by hand has no stay under its plate.
    const blind = name === "entry" && random.chance(BLIND_CHANCE);
    if (name === "exit") plate = inside.shift() ?? null;
    else plate = blind ? null : `T${String((vehicles += 1)).padStart(6, "0")}`;
    [shown, told] = [0, 0];
    rig.cover("arming", true);
    await shift.pass(ARMED_MS);
    const untilMs = performance.now() + PATIENCE_MS;
    while (!rig.isUp()) {
      if (performance.now() > untilMs)
        throw new Error(
          `${name} does not open (${told} of ${shown} reads were told; ${attendant.answers()}): ${attendant.says()}`,
        );
      await askToOpen(shift);
    }
    await driveThrough(shift.pass);
    if (!(await shift.until(rig.isDown, PATIENCE_MS)))
      throw new Error(`${name} does not close: ${attendant.says()}`);
  }

  async function leave(): Promise<void> {
    if (!LOOPS.some(rig.covered)) return;
    if (rig.isUp() || rig.covered("safety") || rig.covered("closing")) return await driveThrough(passTime);
    if (name === "exit" && plate !== null) inside.unshift(plate);
    plate = null;
    rig.cover("arming", false);
  }

  return {
    name,
    served: () => served,
    waiting: () => plate,
    work: async (shift) => await workUntilOver(shift, () => serve(shift)),
    recover: async (withinMs) => {
      await leave();
      const untilMs = performance.now() + withinMs;
      for (let looks = 1; !(attendant.seesRest() && rig.isDown()); looks++) {
        if (performance.now() > untilMs)
          throw new Error(`${name} does not come to rest: ${attendant.says()}`);
        if (looks % LOOKS_BEFORE_RESET === 0) await attendant.reset();
        await passTime(STEP_MS);
      }
    },
  };
}

/** What is done for a lane at its counter. Nothing is asked twice: what is left without an answer is in doubt. */
function createAttendant(name: LaneName, counter: Counter, known: Acknowledged) {
  const view = (): LaneView | null => counter.lane(name);
  const [vendPath, cashPath] = [`/api/lanes/${name}/vend`, `/api/lanes/${name}/cash`];
  return {
    answers: () => `opening by hand: ${counter.answerTo(vendPath)}, cash: ${counter.answerTo(cashPath)}`,
    says: () => JSON.stringify(view()),
    seesRest: () => view()?.state === "IDLE" && view()?.health === "ok",
    /** The stay that a fee is asked of, and the fee. */
    askedFor: (): { readonly stayId: string; readonly fee: number } | null => {
      const stay = view()?.stay;
      return stay?.fee == null ? null : { stayId: stay.stay_id, fee: stay.fee.amount_minor };
    },
    takeCash: async ({ stayId, fee }: { readonly stayId: string; readonly fee: number }): Promise<void> => {
      const money = { amount_minor: fee, tendered_minor: fee, idempotency_key: randomUUID() };
      const answer = await counter.askOnce(cashPath, { stay_id: stayId, ...money });
      if (answer?.status !== 200) return;
      const { payment_id: paymentId } = cashTakenSchema.parse(answer.body);
      known.payments.set(paymentId, { stayId, amountMinor: fee });
    },
    vend: async (): Promise<void> => {
      const wish = because("the camera saw nothing");
      const answer = await counter.askOnce(vendPath, wish);
      if (answer?.status === 200) known.vends.add(wish.idempotency_key);
    },
    reset: async () => await counter.askOnce(`/api/lanes/${name}/reset`, { reason: "looked at, and clear" }),
  };
}
