import { Hono } from "hono";
import { requestId } from "hono/request-id";
import type { Logger } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import { knowWho } from "./accounts/guard.ts";
import { createIdentify } from "./accounts/identify.ts";
import { findKey } from "./accounts/keys.queries.ts";
import { createPasswordDesk } from "./accounts/password-desk.ts";
import { accountRoutes } from "./accounts/routes.ts";
import { NO_MAIL, type AccountSettings } from "./accounts/settings.ts";
import { capacityRoutes } from "./capacity/routes.ts";
import { createAvailabilityReader } from "./availability/reader.ts";
import { createLiveDashboard, type LiveDashboard } from "./dashboard/live.ts";
import { pageRoutes, type Page } from "./dashboard/page.ts";
import { dashboardRoutes, EVERY_ORGANISATION } from "./dashboard/routes.ts";
import { composeSnapshot } from "./dashboard/snapshot.ts";
import type { Db } from "./db/connection.ts";
import type { Listen } from "./db/listener.ts";
import type { DomainDeps } from "./domain-deps.ts";
import { addDomains, jobsOf } from "./domains.ts";
import { createFacilityReader, type FacilityReader } from "./facilities/reader.ts";
import { createAvailabilityFeed } from "./live/availability-feed.ts";
import { createChangeHints } from "./live/change-hints.queries.ts";
import { createChangeHub } from "./live/change-hub.ts";
import { liveStreamRoutes } from "./live/routes.ts";
import { createWatchers } from "./live/watchers.ts";
import type { Edge } from "./fleet/queries.ts";
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
import type { AppEnv } from "./http.ts";
import type { CloudMetrics } from "./metrics.ts";
import type { WebhookReader } from "./payments/provider-event.ts";
import { tellPaymentsOfBefore } from "./payments/queries.ts";
import type { Provider } from "./payments/providers/contract.ts";
import type { Job } from "./platform/job.ts";
import { createApi, type Api } from "./platform/api.ts";
import { docsRoutes } from "./platform/docs.ts";
import { composeDocument } from "./platform/document.ts";
import { answerErrors, nothingThere } from "./platform/errors.ts";
import { listenToForget } from "./platform/forgetting.ts";
import { apiHeaders, foreignPages, securityHeaders } from "./platform/headers.ts";
import { noteAddress, plainPlatform, type Platform } from "./platform/open-platform.ts";
import { readOrganisationDay } from "./reports/queries.ts";
import { reportRoutes } from "./reports/routes.ts";
import { addBusinessMetrics } from "./telemetry/business-metrics.ts";
import { logRequests } from "./telemetry/request-log.ts";
import { traceRequests } from "./telemetry/trace-requests.ts";
import { VERSION } from "./version.ts";

export type AppDeps = {
  readonly db: Db;
  /** A copy of it that only reports read; left out: `db`. */
  readonly replica?: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: CloudMetrics;
  /** Null when it was not built. */
  readonly page: Page | null;
  /** Payment providers that report to us. */
  readonly webhooks?: readonly WebhookReader[];
  /** Payment providers that payments are begun with; left out: cash alone. */
  readonly providers?: readonly Provider[] | undefined;
  /** Where the pictures of the edges lie; left out, none are taken. */
  readonly pictures?: PictureFiles;
  /** How many migrations this version's schema has. */
  readonly migrations: number;
  /** Hears what the API processes tell each other through the database. */
  readonly listen: Listen;
  /** How often edges' web sockets are pinged; see shared/protocol/downlink. */
  readonly pingMs?: number;
  /** Mails, and who must have a second factor; left out: nothing is mailed, and nobody must. */
  readonly accounts?: AccountSettings;
  /** Limits, caches, foreign pages; left out: none, and a cache of this process. */
  readonly platform?: Platform;
  /** Holds the API's answers against their schemas: for tests. */
  readonly checkAnswers?: boolean;
};

export type CloudApp = {
  readonly fetch: Hono<AppEnv>["fetch"];
  readonly request: Hono<AppEnv>["request"];
  /** The calls of the public API. */
  readonly api: Pick<Api, "calls">;
  /** All that it answers, as the router has it. */
  readonly routes: readonly { readonly method: string; readonly path: string }[];
  /** What runs in the background; whoever starts the app runs it. */
  readonly jobs: readonly Job[];
  /** Ends what would otherwise stay open: the dashboards' streams, the edges' web sockets. */
  readonly close: () => void;
};

function showChange(live: LiveDashboard, organisationId: string): void {
  live.changed(organisationId);
  live.changed(EVERY_ORGANISATION);
}

/** Anybody may see it. */
function isListed(facilities: FacilityReader): (facilityId: string) => Promise<boolean> {
  return async (facilityId) => {
    const facility = await facilities.find(facilityId);
    return facility !== null && facility.listed && facility.closedAt === null;
  };
}

