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
import { capacityRoutes } from "./capacity/routes.ts";
import { createLiveDashboard } from "./dashboard/live.ts";
import { pageRoutes, type Page } from "./dashboard/page.ts";
import { dashboardRoutes } from "./dashboard/routes.ts";
import { composeSnapshot } from "./dashboard/snapshot.ts";
import type { Db } from "./db/connection.ts";
import { isUnavailable, readDatabaseError } from "./db/errors.ts";
import type { Listen } from "./db/listener.ts";
import { commandRoutes } from "./fleet/commands.ts";
import { createHints } from "./fleet/downlink-hints.ts";
import { downlinkRoutes } from "./fleet/downlink.ts";
import { createEdgeSockets } from "./fleet/edge-sockets.ts";
import { linkRoutes } from "./fleet/link-routes.ts";
import { liveRoutes } from "./fleet/live-state.ts";
import { enrolmentRoutes } from "./fleet/enrolment-routes.ts";
import { edgeEqualityRoutes, equalityRoutes } from "./fleet/equality-routes.ts";
import { edgeManifestRoutes, manifestRoutes } from "./fleet/manifest-routes.ts";
import type { PictureFiles } from "./fleet/picture-files.ts";
import { edgePictureRoutes, pictureRoutes } from "./fleet/picture-routes.ts";
import { fleetRoutes } from "./fleet/routes.ts";
import { healthRoutes } from "./health.ts";
import { sendProblem, type AppEnv } from "./http.ts";
import type { CloudMetrics } from "./metrics.ts";
import type { WebhookReader } from "./payments/provider-event.ts";
import { tellPaymentsOfBefore } from "./payments/queries.ts";
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
  /** Where the pictures of the edges lie; left out, none are taken. */
  readonly pictures?: PictureFiles;
  /** How many migrations this version's schema has. */
  readonly migrations: number;
  /** Hears what the API processes tell each other through the database. */
  readonly listen: Listen;
  /** How often edges' web sockets are pinged; see shared/protocol/downlink. */
  readonly pingMs?: number;
};

export type CloudApp = {
  readonly fetch: Hono<AppEnv>["fetch"];
  readonly request: Hono<AppEnv>["request"];
  /** Ends what would otherwise stay open: the dashboards' streams, the edges' web sockets. */
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
  const told = await tellPaymentsOfBefore(db, new Date(clock.wallMs()));
  if (told > 0) log.info({ told }, "online payments of before went into the downlink");
  const sockets = createEdgeSockets(deps);

  const app = new Hono<AppEnv>({ strict: false });
  app.use(requestId(), SECURITY_HEADERS, logRequests(log));
  app.route("/", healthRoutes({ db, registry: metrics.registry, migrations }));
  app.route("/", edgeEqualityRoutes({ db, clock }));
  app.route("/", equalityRoutes({ db, clock }));
  app.route("/", edgeManifestRoutes({ db, clock }));
  app.route("/", manifestRoutes({ db, clock }));
  app.route("/", fleetRoutes({ db, clock, metrics, onChange: live.changed }));
  app.route("/", downlinkRoutes({ db, clock }));
  app.route("/", liveRoutes({ db, clock, sockets, onChange: live.changed, log }));
  app.route("/", commandRoutes({ db, clock }));
  app.route("/", linkRoutes({ db, clock }));
  app.route("/", capacityRoutes({ db, clock }));
  if (deps.pictures !== undefined) {
    app.route("/", edgePictureRoutes({ db, clock, files: deps.pictures }));
    app.route("/", pictureRoutes({ db, clock, files: deps.pictures }));
  }
  app.route("/", paymentRoutes({ db, clock, log, webhooks, mintId: randomUUID }));
  app.route("/", await accountRoutes({ db, clock }));
  app.route("/", enrolmentRoutes({ db, clock }));
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
  const hints = createHints({ listen: deps.listen, hint: sockets.hint, hintAll: sockets.hintAll, log });
  const close = (): void => {
    hints.close();
    live.close();
    sockets.close();
  };
  return { fetch: app.fetch, request: app.request, close };
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
