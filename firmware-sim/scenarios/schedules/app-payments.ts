import { createHash } from "node:crypto";
import type { Db } from "../../../cloud-api/db/connection.ts";
import { bookStayPayment } from "../../../cloud-api/payments/queries.ts";
import type { Site } from "../../simulation/cloud/facility-rows.ts";

/** A provider tells the cloud of money for one of a site's stays. @returns false when it knows of none. */
export async function payInApp(
  db: Db,
  { facilityId }: Site,
  { reference, amountMinor }: { readonly reference: string; readonly amountMinor: number },
  nowMs: number,
): Promise<boolean> {
  const { rows } = await db.$client.query<{ id: string }>(
    "select stay_id as id from stays where facility_id = $1 order by stay_id desc limit 1",
    [facilityId],
  );
  const stayId = rows[0]?.id;
  if (stayId === undefined) return false;
  const paid = { reference, amountMinor, facilityId, stayId };
  const payment = { ...paid, status: "captured", method: "upi", currency: "EUR" } as const;
  await db.transaction(
    async (tx) => await bookStayPayment(tx, "wallet", payment, idOf(reference), new Date(nowMs)),
  );
  return true;
}

/** The same id for the same reference. */
function idOf(reference: string): string {
  const hex = createHash("sha256").update(reference).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
