import { randomUUID } from "node:crypto";
import { Hono, type MiddlewareHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import { requestId } from "hono/request-id";
import { NONCE, secureHeaders } from "hono/secure-headers";
import { routePath } from "hono/route";
import type { Logger } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { accountRoutes } from "./accounts/routes.ts";
import { createLiveDashboard } from "./dashboard/live.ts";
import { pageRoutes, type Page } from "./dashboard/page.ts";
import { dashboardRoutes } from "./dashboard/routes.ts";
import { composeSnapshot } from "./dashboard/snapshot.ts";
import type { Db } from "./db/connection.ts";
import { isUnavailable, readDatabaseError } from "./db/errors.ts";
import { fleetRoutes } from "./fleet/routes.ts";
import { healthRoutes } from "./health.ts";
import { sendProblem, type AppEnv } from "./http.ts";
import type { CloudMetrics } from "./metrics.ts";
import type { WebhookReader } from "./payments/provider-event.ts";
import { paymentRoutes } from "./payments/routes.ts";
import { readOrganisationDay } from "./reports/queries.ts";
import { reportRoutes } from "./reports/routes.ts";

export type AppDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: CloudMetrics;
  /** Null when it was not built. */
  readonly page: Page | null;
  /** Payment providers that report to us. */
  readonly webhooks?: readonly WebhookReader[];
  /** How many migrations this version's schema has. */
  readonly migrations: number;
};

export type CloudApp = {
  readonly fetch: Hono<AppEnv>["fetch"];
  readonly request: Hono<AppEnv>["request"];
  /** Ends what would otherwise stay open: the dashboards' streams. */
  readonly close: () => void;
};

/** The HTTP interface of the cloud, on the given database. */
export async function createApp(deps: AppDeps): Promise<CloudApp> {
  const { db, clock, log, metrics, page, migrations, webhooks = [] } = deps;
  const loadSnapshot = async (organisationId: string) => {
    const nowMs = clock.wallMs();
    const day = await readOrganisationDay(db, organisationId, new Date(nowMs));
    return JSON.stringify(composeSnapshot(day, page?.version ?? "", nowMs));
  };
  // Changes are told inside this process. With several API processes, the place to listen to the others' is here.
  const live = createLiveDashboard(loadSnapshot, (error) => log.error(withoutRows(error), "no snapshot"));

  const app = new Hono<AppEnv>({ strict: false });
  app.use(requestId(), SECURITY_HEADERS, logRequests(log));
  app.route("/", healthRoutes({ db, registry: metrics.registry, migrations }));
  app.route("/", fleetRoutes({ db, clock, metrics, onChange: live.changed }));
  app.route("/", paymentRoutes({ db, clock, log, webhooks, mintId: randomUUID }));
  app.route("/", await accountRoutes({ db, clock }));
  app.route("/", dashboardRoutes({ db, clock, live, loadSnapshot }));
  app.route("/", reportRoutes({ db, clock }));
  app.route("/", pageRoutes(page));

  app.notFound((c) => sendProblem(c, problem(404, "not_found", "there is nothing at this address")));
  app.onError((error, c) => {
    if (error instanceof HTTPException) {
      return sendProblem(c, problem(error.status, "refused", error.message || "the request was refused"));
    }
    log.error({ ...withoutRows(error), requestId: c.get("requestId") }, "request failed");
    if (!isUnavailable(error))
      return sendProblem(c, problem(500, "internal", "this should not have happened"));
    c.header("retry-after", "2");
    return sendProblem(c, problem(503, "database_away", "the database does not answer; try again"));
  });
  return { fetch: app.fetch, request: app.request, close: live.close };
}

/** Everything the page needs comes from here; the nonce is for the styles that its components write. */
const SECURITY_HEADERS = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'", NONCE],
    imgSrc: ["'self'", "data:"],
    fontSrc: ["'self'"],
    connectSrc: ["'self'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: "DENY",
  permissionsPolicy: { camera: [], geolocation: [], microphone: [], payment: [], usb: [] },
  // TLS, and the promise to keep to it, belong to the proxy.
  strictTransportSecurity: false,
});

/** One line for each request: what was asked and answered, never what was in it. */
function logRequests(log: Logger): MiddlewareHandler<AppEnv> {
  return async (c, next) => {
    const startedMs = performance.now();
    await next();
    const { status } = c.res;
    const level = status >= 500 ? "error" : status >= 400 ? "warn" : "debug";
    const ms = Math.round((performance.now() - startedMs) * 10) / 10;
    log[level](
      { requestId: c.get("requestId"), method: c.req.method, route: routePath(c, -1), status, ms },
      "request",
    );
  };
}

/** The query builder's errors quote the statement's parameters, which hold plates: only the cause is logged. */
function withoutRows(error: unknown): Record<string, unknown> {
  const known = readDatabaseError(error);
  if (known !== null) return { database: known };
  return { err: error instanceof Error && error.cause instanceof Error ? error.cause : error };
}
