import { randomUUID } from "node:crypto";
import { setTimeout as passTime } from "node:timers/promises";
import { afterEach } from "vitest";
import type { z } from "zod";
import { paidSchema, stayViewSchema, type StayView } from "@parkme/shared/protocol/kiosk-desk";
import type { SitePlan } from "../site/plan.ts";
import type { Random } from "../traffic/random.ts";
import { because, cash, signIn, type Person } from "./cashier.ts";

/**
 * An attendant with a queue that never ends: stays that are added by hand, discounts, cash, refunds, shifts. What has no
 * answer is asked again under the same key until it has one, also of an agent that was killed and started again.
 */
export type DeskWork = {
  /** Customers who were served to the end; fails when somebody could not be. */
  readonly served: () => number;
  /** Serves the last one; fails as well. */
  readonly stop: () => Promise<void>;
};

const PAUSE_MS = 200;
const AGAIN_MS = 250;
const ANSWERS = new Set([200, 201, 204, 400, 404, 409]);

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/**
 * Begins to work at once, at the desk of a site as `layOutSite` plans it.
 *
 * @param closingChance how often the drawer is closed after a customer, 0..1; whoever takes cash next opens another.
 */
export function startDeskWork(
  { edgeUrl, attendant, merchant }: Pick<SitePlan, "edgeUrl" | "attendant" | "merchant">,
  random: Random,
  closingChance = 0.1,
): DeskWork {
  let served = 0;
  let over = false;
  let failure: Error | null = null;
  const post = persistent(edgeUrl, attendant, () => over);
  closing.push(() => (over = true));

  async function done<T>(path: string, body: object, schema: z.ZodType<T>): Promise<T> {
    const { status, body: said } = await post(path, body);
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(said)}`);
    return schema.parse(said);
  }

  async function pay(stay: StayView): Promise<void> {
    const path = `/api/stays/${stay.stay_id}`;
    for (let { due_minor: due } = stay; due !== null && due > 0;) {
      const answer = await post(`${path}/payments`, cash(due));
      if (answer.code === "fee_changed") {
        // A new minute has begun since it was priced.
        ({ due_minor: due } = await done(`${path}/vehicle`, VEHICLE, stayViewSchema));
        continue;
      }
      const { payment_id } = paidSchema.parse(answer.body);
      if (random.chance(0.2))
        await done(
          `${path}/refunds`,
          { payment_id, amount_minor: 1 + random.int(due), ...because("was not happy") },
          paidSchema,
        );
      return;
    }
  }

  async function serve(): Promise<void> {
    const entry_at = new Date(Date.now() - (1 + random.int(600)) * 60_000).toISOString();
    const plate = random.chance(0.5) ? `HH${random.int(90_000) + 10_000}` : null;
    let stay = await done("/api/stays", { plate, entry_at, ...because("came in unseen") }, stayViewSchema);
    const path = `/api/stays/${stay.stay_id}`;
    if (random.chance(0.3)) {
      const offer = { merchant: merchant.name, offer: random.pick(["guest", "breakfast"]) };
      stay = await done(`${path}/validations`, { ...offer, idempotency_key: randomUUID() }, stayViewSchema);
    }
    await pay(stay);
    if (random.chance(closingChance)) await post("/api/shift/close", { counted_minor: random.int(50_000) });
    served += 1;
  }

  async function run(): Promise<void> {
    while (!over) {
      await serve();
      await passTime(PAUSE_MS);
    }
  }

  const running = run().catch((error: unknown) => {
    failure = error instanceof Error ? error : new Error(String(error));
  });
  const told = (): number => {
    if (failure !== null) throw new Error(failure.message, { cause: failure });
    return served;
  };
  return {
    served: told,
    stop: async () => {
      over = true;
      await running;
      told();
    },
  };
}

/** Posts until there is an answer; signs in where nobody knows who asks. */
function persistent(
  edgeUrl: string,
  { name, secret }: SitePlan["attendant"],
  isOver: () => boolean,
): Person["post"] {
  let person: Person | null = null;
  return async (path, body) => {
    for (;;) {
      try {
        person ??= await signIn(edgeUrl, name, secret);
        const answer = await person.post(path, body);
        if (ANSWERS.has(answer.status)) return answer;
        if (answer.status === 401) person = null;
      } catch {
        // Nobody answers: the agent is being started again.
      }
      if (isOver()) throw new Error(`nobody answers ${path}`);
      await passTime(AGAIN_MS);
    }
  };
}

const VEHICLE = { type: "car", ev: false, accessible: false };
