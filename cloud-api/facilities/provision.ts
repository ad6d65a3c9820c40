import { provisionUsers } from "../accounts/provision-users.ts";
import type { Db } from "../db/connection.ts";
import { writeFacility, writeOrganisation } from "./queries.ts";
import { writePlaces } from "./provision-places.queries.ts";
import { provisionTariff } from "../pricing/provision-tariff.ts";
import type { Provision } from "../config/provision-file.ts";

/** Makes the database hold what the file says, all of it or nothing; the same file twice changes nothing. */
export async function provision(db: Db, wanted: Provision, now: Date = new Date()): Promise<void> {
  await db.transaction(async (tx) => {
    const organisationId = await writeOrganisation(tx, wanted.organisation);
    for (const facility of wanted.facilities) {
      await writeFacility(tx, organisationId, facility);
      if (facility.places !== undefined) await writePlaces(tx, facility.id, facility.places, now);
      if (facility.tariff !== undefined) await provisionTariff(tx, facility, facility.tariff, now);
    }
    await provisionUsers(tx, organisationId, wanted.users);
  });
}
