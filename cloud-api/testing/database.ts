import { randomUUID } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject } from "vitest";
import { withClient } from "../db/connection.ts";
import { startEmbeddedDatabase, type DatabaseConnection } from "../db/embedded.ts";
import type { SharedServer } from "./shared-server.ts";

/** A database of a test's own. */
export type TestDatabase = { readonly address: DatabaseConnection; readonly stop: () => Promise<void> };

/** An empty one, on a PostgreSQL server in a folder of its own: for tests that do something to the server. */
export async function startTestServer(): Promise<TestDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "parkme-cloud-"));
  const server = await startEmbeddedDatabase(folder, () => undefined);
  return {
    address: server.connection,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** An empty one. */
export async function startTestDatabase(): Promise<TestDatabase> {
  return await makeDatabase("template1");
}

/** One that is migrated, where the run has a server for all; else an empty one. */
export async function startMigratedDatabase(): Promise<TestDatabase> {
  return await makeDatabase(null);
}

/** @param template null = the one that is migrated. */
async function makeDatabase(template: string | null): Promise<TestDatabase> {
  const shared = sharedServer();
  if (shared === undefined) return await startTestServer();
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await withClient(shared.address, (client) =>
    client.query(`create database ${name} template ${template ?? shared.template}`),
  );
  return {
    address: { ...shared.address, database: name },
    stop: async () =>
      void (await withClient(shared.address, (client) => client.query(`drop database ${name} with (force)`))),
  };
}

/** The run's server; only the fast tests have one. */
function sharedServer(): SharedServer | undefined {
  return inject("databaseServer");
}
