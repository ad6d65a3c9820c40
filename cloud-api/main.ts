import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Logger } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import { createMailer, fileSend, smtpSend } from "./accounts/mail.ts";
import type { AccountSettings } from "./accounts/settings.ts";
import { createApp, type CloudApp } from "./app.ts";
import { ENVIRONMENT_HELP, readEnvironment, type CloudConfig } from "./config/environment.ts";
import { describeProblems } from "@parkme/shared/config/yaml-config";
import { readProvisionFile } from "./config/provision-file.ts";
import { readSecret } from "./config/secret-file.ts";
import { loadPage } from "./dashboard/page.ts";
import { openDatabase, withClient, type DatabaseAddress, type Db } from "./db/connection.ts";
import { startEmbeddedDatabase, type EmbeddedDatabase } from "./db/embedded.ts";
import { readDatabaseError } from "./db/errors.ts";
import { openListener, type Listen } from "./db/listener.ts";
import { migrateDatabase } from "./db/migrate.ts";
import { openReplica } from "./db/replica.ts";
import type { QueryWatch } from "./db/watch-queries.ts";
import { provision } from "./facilities/provision.ts";
import { countMovements } from "./fleet/queries.ts";
import { closeServer, openFront, StartRefused, type Front } from "./front.ts";
import { createPictureFiles } from "./fleet/picture-files.ts";
import { createMetrics } from "./metrics.ts";
import type { WebhookReader } from "./payments/provider-event.ts";
import type { Provider } from "./payments/providers/contract.ts";
import { loadProviders } from "./payments/providers/load.ts";
import { razorpayWebhooks } from "./payments/razorpay.ts";
import { startJobs, type RunningJobs } from "./platform/jobs.ts";
import { openPlatform, type Platform } from "./platform/open-platform.ts";
import { createLog } from "./telemetry/log.ts";
import { watchSlow } from "./telemetry/slow-queries.ts";
import type { Tracing } from "./telemetry/tracing.ts";

const HELP = `ParkMe cloud API: takes the events of the edges into PostgreSQL and shows them on a dashboard.

Usage: main.mjs [--help]

${ENVIRONMENT_HELP}

Stops on SIGTERM or SIGINT. The README beside the sources has the routes.`;

/** Beside the bundle first, then beside the source. */
const MIGRATIONS = ["./migrations/", "./db/migrations/"];
const PAGE = ["./dashboard/", "../dist/cloud-api/dashboard/"];

/** Shorter ones can be guessed. */
const MIN_WEBHOOK_SECRET = 16;

const SYSTEM_CLOCK: Clock = { wallMs: Date.now, monotonicMs: () => performance.now() };

/** What has been started so far. */
type Running = {
  front?: Front;
  app?: CloudApp;
  tracing?: Tracing;
  platform?: Platform;
  jobs?: RunningJobs;
  closePool?: () => Promise<void>;
  closeReplica?: () => Promise<void>;
  embedded?: EmbeddedDatabase;
};

async function main(): Promise<void> {
  if (process.argv.includes("--help") || process.argv.includes("-h")) {
    console.log(HELP);
    return;
  }
  const config = readEnvironment(process.env);
  if (!config.ok) {
    console.error(`the configuration is not right:\n${config.error.join("\n  ")}`);
    process.exitCode = 1;
    return;
  }
  const log = createLog(config.value.logLevel);

  const running: Running = {};
  let ending = false;
  const end = async (code: number, why: string) => {
    if (ending) return;
    ending = true;
    log.info({ event: "stopping" }, why);
    await stop(running).catch((error: unknown) => log.error({ err: error }, "while stopping"));
    log.info({ event: "stopped" }, "stopped");
    process.exit(code);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void end(0, signal));
  const crash = (error: unknown) => {
    log.fatal({ err: error }, "a bug: the program cannot go on");
    void end(1, "crash");
  };
  process.on("uncaughtException", crash);
  process.on("unhandledRejection", crash);

  try {
    await start(config.value, log, running, (why) => void end(1, why));
  } catch (error) {
    if (ending) return;
    console.error(error instanceof StartRefused ? error.message : error);
    await end(1, "not started");
  }
}

