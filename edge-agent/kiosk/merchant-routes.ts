import type { Hono } from "hono";
import { merchantValidateSchema, type Offers as OffersView } from "@parkme/shared/protocol/kiosk-desk";
import { vehicleTypes } from "../desk/amendments.ts";
import { validateForMerchant } from "../desk/merchant.ts";
import type { DeskPaper } from "../desk/paper.ts";
import type { DeskParts } from "../desk/parts.ts";
import { fail, readBody, type Env } from "./http.ts";
import { answerTo } from "./replies.ts";

export type MerchantRouteOptions = { readonly desk: DeskParts; readonly paper: DeskPaper | null };

/** What merchants may do; attendants look at the offers, too. */
export function merchantRoutes(api: Hono<Env>, { desk, paper }: MerchantRouteOptions): void {
  api.get("/offers", (c) => {
    const merchant = c.get("role") === "merchant" ? c.get("attendant") : null;
    return c.json(offersView(desk, paper, merchant));
  });
  api.post("/merchant/validate", async (c) => {
    if (c.get("role") !== "merchant")
      return fail(
        c,
        403,
        "merchants_only",
        "This is for merchants. Attendants give validations at the stay.",
      );
    const body = await readBody(c, merchantValidateSchema);
    if (!body.ok) return body.response;
    const { ticket_number: ticket, offer, idempotency_key: key } = body.value;
    const given = validateForMerchant(desk, { merchant: c.get("attendant"), ticket, offer, key });
    return answerTo(c, given, ({ ticketNumber, entryWallMs }) =>
      c.json({ ticket_number: ticketNumber, entry_at: new Date(entryWallMs).toISOString(), offer }),
    );
  });
}

/** @param only a merchant sees its own offers, and no more than it needs. */
function offersView(desk: DeskParts, paper: DeskPaper | null, only: string | null): OffersView {
  const own = desk.offers.all.filter(({ merchant }) => only === null || merchant === only);
  const offers = own.map(({ merchant, merchantTitle, offer, title }) => ({
    merchant,
    merchant_title: merchantTitle,
    offer,
    title,
  }));
  if (only !== null)
    return { offers, penalties: [], vehicle_types: [], upi: false, card: false, desk_printer: false };
  const penalties = desk.tariffs.inForce(desk.clock.wallMs())?.penalties ?? {};
  return {
    offers,
    penalties: Object.entries(penalties).map(([penalty, { title, minor }]) => ({
      penalty,
      title,
      amount_minor: minor,
    })),
    vehicle_types: vehicleTypes(desk),
    upi: desk.upi !== null,
    card: desk.card !== null,
    desk_printer: paper !== null,
  };
}
