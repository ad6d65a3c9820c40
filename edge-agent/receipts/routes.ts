import type { Context, Hono } from "hono";
import type { Clock } from "@parkme/shared/domain/clock";
import type { SignedReceipt } from "@parkme/shared/domain/receipt";
import type { Env } from "../kiosk/http.ts";
import { noReceiptPage, receiptPage } from "./page.ts";
import { createPdfMaker } from "./pdf-maker.ts";
import { createRateLimit } from "./rate-limit.ts";

export type ReceiptRouteOptions = {
  readonly store: { readonly receiptByToken: (token: string) => SignedReceipt | null };
  /** Where a receipt can be seen from outside; null = nowhere. */
  readonly receiptLink: (token: string) => string | null;
  readonly clock: Clock;
};

/** What a store may be asked for: tokens are base64url. */
const TOKEN = /^[A-Za-z0-9_-]{16,64}$/;
/** A driver looks at a receipt a few times; nobody needs more, and tokens cannot be guessed at this pace. */
const ASKED_PER_MINUTE = 60;

/**
 * Receipts for whoever has their link, without a session: `GET /r/{token}` as a page, `/r/{token}.pdf` as a PDF. 404
 * where there is none, 429 for an address that asks too often. Nothing of them is indexed, or kept by a proxy.
 */
export function receiptRoutes(app: Hono<Env>, { store, receiptLink, clock }: ReceiptRouteOptions): void {
  const pdfs = createPdfMaker();
  const mayAsk = createRateLimit({ perMinute: ASKED_PER_MINUTE, clock });

  app.get("/r/:file", async (c) => {
    c.header("cache-control", "private, no-store");
    c.header("x-robots-tag", "noindex, nofollow");
    if (!mayAsk(addressOf(c))) {
      c.header("retry-after", "60");
      return c.html(noReceiptPage("Too many requests", "Please wait a minute, then try again."), 429);
    }
    const [token = "", ...extension] = c.req.param("file").split(".");
    const wanted = extension.join(".");
    const receipt = TOKEN.test(token) && ["", "pdf"].includes(wanted) ? store.receiptByToken(token) : null;
    if (receipt === null)
      return c.html(
        noReceiptPage("No such receipt", "The link is incomplete, or it is not of this place."),
        404,
      );
    if (wanted === "") return c.html(receiptPage(receipt, `${token}.pdf`));
    const pdf = await pdfs.make(receipt, receiptLink(token));
    if (!pdf.ok) {
      c.header("retry-after", "5");
      return c.html(noReceiptPage("Not just now", "The PDF could not be made. Please try again soon."), 503);
    }
    return c.body(Uint8Array.from(pdf.value), 200, {
      "content-type": "application/pdf",
      "content-disposition": `inline; filename="${fileNameOf(receipt)}"`,
    });
  });
}

/** For a download: letters, digits and dashes only. */
function fileNameOf({ receipt: { kind, number } }: SignedReceipt): string {
  return `${kind === "refund" ? "credit-note" : "receipt"}-${number}.pdf`;
}

/** By the connection's own address: headers can be forged. */
function addressOf(c: Context<Env>): string {
  const incoming = (c.env as { incoming?: { socket?: { remoteAddress?: string } } } | undefined)?.incoming;
  return incoming?.socket?.remoteAddress ?? "unknown";
}
