import { readFile } from "node:fs/promises";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { secureHeaders } from "hono/secure-headers";
import { streamSSE } from "hono/streaming";
import { serveStatic } from "@hono/node-server/serve-static";
import type { z } from "zod";
import { problem } from "@parkme/shared/domain/errors";
import { asId, isUuid, type StayId } from "@parkme/shared/domain/ids";
import {
  cashSchema,
  resetSchema,
  signInSchema,
  vendSchema,
  type KioskSnapshot,
} from "@parkme/shared/protocol/kiosk";
import type { Gate } from "../gate.ts";
import type { Reply } from "../lanes/machine/model.ts";
import type { Pictures } from "../store/pictures.ts";
import type { Store } from "../store/store.ts";
import { cameraRoutes, type CameraRouteOptions } from "./camera-routes.ts";
import { shareBriefly, type Changes } from "./changes.ts";
import { SESSION_MS, type Sessions } from "./sessions.ts";

export type KioskOptions = CameraRouteOptions & {
  readonly gate: Gate;
  readonly store: Store;
  readonly pictures: Pictures;
  readonly sessions: Sessions;
  readonly snapshot: () => KioskSnapshot;
  readonly changes: Changes;
  /** Folder of the built page. */
  readonly pageFolder: string;
  readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
  /** Null when the agent can serve, else why not. */
  readonly unready: () => string | null;
};

type Env = { Variables: { attendant: string } };

const COOKIE = "parkme_session";
const MAX_POST_BYTES = 16_384;
/** A page refreshes at least so often, so that it can tell a quiet gate from a dead line. */
const LIVE_INTERVAL_MS = 1_000;
const MAX_LIVE_CLIENTS = 50;
/** Pages woken by one change are given one snapshot; shorter than the time between two changes told. */
const SHARE_MS = 40;

/** The agent's HTTP interface: the attendant's page and its calls, camera pushes, health and metrics. */
export function createKioskApp(options: KioskOptions): Hono<Env> {
  const app = new Hono<Env>();
  app.use(
    secureHeaders({
      contentSecurityPolicy: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", "data:"],
        styleSrc: ["'self'", "'unsafe-inline'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
      },
      strictTransportSecurity: false,
      referrerPolicy: "no-referrer",
    }),
  );
  healthRoutes(app, options);
  app.route("/cameras", cameraRoutes(options));
  const api = new Hono<Env>();
  api.use(
    bodyLimit({
      maxSize: MAX_POST_BYTES,
      onError: (c) => fail(c, 413, "too_large", "The request is too large."),
    }),
  );
  api.use(async (c, next) => {
    if (c.req.method !== "GET" && c.req.header("x-parkme") !== "1") {
      return fail(c, 403, "foreign_page", "The request lacks the header x-parkme: 1.");
    }
    return await next();
  });
  sessionRoutes(api, options.sessions);
  api.use(async (c, next) => {
    const attendant = options.sessions.nameOf(getCookie(c, COOKIE));
    if (attendant === null) return fail(c, 401, "signed_out", "Please sign in.");
    c.set("attendant", attendant);
    return await next();
  });
  liveRoute(api, options);
  laneRoutes(api, options);
  imageRoute(api, options.pictures);
  app.route("/api", api);
  app.use("/assets/*", async (c, next) => {
    await next();
    if (c.res.ok) c.header("cache-control", "public, max-age=31536000, immutable");
  });
  app.use("*", serveStatic({ root: options.pageFolder }));
  app.notFound((c) => fail(c, 404, "not_found", "There is nothing here."));
  app.onError((error, c) => {
    // A camera's path ends with its key.
    const path = c.req.path.replace(/^(\/cameras\/[^/]+\/).*/, "$1...");
    options.log.error({ err: error, path }, "request failed");
    return fail(c, 500, "internal", "Something went wrong in the agent; it has been logged.");
  });
  return app;
}

function healthRoutes(app: Hono<Env>, options: KioskOptions): void {
  app.get("/healthz", (c) => c.json({ status: "ok" }));
  app.get("/readyz", (c) => {
    const why = options.unready();
    return why === null ? c.json({ status: "ready" }) : c.json({ status: "unready", detail: why }, 503);
  });
  app.get("/metrics", async (c) => {
    const { contentType, text } = await options.metrics();
    return c.body(text, 200, { "content-type": contentType });
  });
}

function sessionRoutes(api: Hono<Env>, sessions: Sessions): void {
  api.post("/session", async (c) => {
    const body = await readBody(c, signInSchema);
    if (!body.ok) return body.response;
    const outcome = await sessions.signIn(body.value.name, body.value.pin, addressOf(c));
    switch (outcome.kind) {
      case "wrong":
        return fail(c, 401, "wrong_pin", "Name and PIN do not match.");
      case "later":
        return fail(c, 429, "too_many_attempts", "Too many wrong PINs. Wait a minute, then try again.");
      case "in":
        setCookie(c, COOKIE, outcome.token, {
          httpOnly: true,
          sameSite: "Strict",
          path: "/",
          maxAge: SESSION_MS / 1000,
        });
        return c.body(null, 204);
      default:
        return outcome satisfies never;
    }
  });
  api.get("/session", (c) => {
    const name = sessions.nameOf(getCookie(c, COOKIE));
    return name === null ? fail(c, 401, "signed_out", "Please sign in.") : c.json({ name });
  });
  api.delete("/session", (c) => {
    sessions.signOut(getCookie(c, COOKIE));
    deleteCookie(c, COOKIE, { path: "/" });
    return c.body(null, 204);
  });
}

