import { createAdaptorServer } from "@hono/node-server";
import { existsSync } from "node:fs";
import { once } from "node:events";
import type { Server } from "node:http";
import { fileURLToPath } from "node:url";
import { pino, type Logger } from "pino";
import { problem } from "@parkme/shared/domain/errors";
import type { Clock } from "@parkme/shared/domain/clock";
import { createApp, type CloudApp } from "./app.ts";
import { ENVIRONMENT_HELP, readEnvironment, type CloudConfig } from "./config/environment.ts";
import { readProvisionFile } from "./config/provision-file.ts";
import { loadPage } from "./dashboard/page.ts";
import { openDatabase, withClient, type DatabaseAddress } from "./db/connection.ts";
import { startEmbeddedDatabase, type EmbeddedDatabase } from "./db/embedded.ts";
import { migrateDatabase } from "./db/migrate.ts";
import { provision } from "./facilities/provision.ts";
import { countMovements } from "./fleet/queries.ts";
import { createMetrics } from "./metrics.ts";

const HELP = `ParkMe cloud API: takes the events of the edges into PostgreSQL and shows them on a dashboard.

Usage: main.mjs [--help]

${ENVIRONMENT_HELP}

Stops on SIGTERM or SIGINT. The README beside the sources has the routes.`;

/** Beside the bundle first, then beside the source. */
const MIGRATIONS = ["./migrations/", "./db/migrations/"];
const PAGE = ["./dashboard/", "../dist/cloud-api/dashboard/"];

const SYSTEM_CLOCK: Clock = { wallMs: Date.now, monotonicMs: () => performance.now() };
/** Requests still running when the program is told to stop get this long. */
const DRAIN_MS = 5_000;

/** A reason not to start that the reader of the message can remove. */
class StartRefused extends Error {}

/** What has been started so far. */
type Running = {
  front?: Front;
  app?: CloudApp;
  closePool?: () => Promise<void>;
  embedded?: EmbeddedDatabase;
};

async function main(): Promise<void> {
  if (process.argv.includes("--help") || process.argv.includes("-h")) {
    console.log(HELP);
    return;
  }
  const config = readEnvironment(process.env);
  if (!config.ok) {
    console.error(`the configuration is not right:\n  ${config.error.join("\n  ")}`);
    process.exitCode = 1;
    return;
  }
  const log = pino({ name: "cloud-api", level: config.value.logLevel });

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
  const front = await openFront(config);
  running.front = front;

  const provisionFile = config.provisionPath === null ? null : await readProvisionFile(config.provisionPath);
  if (provisionFile?.ok === false) {
    throw new StartRefused(`the provisioning file is not right:\n  ${provisionFile.error.join("\n  ")}`);
  }

  let address: DatabaseAddress;
  if ("url" in config.database) address = config.database.url;
  else {
    running.embedded = await startEmbeddedDatabase(
      config.database.dataDir,
      logLine(log.child({ part: "postgres" })),
    );
    void running.embedded.died.then(fail);
    address = running.embedded.connection;
  }
  const folder = findFolder(MIGRATIONS, "meta/_journal.json");
  if (folder === null) throw new StartRefused(`the migrations are missing beside ${import.meta.filename}`);
  const migrations = await withClient(address, (client) => migrateDatabase(client, folder));
  if (!migrations.ok) throw new StartRefused(migrations.error);

  const { db, close } = openDatabase(address, (error) =>
    log.warn({ err: error }, "a database connection was lost"),
  );
  running.closePool = close;
  if (provisionFile !== null) await provision(db, provisionFile.value);

  running.app = await createApp({
    db,
    clock: SYSTEM_CLOCK,
    log,
    metrics: createMetrics(await countMovements(db)),
    page: await findPage(log),
    migrations: migrations.value,
  });
  front.serve(running.app);
  log.info({ event: "ready", host: config.host, port: front.port }, "ready");
}

/** The reverse: nothing new comes in, what runs is finished, then its ground is taken away. */
async function stop({ front, app, closePool, embedded }: Running): Promise<void> {
  app?.close();
  if (front !== undefined) await closeServer(front.server);
  await closePool?.();
  await embedded?.stop();
}

type Front = { readonly server: Server; readonly port: number; readonly serve: (app: CloudApp) => void };

/** Listens at once, and answers 503 until there is an app: a long recovery of the database looks like what it is. */
async function openFront({ host, port }: CloudConfig): Promise<Front> {
  let app: CloudApp | null = null;
  const server = createAdaptorServer({
    fetch: (request, env) => app?.fetch(request, env) ?? startingResponse(request),
  }) as Server;
  server.requestTimeout = 30_000;
  server.listen(port, host);
  try {
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    const reasons: Record<string, string> = {
      EADDRINUSE: `port ${port} on ${host} is in use: set PARKME_CLOUD_PORT to another port`,
      EACCES: `port ${port} on ${host} is not allowed for this user: set PARKME_CLOUD_PORT to one above 1023`,
      EADDRNOTAVAIL: `${host} is not an address of this machine: set PARKME_CLOUD_HOST`,
    };
    throw new StartRefused(reasons[code] ?? `cannot listen on ${host}:${port}: ${String(error)}`);
  }
  const address = server.address();
  return {
    server,
    port: typeof address === "object" && address !== null ? address.port : port,
    serve(ready) {
      app = ready;
    },
  };
}

function startingResponse(request: Request): Response {
  if (new URL(request.url).pathname.replace(/\/$/, "") === "/healthz") return Response.json({ status: "ok" });
  const body = problem(503, "starting", "the database is being started");
  const headers = { "content-type": "application/problem+json", "retry-after": "1" };
  return new Response(JSON.stringify(body), { status: 503, headers });
}

async function closeServer(server: Server): Promise<void> {
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const impatience = setTimeout(() => server.closeAllConnections(), DRAIN_MS);
  await closed;
  clearTimeout(impatience);
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
