import { z } from "@hono/zod-openapi";
import { ownFacility } from "../facilities/own.ts";
import { listsOf } from "../lists/lists.queries.ts";
import type { Api } from "../platform/api.ts";
import { amountText, decimal, id, instantText, isoOrNull, plate } from "../platform/fields.ts";
import { holdersOfPlate } from "../subscriptions/subscriptions.queries.ts";
import { staysOfPlate } from "./vehicles.queries.ts";

const LOOKED_BACK_MS = 31 * 86_400_000;
const MAX_STAYS = 20;

const answer = z.object({
  plate: z.string(),
  lists: z.array(z.object({ list: z.enum(["blocked", "watched"]), reason: z.string() })),
  subscriptions: z.array(z.object({ id: z.string(), valid_until: instantText })),
  stays: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      ticket_number: z.string().nullable(),
      vehicle_type: z.string(),
      entry_time: instantText.nullable(),
      exit_time: instantText.nullable(),
      fee: amountText.nullable(),
      currency: z.string().nullable(),
    }),
  ),
});

/** What those who run a facility know of a plate: what it did there, and nothing of whose it is. */
export function plateCalls(api: Api): void {
  api.call(
    {
      method: "get",
      path: "/api/facilities/{facilityId}/plates/{plate}/",
      tag: "vehicles",
      summary: "What is known of a plate at a facility: its stays of the last 31 days, its passes, the lists",
      access: ["admin", "owner", "staff"],
      params: z.object({ facilityId: id, plate }),
      answer,
    },
    async ({ tx, principal, params: { facilityId, plate: text }, now, audit }) => {
      await ownFacility(tx, principal, facilityId);
      const since = new Date(now.getTime() - LOOKED_BACK_MS);
      const stays = await staysOfPlate(tx, facilityId, text, { since, limit: MAX_STAYS });
      const holders = await holdersOfPlate(tx, facilityId, text, now);
      const lists = await listsOf(tx, facilityId, text, now);
      // Who looks for whom is nobody else's business, but somebody has to be able to ask.
      await audit({ action: "plate.looked_up", subject: `facility:${facilityId}`, facilityId });
      return {
        plate: text,
        lists: lists.map(({ list, reason }) => ({ list, reason })),
        subscriptions: holders.map(({ id: heldId, validUntil }) => ({
          id: heldId,
          valid_until: validUntil.toISOString(),
        })),
        stays: stays.map((stay) => ({
          id: stay.stayId,
          status: stay.status,
          ticket_number: stay.ticketNumber,
          vehicle_type: stay.vehicleType,
          entry_time: isoOrNull(stay.entryAt),
          exit_time: isoOrNull(stay.exitAt),
          fee:
            stay.feeMinor === null || stay.feeCurrency === null
              ? null
              : decimal(stay.feeMinor, stay.feeCurrency),
          currency: stay.feeCurrency,
        })),
      };
    },
  );
}
