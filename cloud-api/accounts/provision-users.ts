import type { Provision } from "../config/provision-file.ts";
import type { Tx } from "../db/connection.ts";
import { findUser, writeUser } from "./queries.ts";
import { hashPassword, isPassword } from "./secrets.ts";

/**
 * Writes the file's users. A password is hashed again only when the file's differs, and then the user is signed out
 * everywhere. Users who are not in the file stay.
 */
export async function provisionUsers(
  tx: Tx,
  organisationId: string,
  users: Provision["users"],
): Promise<void> {
  for (const { email, name, password } of users) {
    const existing = await findUser(tx, email);
    const unchanged = existing !== null && (await isPassword(existing.passwordHash, password));
    await writeUser(tx, { organisationId, email, name }, unchanged ? null : await hashPassword(password));
  }
}
