import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cpuSeconds } from "./gate-run.ts";

/** Processor time of a cloud's embedded PostgreSQL, of all its processes that are or were there. @param folder the cloud's. */
export function databaseSeconds(folder: string): number {
  const postmaster = Number(readFileSync(join(folder, "postgres", "postmaster.pid"), "utf8").split("\n")[0]);
  const children = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && parentOf(name) === postmaster);
  const living = children.reduce((sum, pid) => sum + cpuSeconds(Number(pid)), 0);
  return cpuSeconds(postmaster, true) + living;
}

/** Null = the process is gone. */
function parentOf(pid: string): number | null {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ")[1]);
  } catch {
    return null;
  }
}
