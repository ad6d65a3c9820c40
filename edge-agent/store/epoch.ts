import { existsSync } from "node:fs";
import Database from "better-sqlite3";

/**
 * The epoch of the agent that writes this database, looked at without touching it: whoever speaks to its boards
 * with a higher one would fence it. 1 where there is no database yet.
 */
export function readEpoch(path: string): number {
  if (!existsSync(path)) return 1;
  const file = new Database(path, { readonly: true, timeout: 2_000 });
  try {
    const row = file.prepare("select epoch from agent_state").get() as { epoch: number } | undefined;
    return row?.epoch ?? 1;
  } finally {
    file.close();
  }
}
