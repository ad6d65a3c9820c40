import { sql } from "drizzle-orm";
import type { EventPayload } from "@parkme/shared/protocol/sync";
import type { Tx } from "../db/connection.ts";

/** Keeps merchants' discounts as they were given to stays; one that is known already stays as it is. */
export async function keepValidations(
  tx: Tx,
  facilityId: string,
  given: readonly EventPayload<"validation.given">[],
): Promise<void> {
  const rows = given.map((payload) => ({ ...payload, value: JSON.stringify(payload.value) }));
  await tx.execute(
    sql`insert into validations (facility_id, validation_id, stay_id, merchant, name, value, serial, actor, at)
      select ${facilityId}::uuid, validation_id, stay_id, merchant, name, value, serial, actor, at
      from json_to_recordset(${JSON.stringify(rows)}::json) as r(validation_id uuid, stay_id uuid, merchant text,
        name text, value text, serial text, actor text, at timestamptz)
      on conflict do nothing`,
  );
}
