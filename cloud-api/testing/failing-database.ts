import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createConnection, createServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startEmbeddedDatabase, type EmbeddedDatabase } from "../db/embedded.ts";
import type { TestDatabase } from "./database.ts";

/** A PostgreSQL server that goes away and comes back at the same address, as one of somebody else does. */
export type FailingDatabase = TestDatabase & {
  /** As an administrator does: sessions are told, and ended. */
  readonly shutDown: () => Promise<void>;
  /** As a power cut does. */
  readonly crash: () => Promise<void>;
  readonly comeBack: () => Promise<void>;
};

export async function startFailingDatabase(): Promise<FailingDatabase> {
  const folder = await mkdtemp(join(tmpdir(), "parkme-failing-"));
  const start = () => startEmbeddedDatabase(folder, () => undefined);
  let server: EmbeddedDatabase | null = await start();
  const { user, password, database } = server.connection;

  // Each start takes another port: this one stays.
  const open = new Set<Socket>();
  const door = createServer((inside) => {
    const place = server?.connection;
    if (place === undefined) return void inside.destroy();
    const outside = createConnection(join(place.host, `.s.PGSQL.${place.port}`));
    for (const [socket, other] of [
      [inside, outside],
      [outside, inside],
    ] as const) {
      open.add(socket);
      socket.pipe(other);
      socket.on("error", () => other.destroy());
      socket.on("close", () => {
        open.delete(socket);
        other.destroy();
      });
    }
  }).listen(0, "127.0.0.1");
  await once(door, "listening");

  async function shutDown(): Promise<void> {
    const mine = server;
    server = null;
    await mine?.stop();
  }
  return {
    address: { host: "127.0.0.1", port: (door.address() as AddressInfo).port, user, password, database },
    shutDown,
    async crash() {
      const pid = Number((await readFile(join(folder, "postgres/postmaster.pid"), "utf8")).split("\n")[0]);
      const mine = server;
      server = null;
      process.kill(pid, "SIGKILL");
      await mine?.died;
    },
    async comeBack() {
      server = await start();
    },
    async stop() {
      await shutDown();
      door.close();
      for (const socket of open) socket.destroy();
      await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
    },
  };
}
