import { Hono } from "hono";
import type { Registry } from "prom-client";
import { problem } from "@parkme/shared/domain/errors";
import type { Db } from "./db/connection.ts";
import { countMigrations } from "./db/migrate.ts";
import { sendProblem, type AppEnv } from "./http.ts";

type HealthDeps = { readonly db: Db; readonly registry: Registry; readonly migrations: number };

const READY_TIMEOUT_MS = 2_000;

/**
 * `/healthz`: the process answers. `/readyz`: the database answers too, and has this version's schema (`migrations`
 * is their number). `/metrics`: Prometheus' text.
 */
export function healthRoutes({ db, registry, migrations }: HealthDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>({ strict: false });

  routes.get("/healthz", (c) => c.json({ status: "ok" }));

  routes.get("/readyz", async (c) => {
    const applied = await Promise.race([countMigrations(db).catch(() => null), timeout()]);
    if (applied === null)
      return sendProblem(c, problem(503, "database_away", "the database does not answer"));
    if (applied < migrations) {
      return sendProblem(c, problem(503, "not_migrated", `${migrations - applied} migration(s) are missing`));
    }
    return c.json({ status: "ready" });
  });

  routes.get("/metrics", async (c) =>
    c.body(await registry.metrics(), 200, { "content-type": registry.contentType }),
  );

  return routes;
}

function timeout(): Promise<null> {
  return new Promise((done) => setTimeout(() => done(null), READY_TIMEOUT_MS).unref());
}
