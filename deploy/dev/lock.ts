import { lstat, mkdir, readlink, rename, rm, symlink } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 100;
/** Far longer than any build: a lock this old belongs to a process number that something else has taken over. */
const STALE_AFTER_MS = 3 * 60_000;
/** Longer than STALE_AFTER_MS, so a forgotten lock is recovered before anybody gives up. */
const WAIT_MS = 4 * 60_000;

/**
 * Do `work` while holding the lock at `path`; other processes wait (at most four minutes) for their turn.
 *
 * The lock is a symbolic link whose target is the holder's process id: made in one atomic step, content included,
 * so there is never a lock without an owner. A lock whose process is gone is taken over.
 *
 * @throws when the wait is over, naming the holder and the file; and whatever `work` throws.
 */
export async function withLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const deadlineMs = Date.now() + WAIT_MS;
  while (!(await tryTake(path))) {
    await recoverIfStale(path);
    if (Date.now() > deadlineMs) {
      throw new Error(`${path} is held by process ${await holder(path)}: wait for it, or remove the file`);
    }
    await delay(POLL_MS);
  }
  try {
    return await work();
  } finally {
    await rm(path, { force: true });
  }
}

async function tryTake(path: string): Promise<boolean> {
  try {
    await symlink(String(process.pid), path);
    return true;
  } catch (error) {
    if (isCode(error, "EEXIST")) return false;
    throw error;
  }
}

async function recoverIfStale(path: string): Promise<void> {
  const pid = await holder(path);
  if (pid === null) return;
  if (isAlive(pid) && !(await isOld(path))) return;
  // Moved aside, not removed: of several processes that see the same dead lock, one wins the rename. If what was
  // moved turns out to be a newer lock taken in between, it goes back.
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
    const moved = await holder(aside);
    if (moved !== null && moved !== pid) await rename(aside, path);
    else await rm(aside, { force: true });
  } catch (error) {
    if (!isCode(error, "ENOENT")) throw error;
  }
}

async function holder(path: string): Promise<number | null> {
  try {
    return Number(await readlink(path));
  } catch (error) {
    if (isCode(error, "ENOENT")) return null;
    throw error;
  }
}

async function isOld(path: string): Promise<boolean> {
  try {
    return Date.now() - (await lstat(path)).mtimeMs > STALE_AFTER_MS;
  } catch (error) {
    if (isCode(error, "ENOENT")) return false;
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: alive, and somebody else's.
    return isCode(error, "EPERM");
  }
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
