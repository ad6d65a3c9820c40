import { provisionUsers } from "../accounts/provision-users.ts";
import type { Db } from "../db/connection.ts";
import { writeFacility, writeOrganisation } from "./queries.ts";
import type { Provision } from "../config/provision-file.ts";

/** Makes the database hold what the file says, all of it or nothing; the same file twice changes nothing. */
export async function provision(db: Db, wanted: Provision): Promise<void> {
  await db.transaction(async (tx) => {
    const organisationId = await writeOrganisation(tx, wanted.organisation);
    for (const facility of wanted.facilities) await writeFacility(tx, organisationId, facility);
    await provisionUsers(tx, organisationId, wanted.users);
  });
}