/** Starts everything in the order in which it depends on each other; `fail` ends the program later. */
async function start(
  config: CloudConfig,
  log: Logger,
  running: Running,
  fail: (why: string) => void,
): Promise<void> {
  // The port first: a second start of the same program ends here, before it touches the first one's database.
  const front = await openFront(config.host, config.port);
  running.front = front;

  const provisionFile = config.provisionPath === null ? null : await readProvisionFile(config.provisionPath);
  if (provisionFile?.ok === false) {
    throw new StartRefused(
      `the provisioning file is not right:\n${describeProblems(config.provisionPath ?? "", provisionFile.error)}`,
    );
  }

  const { otlpUrl, slowQueryMs } = config.platform;
  if (otlpUrl !== null) running.tracing = (await import("./telemetry/tracing.ts")).startTracing(otlpUrl);

  const { database } = config;
  let address: DatabaseAddress;
  if ("url" in database) address = database.url;
  else {
    const serverLog = logLine(log.child({ part: "postgres" }));
    running.embedded = await orRefuse("the database does not start", () =>
      startEmbeddedDatabase(database.dataDir, serverLog),
    );
    void running.embedded.died.then(fail);
    address = running.embedded.connection;
  }
  const folder = findFolder(MIGRATIONS, "meta/_journal.json");
  if (folder === null) throw new StartRefused(`the migrations are missing beside ${import.meta.filename}`);
  const migrations = await orRefuse("the database cannot be used", () =>
    withClient(address, (client) => migrateDatabase(client, folder)),
  );
  if (!migrations.ok) throw new StartRefused(migrations.error);

  let observe: QueryWatch = () => undefined;
  const { db, close } = openDatabase(
    address,
    (error) => log.warn({ err: error }, "a database connection was lost"),
    watchSlow(log, slowQueryMs, (statement, ms) => observe(statement, ms)),
  );
  running.closePool = close;
  const replica = openReplicaOf(config.replicaUrl, db, log);
  if (replica !== null) running.closeReplica = replica.close;
  if (provisionFile !== null) {
    await orRefuse("the provisioning file cannot be applied", () => provision(db, provisionFile.value));
  }

  const metrics = createMetrics(await countMovements(db));
  observe = metrics.api.query;
  running.platform = await orRefuse("the platform cannot be opened", () =>
    openPlatform(config.platform, { clock: SYSTEM_CLOCK, metrics: metrics.api, log, password: readPassword }),
  );
  const listen: Listen = (channel, events) => openListener(address, channel, events);
  running.app = await createApp({
    db,
    ...(replica === null ? {} : { replica: replica.db }),
    clock: SYSTEM_CLOCK,
    log,
    metrics,
    accounts: accountsOf(config, log),
    platform: running.platform,
    page: await findPage(log),
    pictures: createPictureFiles(config.picturesDir),
    webhooks: await readWebhooks(config),
    providers: await readProviders(config),
    migrations: migrations.value,
    listen,
  });
  const { jobs } = running.app;
  running.jobs = await orRefuse("the background work cannot be started", () =>
    startJobs({ db, log, clock: SYSTEM_CLOCK, listen, jobs }),
  );
  front.serve(running.app);
  log.info({ event: "ready", host: config.host, port: front.port }, "ready");
}

/** Reports go on without it. */
function openReplicaOf(url: string | null, primary: Db, log: Logger) {
  if (url === null) return null;
  const events = {
    away: (error: unknown) =>
      log.warn({ err: error }, "the replica is away: the primary answers in its place"),
    back: () => log.info({ event: "replica back" }, "the replica is back"),
  };
  return openReplica(url, primary, events, { nowMs: SYSTEM_CLOCK.monotonicMs });
}

function accountsOf(config: CloudConfig, log: Logger): AccountSettings {
  const { smtpUrl, mailFrom, mailDir, publicUrl, secondFactor } = config.accounts;
  const send = smtpUrl === null ? fileSend(mailDir, mailFrom) : smtpSend(smtpUrl, mailFrom);
  return { mail: createMailer(send, log), publicUrl, secondFactor };
}

/** The payment providers that are set up; undefined = cash alone. */
async function readProviders({ paymentsPath }: CloudConfig): Promise<readonly Provider[] | undefined> {
  if (paymentsPath === null) return undefined;
  const providers = await loadProviders(paymentsPath);
  if (providers.ok) return providers.value;
  throw new StartRefused(
    `the payment providers are not right:\n${describeProblems(paymentsPath, providers.error)}`,
  );
}

/** Providers of which only the webhooks are set up. */
async function readWebhooks({ razorpaySecretPath }: CloudConfig): Promise<WebhookReader[]> {
  if (razorpaySecretPath === null) return [];
  const secret = await readSecret(razorpaySecretPath, MIN_WEBHOOK_SECRET);
  if (!secret.ok) throw new StartRefused(`the secret of Razorpay's webhooks: ${secret.error}`);
  return [razorpayWebhooks(secret.value)];
}

async function readPassword(path: string) {
  return await readSecret(path, 1);
}

/** What goes wrong with the database at the start is told in words; the log has the rest. */
async function orRefuse<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const why = readDatabaseError(error)?.message ?? (error instanceof Error ? error.message : String(error));
    throw new StartRefused(`${what}: ${why}`, { cause: error });
  }
}

/** The reverse: nothing new comes in, what runs is finished, then its ground is taken away. */
async function stop({
  front,
  app,
  jobs,
  platform,
  tracing,
  closeReplica,
  closePool,
  embedded,
}: Running): Promise<void> {
  app?.close();
  if (front !== undefined) await closeServer(front.server);
  await jobs?.close();
  await platform?.close();
  await tracing?.close();
  await closeReplica?.();
  await closePool?.();
  await embedded?.stop();
}

/** PostgreSQL's own log inside ours: what went wrong is seen, the rest when asked for. */
function logLine(log: Logger): (line: string) => void {
  return (line) => {
    if (/\b(FATAL|PANIC|ERROR|WARNING):/.test(line)) log.warn(line);
    else log.debug(line);
  };
}

async function findPage(log: Logger) {
  const folder = findFolder(PAGE, "index.html");
  if (folder !== null) return await loadPage(folder);
  log.warn("the dashboard page was not built: npm run build");
  return null;
}

function findFolder(candidates: readonly string[], file: string): string | null {
  const folders = candidates.map((candidate) => fileURLToPath(new URL(candidate, import.meta.url)));
  return folders.find((folder) => existsSync(`${folder}${file}`)) ?? null;
}

await main();
