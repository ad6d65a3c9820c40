import type { ProvisionedFacility, ProvisionedTariff } from "../config/provision-file.ts";
import type { Tx } from "../db/connection.ts";
import { publishVersion } from "./publishing.ts";
import { findTariff, insertTariff } from "./tariffs.queries.ts";

/** Publishes the tariff of the provisioning file from now on, unless this version of it is known already. */
export async function provisionTariff(
  tx: Tx,
  { id: facilityId, currency, timeZone }: ProvisionedFacility,
  { id: tariffId, version, document = {} }: ProvisionedTariff,
  now: Date,
): Promise<void> {
  const name = { id: tariffId, version };
  if ((await findTariff(tx, facilityId, name)) !== null) return;
  const draft = { facilityId, tariffId, version, status: "draft", title: tariffId, document } as const;
  await insertTariff(tx, {
    ...draft,
    validFrom: null,
    madeBy: "provisioning",
    madeAt: now,
    publishedAt: null,
  });
  await publishVersion(tx, { facilityId, name, place: { currency, timeZone }, validFrom: null }, now);
}