function liveRoute(api: Hono<Env>, { snapshot, changes, sessions, log }: KioskOptions): void {
  let clients = 0;
  const shared = shareBriefly(() => JSON.stringify(snapshot()), SHARE_MS);
  api.get("/live", (c) => {
    if (clients >= MAX_LIVE_CLIENTS)
      return fail(c, 503, "too_many_pages", "Too many pages are open on this gate.");
    const token = getCookie(c, COOKIE);
    clients += 1;
    return streamSSE(c, async (stream) => {
      try {
        while (!stream.aborted && sessions.nameOf(token) !== null) {
          // Asked for before the snapshot is taken: a change while it is being written must not be missed.
          const changed = changes.next(LIVE_INTERVAL_MS);
          await stream.writeSSE({ event: "snapshot", data: shared() });
          await changed;
        }
      } catch (error) {
        log.error({ err: error }, "a page's live stream failed");
      } finally {
        clients -= 1;
      }
    });
  });
}

function laneRoutes(api: Hono<Env>, { gate, store, log }: KioskOptions): void {
  api.post("/lanes/:lane/cash", async (c) => {
    const lane = gate.lanes.get(c.req.param("lane"));
    if (lane === undefined) return fail(c, 404, "unknown_lane", "There is no such lane.");
    const body = await readBody(c, cashSchema);
    if (!body.ok) return body.response;
    const { amount_minor: amountMinor, tendered_minor: tenderedMinor, idempotency_key: key } = body.value;
    const stay_id = body.value.stay_id.toLowerCase();
    if (!isUuid(stay_id)) return fail(c, 400, "invalid_body", "Not the id of a stay.", "stay_id");
    const stayId = asId<StayId>(stay_id);
    const taken = store.paymentByKey(key);
    if (taken !== null && taken.stayId !== stayId) {
      return fail(c, 409, "key_reused", "This key took the money of another stay. Nothing was taken.");
    }
    if (taken !== null) return c.json({ payment_id: taken.paymentId, change_minor: taken.changeMinor });
    const actor = c.get("attendant");
    const reply = lane.runner.ask({
      kind: "cash",
      stayId,
      amountMinor,
      tenderedMinor,
      actor,
      idempotencyKey: key,
    });
    if (!reply.ok || reply.payment === null) return refuse(c, reply);
    log.info({ lane: lane.runner.config.name, actor, payment: reply.payment.paymentId }, "cash taken");
    return c.json({ payment_id: reply.payment.paymentId, change_minor: reply.payment.changeMinor });
  });
  api.post("/lanes/:lane/vend", async (c) => {
    const lane = gate.lanes.get(c.req.param("lane"));
    if (lane === undefined) return fail(c, 404, "unknown_lane", "There is no such lane.");
    const body = await readBody(c, vendSchema);
    if (!body.ok) return body.response;
    const { reason, idempotency_key: key } = body.value;
    if (store.vendExists(key)) return c.json({ done: true });
    const reply = lane.runner.ask({ kind: "vend", reason, actor: c.get("attendant"), idempotencyKey: key });
    return reply.ok ? c.json({ done: true }) : refuse(c, reply);
  });
  api.post("/lanes/:lane/reset", async (c) => {
    const lane = gate.lanes.get(c.req.param("lane"));
    if (lane === undefined) return fail(c, 404, "unknown_lane", "There is no such lane.");
    const body = await readBody(c, resetSchema);
    if (!body.ok) return body.response;
    const reply = lane.runner.ask({ kind: "reset", reason: body.value.reason, actor: c.get("attendant") });
    return reply.ok ? c.json({ done: true }) : refuse(c, reply);
  });
}

function imageRoute(api: Hono<Env>, pictures: Pictures): void {
  api.get("/images/:id", async (c) => {
    const path = pictures.pathOf(c.req.param("id"));
    const jpeg = path === null ? null : await readFile(path).catch(() => null);
    if (jpeg === null) return fail(c, 404, "no_picture", "There is no such picture, or it is too old.");
    return c.body(new Uint8Array(jpeg), 200, {
      "content-type": "image/jpeg",
      "cache-control": "private, max-age=86400",
    });
  });
}

function refuse(c: Context<Env>, reply: Reply): Response {
  if (reply.ok) throw new Error("a lane took a payment without saying which");
  return fail(c, reply.code === "store_failed" ? 503 : 409, reply.code, reply.message);
}

type Body<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly response: Response };

async function readBody<T>(c: Context<Env>, schema: z.ZodType<T>): Promise<Body<T>> {
  const json: unknown = await c.req.json().catch(() => undefined);
  const parsed = schema.safeParse(json);
  if (parsed.success) return { ok: true, value: parsed.data };
  const issue = parsed.error.issues[0];
  const field = issue?.path.join(".");
  const response = fail(
    c,
    400,
    "invalid_body",
    issue?.message ?? "The body is not valid.",
    field === "" ? undefined : field,
  );
  return { ok: false, response };
}

type Failure = 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500 | 503;

function fail(c: Context<Env>, status: Failure, code: string, detail: string, field?: string): Response {
  return c.json(problem(status, code, detail, field), status, { "content-type": "application/problem+json" });
}

/** Sign-in failures are counted by the connection's own address: headers can be forged. */
function addressOf(c: Context<Env>): string {
  const incoming = (c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming;
  return incoming?.socket?.remoteAddress ?? "unknown";
}
