import { readFile } from "node:fs/promises";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { secureHeaders } from "hono/secure-headers";
import { serveStatic } from "@hono/node-server/serve-static";
import { receiptRoutes, type ReceiptRouteOptions } from "../receipts/routes.ts";
import type { Pictures } from "../store/pictures.ts";
import { isStoreTrouble } from "../store/store-trouble.ts";
import { cameraRoutes, type CameraRouteOptions } from "./camera-routes.ts";
import { deskRoutes, type DeskRouteOptions } from "./desk-routes.ts";
import { fail, type Env } from "./http.ts";
import { laneRoutes, type LaneRouteOptions } from "./lane-routes.ts";
import { liveRoute, type LiveOptions } from "./live-route.ts";
import { merchantRoutes, type MerchantRouteOptions } from "./merchant-routes.ts";
import { payRoutes, type PayRouteOptions } from "./pay-routes.ts";
import { attendantsOnly, requireSession, sessionRoutes } from "./session-routes.ts";
import { shiftRoutes, type ShiftRouteOptions } from "./shift-routes.ts";
import { stayRoutes, type StayRouteOptions } from "./stay-routes.ts";

export type KioskOptions = CameraRouteOptions &
  LiveOptions &
  LaneRouteOptions &
  DeskRouteOptions &
  MerchantRouteOptions &
  StayRouteOptions &
  PayRouteOptions &
  ShiftRouteOptions & {
    readonly receipts: ReceiptRouteOptions;
    readonly pictures: Pick<Pictures, "pathOf">;
    /** Folder of the built page. */
    readonly pageFolder: string;
    readonly metrics: () => Promise<{ readonly contentType: string; readonly text: string }>;
    /** Null when the agent can serve, else why not. */
    readonly unready: () => string | null;
  };

const MAX_POST_BYTES = 16_384;

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
  app.route("/api", attendantApi(options));
  receiptRoutes(app, options.receipts);
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
    if (isStoreTrouble(error))
      return fail(
        c,
        503,
        "store_failed",
        "The gate could not write this down, so it was not done: its disk refuses.",
      );
    return fail(c, 500, "internal", "Something went wrong in the agent; it has been logged.");
  });
  return app;
}

/** The attendant's calls, under `/api`. */
function attendantApi(options: KioskOptions): Hono<Env> {
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
  requireSession(api, options.sessions);
  merchantRoutes(api, options);
  attendantsOnly(api);
  liveRoute(api, options);
  laneRoutes(api, options);
  deskRoutes(api, options);
  stayRoutes(api, options);
  payRoutes(api, options);
  shiftRoutes(api, options);
  imageRoute(api, options.pictures);
  return api;
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

function imageRoute(api: Hono<Env>, pictures: KioskOptions["pictures"]): void {
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
