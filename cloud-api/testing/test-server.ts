import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withClient } from "../db/connection.ts";
import { startEmbeddedDatabase } from "../db/embedded.ts";
import { migrateDatabase } from "../db/migrate.ts";
import { MIGRATIONS } from "./migrations.ts";

/** The program of shared-server.ts: it tells where the server is, and ends when its input does. */
const TEMPLATE = "parkme_template";

const folder = await mkdtemp(join(tmpdir(), "parkme-tests-db-"));
const server = await startEmbeddedDatabase(folder, () => undefined);
const address = server.connection;
await withClient(address, (client) => client.query(`create database ${TEMPLATE}`));
const migrated = await withClient({ ...address, database: TEMPLATE }, (client) =>
  migrateDatabase(client, MIGRATIONS),
);
if (!migrated.ok) throw new Error(migrated.error);
process.stdout.write(`${JSON.stringify({ address, template: TEMPLATE })}\n`);

process.stdin.resume();
process.stdin.on("end", () => {
  void server
    .stop()
    .then(() => rm(folder, { recursive: true, force: true }))
    .then(() => process.exit(0));
});
// Whoever runs the tests ends them: the input ends then, and that is the sign.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => undefined);
