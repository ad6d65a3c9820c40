import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach } from "vitest";
import { type Keyring, openKeyring } from "../keyring.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder for keys that goes with the test; not made yet. */
export function keyFolder(): string {
  const parent = mkdtempSync(join(tmpdir(), "parkme-keys-"));
  folders.push(parent);
  return join(parent, "keys");
}

/** Opens a key ring, or throws with the refusal. */
export function keyringIn(
  folder: string,
  nowMs: number,
  complain: (message: string) => void = () => undefined,
): Keyring {
  const opened = openKeyring(folder, nowMs, complain);
  if (!opened.ok) throw new Error(opened.error.message);
  return opened.value;
}
