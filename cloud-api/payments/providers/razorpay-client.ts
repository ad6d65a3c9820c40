import Razorpay from "razorpay";
import { z } from "zod";
import { ProviderError } from "./contract.ts";

/** Razorpay's own library, with what it has no options for: the address, a limit of time, and keys of refunds. */

export type RazorpayAccount = {
  readonly keyId: string;
  readonly keySecret: string;
  /** Null = Razorpay's own. */
  readonly baseUrl: string | null;
  readonly timeoutMs: number;
};

/** @param refundKey a refund that is asked for with it twice is one (razorpay.com/docs/api/refunds/normal-refunds-idempotent). */
export function openRazorpay(account: RazorpayAccount, refundKey?: string): Razorpay {
  const client = new Razorpay({ key_id: account.keyId, key_secret: account.keySecret });
  const rq: unknown = Reflect.get(client.api, "rq");
  const defaults = memberOf(rq, "defaults");
  Object.assign(defaults, {
    timeout: account.timeoutMs,
    maxContentLength: 8 * 1024 * 1024,
    maxRedirects: 0,
    ...(account.baseUrl === null ? {} : { baseURL: account.baseUrl }),
  });
  if (refundKey !== undefined)
    Object.assign(memberOf(defaults, "headers"), { "X-Refund-Idempotency": refundKey });
  return client;
}

/** The library has what it makes requests with; should another version not, nothing may be asked without a limit of time. */
function memberOf(value: unknown, name: string): object {
  const member: unknown =
    typeof value === "object" || typeof value === "function" ? Reflect.get(value ?? {}, name) : null;
  const usable = (typeof member === "object" || typeof member === "function") && member !== null;
  if (!usable) throw new TypeError("this version of razorpay's library is not known");
  return member;
}

/** What the library throws for an answer that is an error; for no answer at all it throws a TypeError of its own. */
const answeredError = z.object({
  statusCode: z.coerce.number().int(),
  error: z.object({ code: z.string().max(80) }).optional(),
});

/** Only an answer that says no is a no: 409 is a request of the same kind under way, 429 too many, 5xx their trouble. */
export async function asked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    const read = answeredError.safeParse(error);
    if (!read.success) throw new ProviderError("unreachable", "Razorpay gave no answer");
    const { statusCode, error: told } = read.data;
    const said = [400, 404].includes(statusCode);
    throw new ProviderError(
      said ? "refused" : "unreachable",
      `Razorpay: ${told?.code ?? "error"} (${statusCode})`,
    );
  }
}
