import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { TestProject } from "vitest/node";
import { z } from "zod";

const serverSchema = z.object({
  address: z.object({
    host: z.string(),
    port: z.number(),
    user: z.string(),
    password: z.string(),
    database: z.string(),
  }),
  /** A database that is migrated, to make others from. */
  template: z.string(),
});

/**
 * One PostgreSQL server for all test files of a run, with a database that is migrated already: each test gets a copy of
 * that, which takes a tenth of the time of a server of its own.
 */
export type SharedServer = z.infer<typeof serverSchema>;

declare module "vitest" {
  interface ProvidedContext {
    databaseServer: SharedServer;
  }
}

/** For a project's `globalSetup`. The server is a program of its own: this one runs inside vitest's loader. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const file = join(import.meta.dirname, "test-server.ts");
  const child = spawn(process.execPath, ["--import", "tsx", file], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, "line"), ended.then(() => null)]);
  if (first === null) throw new Error("the tests' database did not start");
  project.provide("databaseServer", serverSchema.parse(JSON.parse(String(first[0]))));
  return async () => {
    child.stdin.end();
    await ended;
  };
}
