import type { Hono } from "hono";
import { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import { countSchema, MAX_ALARMS_ASKED, passbackSchema, setModeSchema } from "@parkme/shared/protocol/kiosk";
import type { Gate } from "../gate/gate.ts";
import type { Store } from "../store/store.ts";
import type { Changes } from "./changes.ts";
import { fail, readBody, readQuery, type Env } from "./http.ts";

export type DeskRouteOptions = {
  readonly gate: Pick<Gate, "setMode" | "correctCount" | "neutralReset">;
  readonly store: Pick<Store, "recentAlarms" | "acknowledgeAlarm">;
  readonly changes: Pick<Changes, "note">;
  readonly clock: Pick<Clock, "wallMs">;
  readonly log: { readonly info: (fields: object, message: string) => void };
};

const USUAL_ALARMS = 50;
const alarmsQuerySchema = z.object({
  limit: z.coerce.number().int().min(1).max(MAX_ALARMS_ASKED).default(USUAL_ALARMS),
});

/** What an attendant does about the facility as a whole. */
export function deskRoutes(api: Hono<Env>, options: DeskRouteOptions): void {
  placeRoutes(api, options);
  alarmRoutes(api, options);
}

function placeRoutes(api: Hono<Env>, { gate, log }: DeskRouteOptions): void {
  api.post("/modes", async (c) => {
    const body = await readBody(c, setModeSchema);
    if (!body.ok) return body.response;
    const actor = c.get("attendant");
    if (!gate.setMode({ ...body.value, actor }))
      return fail(c, 404, "unknown_place", "There is no such place or lane.", "name");
    log.info({ ...body.value, actor }, "mode set");
    return c.json({ done: true });
  });
  api.post("/counts", async (c) => {
    const body = await readBody(c, countSchema);
    if (!body.ok) return body.response;
    const { zone, count, reason, idempotency_key: idempotencyKey } = body.value;
    const actor = c.get("attendant");
    const corrected = gate.correctCount({ zone, count, reason, actor, idempotencyKey });
    if (!corrected.ok) {
      const { code, message } = corrected.error;
      return code === "unknown_zone"
        ? fail(c, 404, code, message, "zone")
        : fail(c, 400, code, message, "count");
    }
    log.info({ zone, ...corrected.value, actor }, "count corrected");
    return c.json({ done: true });
  });
  api.post("/passback/reset", async (c) => {
    const body = await readBody(c, passbackSchema);
    if (!body.ok) return body.response;
    const { reason, idempotency_key: idempotencyKey } = body.value;
    const actor = c.get("attendant");
    const stays = gate.neutralReset({ reason, actor, idempotencyKey });
    log.info({ stays, actor }, "anti-passback reset");
    return c.json({ done: true });
  });
}

function alarmRoutes(api: Hono<Env>, { store, changes, clock }: DeskRouteOptions): void {
  api.get("/alarms", (c) => {
    const query = readQuery(c, alarmsQuerySchema);
    return query.ok ? c.json({ alarms: store.recentAlarms(query.value.limit) }) : query.response;
  });
  api.post("/alarms/:id/ack", (c) => {
    if (!store.acknowledgeAlarm(c.req.param("id"), c.get("attendant"), clock.wallMs()))
      return fail(c, 404, "unknown_alarm", "There is no such alarm.");
    changes.note();
    return c.json({ done: true });
  });
}
