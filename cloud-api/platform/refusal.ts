import { problem, type Problem } from "@parkme/shared/domain/errors";

/**
 * A request that is answered with a problem document. It is thrown, so that the transaction that the request runs in is
 * undone; nothing but a request's handler throws it.
 */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly problem: Problem;
  /** Members beside the standard ones (RFC 9457, section 3.2). */
  readonly extra: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    body: Problem,
    extra: Readonly<Record<string, unknown>> = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(`${body.code}: ${body.detail}`);
    this.problem = body;
    this.extra = extra;
    this.headers = headers;
  }
}

/** @param field the member of the request that is wrong, with dots. */
export function refuse(
  status: number,
  code: string,
  detail: string,
  field?: string,
  extra: Readonly<Record<string, unknown>> = {},
): never {
  throw new Refusal(problem(status, code, detail, field), extra);
}

/** What is another tenant's is answered as what does not exist. */
export function notFound(what: string): never {
  return refuse(404, `no_such_${what.replaceAll(" ", "_")}`, `there is no such ${what}`);
}
