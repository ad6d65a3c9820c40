import type { MiddlewareHandler } from "hono";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem, type Problem } from "@parkme/shared/domain/errors";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { UnauthorisedCode } from "@parkme/shared/protocol/enrolment";
import { hashToken } from "../accounts/secrets.ts";
import type { Db } from "../db/connection.ts";
import { sendProblem, type AppEnv } from "../http.ts";
import { tokenFinder } from "./edge-tokens.queries.ts";
import type { Edge } from "./queries.ts";

/** A request of an edge, known by its bearer token. */
export type EdgeEnv = AppEnv & { Variables: { edge: Edge } };

const MAX_TOKEN_LENGTH = 512;

/**
 * Refuses everybody but edges. The token is looked up before the body is read: a stranger's body costs us nothing. It
 * is looked up by its SHA-256, so the time that the index takes to compare tells nothing of the token; and at every
 * request, so that a revocation counts from the next one on.
 */
export function requireEdge(db: Db, clock: Clock): MiddlewareHandler<EdgeEnv> {
  const edgeOf = edgeFinder(db, clock);
  return async (c, next) => {
    const edge = await edgeOf(c.req.header("authorization"));
    if (!edge.ok) return sendProblem(c, edge.error);
    c.set("edge", edge.value);
    return await next();
  };
}

/**
 * Finds the edge that an authorization header is of, as the database knows it now. What stays open longer than one
 * request asks again from time to time, and ends when this does.
 */
export function edgeFinder(
  db: Db,
  clock: Clock,
): (authorization: string | undefined) => Promise<Result<Edge, Problem>> {
  const findToken = tokenFinder(db);
  return async (authorization) => {
    const token = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? "";
    if (token === "" || token.length > MAX_TOKEN_LENGTH) return unauthorised("unknown_edge");
    const found = await findToken(hashToken(token));
    if (found === null) return unauthorised("unknown_edge");
    if (found.revoked) return unauthorised("revoked");
    const { edge, expiresAt } = found;
    const isOver = expiresAt !== null && expiresAt.getTime() <= clock.wallMs();
    return isOver ? unauthorised("token_expired") : ok(edge);
  };
}

const WORDS: Readonly<Record<UnauthorisedCode, string>> = {
  unknown_edge: "no edge has this bearer token",
  revoked: "this edge's access was revoked, or another box has taken its place",
  token_expired: "the bearer token is over: fetch another",
  unknown_key: "no edge has enrolled with this key",
  nonce_spent: "the nonce is too old, or was used before: fetch another",
  bad_assertion: "the assertion is not signed with this key",
};

export function unauthorisedProblem(code: UnauthorisedCode): Problem {
  return problem(401, code, WORDS[code]);
}

function unauthorised(code: UnauthorisedCode): Result<never, Problem> {
  return err(unauthorisedProblem(code));
}
