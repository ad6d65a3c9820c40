import { z } from "@hono/zod-openapi";
import type { Principal } from "../accounts/principal.ts";
import type { Api } from "../platform/api.ts";
import { id } from "../platform/fields.ts";
import { refuse } from "../platform/refusal.ts";
import { findTheirs } from "./changing.ts";
import type { BookingDeps } from "./deps.ts";
import { hasTicket, ticketOf, ticketSchema, type Ticket } from "./ticket.ts";

const call = {
  method: "get",
  tag: "bookings",
  access: ["driver", "staff", "owner", "admin"],
  keyScope: "bookings:read",
  params: z.object({ id }),
} as const;

/** A booking's ticket: as JSON, as a QR code, and to print. */
export function ticketCalls(api: Api, deps: BookingDeps): void {
  api.bare(
    { ...call, path: "/api/bookings/{id}/ticket/", summary: "A booking's ticket", answer: ticketSchema },
    async (asked) => await findTicket(deps, asked),
  );
  api.bare(
    {
      ...call,
      path: "/api/bookings/{id}/ticket.png",
      summary: "The QR code of a booking's ticket",
      query: z.strictObject({ size: z.coerce.number().int().min(100).max(1_000).default(300) }),
      answer: z.string().openapi({ format: "binary" }),
    },
    async (asked) => {
      const { qr_text: text } = await findTicket(deps, asked);
      const width = asked.query.size;
      const { toBuffer } = await import("qrcode");
      return file(await toBuffer(text, { type: "png", errorCorrectionLevel: "M", width }), "image/png");
    },
  );
  api.bare(
    {
      ...call,
      path: "/api/bookings/{id}/ticket.pdf",
      summary: "A booking's ticket, to print",
      answer: z.string().openapi({ format: "binary" }),
    },
    async (asked) => {
      const ticket = await findTicket(deps, asked);
      // What draws it takes 17 MB, which a cloud that prints nothing need not have.
      const { ticketPdf } = await import("./ticket-pdf.ts");
      return file(await ticketPdf(ticket), "application/pdf");
    },
  );
}

async function findTicket(
  deps: BookingDeps,
  asked: { readonly principal: Principal; readonly params: { readonly id: string } },
): Promise<Ticket> {
  const seen = await findTheirs(deps, asked);
  const { status, facilityId } = seen.row;
  if (!hasTicket(status)) refuse(409, "no_ticket", `a booking that is ${status} has no ticket`);
  const facility = await deps.facilities.find(facilityId);
  if (facility === null) throw new Error(`a booking's facility ${facilityId} is gone`);
  return ticketOf(seen, facility);
}

function file(bytes: Buffer, type: string): Response {
  const headers = { "content-type": type, "cache-control": "private, no-store" };
  return new Response(new Uint8Array(bytes), { headers });
}
