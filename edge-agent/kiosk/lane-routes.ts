import type { Context, Hono } from "hono";
import type { z } from "zod";
import { asId, isUuid, type StayId } from "@parkme/shared/domain/ids";
import {
  cashSchema,
  holdSchema,
  resetSchema,
  turnSchema,
  vendSchema,
  type Cash,
} from "@parkme/shared/protocol/kiosk";
import type { DeskParts } from "../desk/parts.ts";
import { cashMoved } from "../desk/payments.ts";
import type { LaneRunner } from "../lanes/lane-runner.ts";
import type { Reply } from "../lanes/machine/model.ts";
import type { Store } from "../store/store.ts";
import { fail, readBody, type Env } from "./http.ts";

export type LaneRouteOptions = {
  readonly gate: { readonly lanes: ReadonlyMap<string, { readonly runner: LaneRunner }> };
  readonly store: Pick<Store, "paymentByKey" | "vendExists">;
  /** The drawer that cash goes into. */
  readonly desk: Pick<DeskParts, "openDrawer" | "drawer">;
  readonly log: { readonly info: (fields: object, message: string) => void };
};

type Act<T> = (c: Context<Env>, runner: LaneRunner, body: T, actor: string) => Response;

/** What an attendant does at one lane. Whether it may be done now is the lane's to say. */
export function laneRoutes(api: Hono<Env>, options: LaneRouteOptions): void {
  const { gate, store } = options;

  function action<T>(name: string, schema: z.ZodType<T>, act: Act<T>): void {
    api.post(`/lanes/:lane/${name}`, async (c) => {
      const lane = gate.lanes.get(c.req.param("lane") ?? "");
      if (lane === undefined) return fail(c, 404, "unknown_lane", "There is no such lane.");
      const body = await readBody(c, schema);
      return body.ok ? act(c, lane.runner, body.value, c.get("attendant")) : body.response;
    });
  }

  action("cash", cashSchema, takeCash(options));
  action("vend", vendSchema, (c, runner, { reason, idempotency_key: key }, actor) => {
    if (store.vendExists(key)) return c.json({ done: true });
    return answer(c, runner.ask({ kind: "vend", reason, actor, idempotencyKey: key }));
  });
  action("reset", resetSchema, (c, runner, { reason }, actor) =>
    answer(c, runner.ask({ kind: "reset", reason, actor })),
  );
  action("hold", holdSchema, (c, runner, { reason }, actor) =>
    answer(c, runner.ask({ kind: "hold", reason, actor })),
  );
  action("turn", turnSchema, (c, runner, { direction }, actor) =>
    answer(c, runner.ask({ kind: "turn", direction, actor })),
  );
}

function takeCash({ store, desk, log }: LaneRouteOptions): Act<Cash> {
  return (c, runner, body, actor) => {
    const { amount_minor: amountMinor, tendered_minor: tenderedMinor, idempotency_key: key } = body;
    const stay_id = body.stay_id.toLowerCase();
    if (!isUuid(stay_id)) return fail(c, 400, "invalid_body", "Not the id of a stay.", "stay_id");
    const stayId = asId<StayId>(stay_id);
    const taken = store.paymentByKey(key);
    if (taken !== null && taken.stayId !== stayId) {
      return fail(c, 409, "key_reused", "This key took the money of another stay. Nothing was taken.");
    }
    if (taken !== null) return c.json({ payment_id: taken.paymentId, change_minor: taken.changeMinor });
    if (body.accept_short !== true && desk.drawer.short(actor, tenderedMinor - amountMinor))
      return fail(c, 409, "change_short", "The drawer holds too little change. Nothing was taken.");
    const ask = { stayId, amountMinor, tenderedMinor, actor, idempotencyKey: key };
    const reply = runner.ask({ kind: "cash", ...ask });
    if (!reply.ok) return refuse(c, reply);
    if (reply.payment === null) throw new Error("a lane took a payment without saying which");
    log.info({ lane: runner.config.name, actor, payment: reply.payment.paymentId }, "cash taken");
    cashMoved(desk);
    return c.json({ payment_id: reply.payment.paymentId, change_minor: reply.payment.changeMinor });
  };
}

function answer(c: Context<Env>, reply: Reply): Response {
  return reply.ok ? c.json({ done: true }) : refuse(c, reply);
}

function refuse(c: Context<Env>, { code, message }: Extract<Reply, { ok: false }>): Response {
  return fail(c, code === "store_failed" ? 503 : 409, code, message);
}
