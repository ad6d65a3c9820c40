import { upgradeWebSocket } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { WebSocket } from "ws";
import { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { runsFacility, type Principal } from "../accounts/principal.ts";
import type { Db } from "../db/connection.ts";
import { sendProblem, type AppEnv } from "../http.ts";
import type { AvailabilityFeed } from "./availability-feed.ts";
import type { ChangeHub } from "./change-hub.ts";
import { placeOfNow, type Change, type ChangePlace } from "./changes.queries.ts";
import { cursorOf, isForgotten, readPlace } from "./cursor.ts";
import { end, sendText, type Watchers } from "./watchers.ts";

export type LiveStreamDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly hub: ChangeHub;
  readonly feed: AvailabilityFeed;
  readonly watchers: Watchers;
  /** There is a facility of this id that anybody may see. */
  readonly isListed: (facilityId: string) => Promise<boolean>;
};

type StreamEnv = AppEnv & { Variables: { facilityId: string; after: ChangePlace; gap: boolean } };

/** Of a browser, which can send no other header with a web socket: `parkme, bearer.<access token>`. */
const PROTOCOL_TOKEN = /(?:^|,)\s*bearer\.([\w.-]{1,2000})\s*(?:,|$)/;

/** Looks whether who watches still may. */
const RECHECK_MS = 60_000;

/**
 * `GET /ws/availability?facility_id=`: how full a facility is, as a whole, at once and at every change. For anybody.
 *
 * `GET /ws/events?facility_id=&cursor=`: what happens at a facility, for those who run it: `{cursor, kind, body, at}`, in
 * an order that never changes. Who comes back with the last cursor misses nothing; after a week away, the first message
 * is `{kind: "gap"}`. The token is in the authorization header, in the cookie, or in the web socket's protocol.
 */
export function liveStreamRoutes(deps: LiveStreamDeps): Hono<StreamEnv> {
  const { db, clock, hub, feed, watchers } = deps;
  const routes = new Hono<StreamEnv>({ strict: false });
  const noUpgrade = (c: Context) =>
    sendProblem(c, problem(426, "web_socket_only", "there is a web socket here, and nothing else"));

  const availability = upgradeWebSocket((c: Context<StreamEnv>) => {
    const facilityId = c.get("facilityId");
    return {
      onOpen: (_event, { raw }) => {
        if (!(raw instanceof WebSocket)) return;
        let leave: () => void = () => undefined;
        if (watchers.add(raw, () => leave())) leave = feed.join(facilityId, raw);
      },
    };
  });
  routes.get(
    "/ws/availability",
    async (c, next) => {
      const id = z.uuid().toLowerCase().safeParse(c.req.query("facility_id"));
      if (!id.success) return sendProblem(c, problem(400, "invalid", "must be a UUID", "facility_id"));
      if (!(await deps.isListed(id.data)))
        return sendProblem(c, problem(404, "no_such_facility", "there is no such facility"));
      c.set("facilityId", id.data);
      return await next();
    },
    availability,
    noUpgrade,
  );

  const events = upgradeWebSocket((c: Context<StreamEnv>) => {
    const [facilityId, after, gap] = [c.get("facilityId"), c.get("after"), c.get("gap")];
    return {
      onOpen: (_event, { raw }) => {
        if (!(raw instanceof WebSocket)) return;
        let leave: () => void = () => undefined;
        if (!watchers.add(raw, () => leave())) return;
        if (gap) sendText(raw, JSON.stringify({ kind: "gap", cursor: cursorOf(after) }));
        const stop = hub.watch(facilityId, after, (changes) => {
          for (const change of changes) sendText(raw, messageOf(change));
        });
        const recheck = setInterval(() => void mayStay(), RECHECK_MS);
        const mayStay = async (): Promise<void> => {
          const principal = await identifyStream(c).catch(() => null);
          if (principal === null || !mayWatch(principal, facilityId)) end(raw, 4401, "sign in again");
        };
        leave = () => {
          clearInterval(recheck);
          stop();
        };
      },
    };
  });
  routes.get(
    "/ws/events",
    async (c, next) => {
      const principal = await identifyStream(c);
      if (principal === null) return sendProblem(c, problem(401, "not_signed_in", "sign in first"));
      const id = z.uuid().toLowerCase().safeParse(c.req.query("facility_id"));
      if (!id.success) return sendProblem(c, problem(400, "invalid", "must be a UUID", "facility_id"));
      if (!mayWatch(principal, id.data))
        return sendProblem(c, problem(404, "no_such_facility", "there is no such facility"));
      const cursor = c.req.query("cursor");
      const place = cursor === undefined ? null : readPlace(cursor);
      if (cursor !== undefined && place === null)
        return sendProblem(c, problem(400, "invalid", "is no cursor of this stream", "cursor"));
      const nowMs = clock.wallMs();
      const gap = place !== null && isForgotten(place, nowMs);
      c.set("facilityId", id.data);
      c.set("gap", gap);
      c.set("after", place === null || gap ? await placeOfNow(db, new Date(nowMs)) : place);
      return await next();
    },
    events,
    noUpgrade,
  );
  return routes;
}

function mayWatch(principal: Principal, facilityId: string): boolean {
  const keyMay = principal.keyScopes === null || principal.keyScopes.includes("bookings:read");
  return principal.role !== "driver" && keyMay && runsFacility(principal, facilityId);
}

async function identifyStream(c: Context<StreamEnv>): Promise<Principal | null> {
  const token = PROTOCOL_TOKEN.exec(c.req.header("sec-websocket-protocol") ?? "")?.[1];
  if (token !== undefined) c.req.raw.headers.set("authorization", `Bearer ${token}`);
  // A foreign page can open a web socket with our cookie; the browser says where that page is from.
  const origin = c.req.header("origin");
  const foreign =
    origin !== undefined && token === undefined && new URL(origin).host !== c.req.header("host");
  if (foreign && c.req.header("authorization") === undefined) return null;
  return (await c.get("who")())?.principal ?? null;
}

function messageOf(change: Change): string {
  const { kind, body, atMs } = change;
  return JSON.stringify({ cursor: cursorOf(change), kind, body, at: new Date(atMs).toISOString() });
}
