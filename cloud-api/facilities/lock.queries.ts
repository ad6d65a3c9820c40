import { sql } from "drizzle-orm";
import type { Tx } from "../db/connection.ts";

/**
 * Waits for whoever else changes what a facility's gate is told. As who runs the cloud. Before any row of the facility is
 * changed, so that no two wait for each other.
 */
export async function lockFacility(tx: Tx, facilityId: string): Promise<void> {
  await tx.execute(sql`select 1 from facilities where id = ${facilityId} for no key update`);
}