/** The HTTP interface of the cloud, on the given database. */
export async function createApp(deps: AppDeps): Promise<CloudApp> {
  const { db, clock, log, metrics, page, migrations, webhooks } = deps;
  const loadSnapshot = async (room: string) => {
    const nowMs = clock.wallMs();
    const organisationId = room === EVERY_ORGANISATION ? null : room;
    const day = await readOrganisationDay(db, organisationId, new Date(nowMs));
    return JSON.stringify(composeSnapshot(day, page?.version ?? "", nowMs));
  };
  const live = createLiveDashboard(loadSnapshot, (error) => log.error({ err: error }, "no snapshot"));
  const hub = createChangeHub(deps);
  const hint = createChangeHints(db, {
    counts: true,
    lost: (error) => log.warn({ err: error }, "who watches a facility hears of a change later"),
  });
  const onChange = ({ organisationId, facilityId }: Edge): void => {
    showChange(live, organisationId);
    hint(facilityId);
  };
  const told = await tellPaymentsOfBefore(db, new Date(clock.wallMs()));
  if (told > 0) log.info({ told }, "online payments of before went into the downlink");
  const sockets = createEdgeSockets(deps);

  const platform = deps.platform ?? plainPlatform({ clock, metrics: metrics.api });
  const { cache, limit, corsOrigins } = platform;
  const forgetting = listenToForget(deps.listen, cache, (error) =>
    log.warn({ err: error }, "what other processes changed cannot be heard"),
  );
  await forgetting.ready;
  addBusinessMetrics(metrics.registry, { db, clock });
  const settings = deps.accounts ?? NO_MAIL;
  const accounts = { ...settings, desk: await createPasswordDesk(db, settings.secondFactor) };
  const identify = createIdentify({ db, clock, cache, findKey: (token, now) => findKey(db, token, now) });
  const api = createApi({
    db,
    clock,
    identify: async (c) => (await identify(c))?.principal ?? null,
    limit,
    cache,
    checkAnswers: deps.checkAnswers ?? false,
  });
  const domains: DomainDeps = {
    db,
    replica: deps.replica,
    clock,
    log,
    cache,
    accounts,
    pictures: deps.pictures,
    providers: deps.providers,
    webhooks,
  };
  await addDomains(api, domains);
  const facilities = createFacilityReader({ db, cache });
  const availability = createAvailabilityReader({ db, cache });
  hub.onAny(async (facilityId) => {
    if (facilityId === null) return;
    const facility = await facilities.find(facilityId);
    if (facility !== null) showChange(live, facility.organisationId);
  });
  const watchers = createWatchers();
  const feed = createAvailabilityFeed({ hub, read: availability.read, log });
  const app = new Hono<AppEnv>({ strict: false });
  app.use(requestId(), noteAddress(platform), securityHeaders, traceRequests, logRequests(log, metrics.api));
  app.use(knowWho(identify, limit));
  app.use("/api/*", apiHeaders);
  if (corsOrigins.length > 0) app.use("/api/*", foreignPages(corsOrigins));
  app.route("/", healthRoutes({ db, registry: metrics.registry, migrations }));
  app.route("/", edgeEqualityRoutes({ db, clock }));
  app.route("/", equalityRoutes({ db, clock }));
  app.route("/", edgeManifestRoutes({ db, clock }));
  app.route("/", manifestRoutes({ db, clock }));
  app.route("/", fleetRoutes({ db, clock, metrics, onChange }));
  app.route("/", downlinkRoutes({ db, clock }));
  app.route("/", liveRoutes({ db, clock, sockets, onChange, log }));
  app.route("/", commandRoutes({ db, clock }));
  app.route("/", linkRoutes({ db, clock }));
  app.route("/", capacityRoutes({ db, clock }));
  if (deps.pictures !== undefined) {
    app.route("/", edgePictureRoutes({ db, clock, files: deps.pictures }));
    app.route("/", pictureRoutes({ db, clock, files: deps.pictures }));
  }
  app.route("/", accountRoutes({ db, clock, desk: accounts.desk }));
  app.route("/", enrolmentRoutes({ db, clock }));
  app.route("/", dashboardRoutes({ live, loadSnapshot }));
  app.route("/", reportRoutes({ db }));
  app.route("/", liveStreamRoutes({ db, clock, hub, feed, watchers, isListed: isListed(facilities) }));
  app.route("/", api.routes);
  app.route(
    "/",
    docsRoutes(() => composeDocument(api.routes, VERSION)),
  );
  app.route("/", pageRoutes(page));

  app.notFound(nothingThere);
  app.onError(answerErrors(log));
  const hints = createHints({ listen: deps.listen, hint: sockets.hint, hintAll: sockets.hintAll, log });
  const close = (): void => {
    forgetting.close();
    hints.close();
    live.close();
    sockets.close();
    watchers.close();
    hub.close();
  };
  return { fetch: app.fetch, request: app.request, api, routes: app.routes, jobs: jobsOf(domains), close };
}
