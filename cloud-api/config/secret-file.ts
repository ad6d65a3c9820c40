import { readFile, stat } from "node:fs/promises";
import { err, ok, type Result } from "@parkme/shared/domain/result";

/** Files with one secret each, which only their owner may read. */

const MAX_SECRET_BYTES = 1_024;
const MAX_SECRET_LENGTH = 200;

/** The secret in a file, or why it cannot be used, in words and without its value. */
export async function readSecret(path: string, minLength: number): Promise<Result<string, string>> {
  try {
    const value = (await readBounded(path, MAX_SECRET_BYTES)).trim();
    if (((await stat(path)).mode & 0o077) !== 0)
      return err(`${path} can be read by others: chmod 600 ${path}`);
    if (value.length < minLength) return err(`${path} holds fewer than ${minLength} characters`);
    if (value.length > MAX_SECRET_LENGTH)
      return err(`${path} holds more than ${MAX_SECRET_LENGTH} characters`);
    return ok(value);
  } catch (error) {
    return err(reasonOf(error).message);
  }
}

/** Throws when the file is larger, or cannot be read. */
export async function readBounded(path: string, maxBytes: number): Promise<string> {
  if ((await stat(path)).size > maxBytes) throw new Error(`${path} is larger than ${maxBytes} bytes`);
  return await readFile(path, "utf8");
}

export function reasonOf(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
