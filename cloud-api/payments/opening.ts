import { randomUUID } from "node:crypto";
import type { Context } from "hono";
import type { Principal } from "../accounts/principal.ts";
import { writeAudit } from "../audit/entries.queries.ts";
import type { Tx } from "../db/connection.ts";
import type { AppEnv } from "../http.ts";
import { refuse } from "../platform/refusal.ts";
import { findProvider, type PaymentDeps } from "./ask-provider.ts";
import { beginPayment, type Told } from "./beginning.ts";
import type { Owed } from "./effects.ts";
import {
  addPayment,
  facilityOf,
  findOpenPayment,
  findPayment,
  netPaid,
  type NewPayment,
  type PaymentRow,
  type Subject,
} from "./payments.queries.ts";
import { ProviderError, type PaymentMethod, type Provider } from "./providers/contract.ts";
import { idOfKey } from "./rules.ts";

/** How a payment comes into the world, whoever asks for it: what is owed is decided here, never by who pays. */

export type Wish = {
  readonly provider: string;
  readonly method?: PaymentMethod | undefined;
  readonly manualCapture: boolean;
};

type Opening = {
  readonly c: Context<AppEnv>;
  readonly principal: Principal | null;
  readonly subject: Subject;
  readonly owed: Owed;
  readonly wish: Wish;
  readonly now: Date;
};

/** @throws a refusal. 503 = the provider gave no answer: the same request with the same key goes on with this payment. */
export async function openPayment(deps: PaymentDeps, opening: Opening): Promise<Told> {
  const { principal, subject, wish } = opening;
  const provider = findProvider(deps, wish.provider);
  if (provider === null)
    return refuse(
      400,
      "unknown_provider",
      `there are ${deps.providers.map(({ name }) => name).join(", ")}`,
      "provider",
    );
  const method = methodFor(provider, wish, principal, subject);
  const id = idFor(opening);
  const before = await findPayment(deps.db, id);
  if (before !== null) return await goOn(deps, provider, repeated(before, opening));
  const row = await rowFor(deps, opening, { id, provider, method });
  const added = await deps.db.transaction(async (tx) => await add(tx, row, opening));
  // The same request at the same time was first: this one waits for what it says.
  const first = added ? null : await findPayment(deps.db, id);
  if (first !== null) return await goOn(deps, provider, repeated(first, opening));
  if (!added) return await refuseSecond(deps, subject);
  const payment = await findPayment(deps.db, id);
  if (payment === null) throw new Error("the payment is not there");
  return await goOn(deps, provider, payment);
}

function methodFor(
  provider: Provider,
  { method, manualCapture }: Wish,
  principal: Principal | null,
  { purpose }: Subject,
): PaymentMethod {
  const chosen = method ?? provider.methods[0];
  if (chosen === undefined || !provider.methods.includes(chosen))
    return refuse(400, "invalid", `${provider.name} has ${provider.methods.join(", ")}`, "method");
  if (manualCapture && !provider.canAuthorize)
    return refuse(400, "invalid", `${provider.name} cannot reserve money`, "capture");
  if (chosen === "cash" && (principal === null || principal.role === "driver"))
    return refuse(403, "not_allowed", "cash is taken by people of the facility", "provider");
  if (chosen === "cash" && purpose === "stay")
    return refuse(
      409,
      "cash_at_the_gate",
      "cash for a stay is taken at the gate, which counts its drawer",
      "provider",
    );
  return chosen;
}

/** With an `Idempotency-Key`, the same payment whenever the same is asked for. */
function idFor({ c, principal, subject }: Opening): string {
  const key = c.req.header("idempotency-key");
  if (key === undefined) return randomUUID();
  if (!/^[\x21-\x7e]{1,200}$/.test(key))
    return refuse(400, "invalid", "must be 1..200 characters without blanks", "Idempotency-Key");
  return idOfKey("payment", principal?.actorId ?? subject.subjectId, key);
}

function repeated(before: PaymentRow, { subject, wish }: Opening): PaymentRow {
  const same =
    before.facilityId === subject.facilityId &&
    before.purpose === subject.purpose &&
    before.subjectId === subject.subjectId &&
    before.provider === wish.provider &&
    (wish.method === undefined || before.status === "captured" || before.method === wish.method);
  return same
    ? before
    : refuse(422, "idempotency_key_reused", "this key was used for another request", "Idempotency-Key");
}

async function rowFor(
  { db }: PaymentDeps,
  { principal, subject, owed, wish, now }: Opening,
  {
    id,
    provider,
    method,
  }: { readonly id: string; readonly provider: Provider; readonly method: PaymentMethod },
): Promise<NewPayment> {
  const { currency } = owed;
  const amountMinor = owed.amountMinor - (await netPaid(db, subject));
  if (amountMinor <= 0) return refuse(409, "nothing_due", "there is nothing to pay");
  const taken = method === "upi" ? ["INR"] : provider.currencies;
  if (taken !== null && !taken.includes(currency))
    return refuse(409, "currency_not_taken", `${provider.name} takes no ${currency}`, "provider");
  return {
    ...subject,
    id,
    userId: owed.userId ?? (principal?.role === "driver" ? principal.actorId : null),
    provider: provider.name,
    method,
    status: "created",
    manualCapture: wish.manualCapture,
    amountMinor,
    currency,
    madeAt: now,
    changedAt: now,
    // Should this process end before it has asked the provider, the job does.
    pollAt: new Date(now.getTime() + 30_000),
  };
}

async function add(tx: Tx, row: NewPayment, { c, principal, now }: Opening): Promise<boolean> {
  if (!(await addPayment(tx, row))) return false;
  const { facilityId, purpose, subjectId, amountMinor, currency, provider } = row;
  const facility = await facilityOf(tx, facilityId);
  await writeAudit(
    tx,
    { principal, now, requestId: c.get("requestId") },
    {
      action: "payment.begun",
      subject: `payment:${row.id}`,
      ...(facility === null ? {} : { organisationId: facility.organisationId }),
      facilityId,
      detail: { purpose, subject_id: subjectId, amount_minor: amountMinor, currency, provider },
    },
  );
  return true;
}

async function refuseSecond({ db }: PaymentDeps, subject: Subject): Promise<never> {
  const open = await findOpenPayment(db, subject);
  const why = "another payment of it is open: finish it, or cancel it first";
  return refuse(409, "payment_open", why, undefined, open === null ? {} : { payment_id: open.id });
}

async function goOn(deps: PaymentDeps, provider: Provider, payment: PaymentRow): Promise<Told> {
  try {
    return await beginPayment(deps, provider, payment);
  } catch (error) {
    if (!(error instanceof ProviderError)) throw error;
    return refuseAway(error, payment.id);
  }
}

/** What the provider said is told to who asked. */
export function refuseAway(error: ProviderError, paymentId: string): never {
  const extra = { payment_id: paymentId };
  if (error.kind === "refused") return refuse(409, "provider_refused", error.message, undefined, extra);
  const why = "the provider does not answer: ask again, with the same Idempotency-Key";
  return refuse(503, "provider_away", why, undefined, extra);
}
