import { runsFacility, type Principal } from "../accounts/principal.ts";
import { notFound } from "../platform/refusal.ts";
import type { PaymentDeps } from "./ask-provider.ts";
import { findPayment, type PaymentRow } from "./payments.queries.ts";

/** Who is not signed in holds a payment by its id, which nobody guesses; only payments of tickets are theirs. */
function maySee(principal: Principal | null, row: PaymentRow): boolean {
  if (principal === null) return row.userId === null && row.purpose === "stay";
  if (principal.role === "driver")
    return row.userId === principal.actorId || (row.userId === null && row.purpose === "stay");
  return runsFacility(principal, row.facilityId);
}

/** A payment that one may see; anybody else's does not exist. */
export async function ownPayment(
  deps: Pick<PaymentDeps, "db">,
  principal: Principal | null,
  paymentId: string,
): Promise<PaymentRow> {
  const row = await findPayment(deps.db, paymentId);
  return row === null || !maySee(principal, row) ? notFound("payment") : row;
}
