import { randomBytes, randomInt, randomUUID } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Things made at random at a site's first start and kept in its folder: nothing is the same at two sites. */
export type Keepsakes = ReturnType<typeof openKeepsakes>;

/** No 0/O, 1/l/I: these are read off a screen and typed. */
const LETTERS = "abcdefghjkmnpqrstuvwxyz23456789";

export function openKeepsakes(folder: string) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chmodSync(folder, 0o700);
  const keep = (name: string, make: () => string): string => {
    const path = join(folder, name);
    if (!existsSync(path)) writeFileSync(path, `${make()}\n`, { mode: 0o600 });
    return readFileSync(path, "utf8").trim();
  };
  return {
    /** Where the secret with this name lies, for configuration files. */
    pathOf: (name: string): string => join(folder, name),
    uuid: (name: string): string => keep(name, randomUUID),
    /** For programs: 256 bits. */
    token: (name: string): string => keep(name, () => randomBytes(32).toString("base64url")),
    /** For people with a keyboard: 16 characters, 79 bits. */
    password: (name: string): string =>
      keep(name, () => Array.from({ length: 16 }, () => LETTERS[randomInt(LETTERS.length)]).join("")),
    /** For people at a touch screen: sign-in attempts are limited. */
    pin: (name: string): string => keep(name, () => String(randomInt(1_000_000)).padStart(6, "0")),
  };
}
