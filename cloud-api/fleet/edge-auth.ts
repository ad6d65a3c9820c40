import type { MiddlewareHandler } from "hono";
import { problem } from "@parkme/shared/domain/errors";
import { hashToken } from "../accounts/secrets.ts";
import type { Db } from "../db/connection.ts";
import { sendProblem, type AppEnv } from "../http.ts";
import { findEdge, type Edge } from "./queries.ts";

/** A request of an edge, known by its bearer token. */
export type EdgeEnv = AppEnv & { Variables: { edge: Edge } };

const MAX_TOKEN_LENGTH = 512;

/**
 * Refuses everybody but edges. The token is looked up before the body is read: a stranger's body costs us nothing. It
 * is looked up by its SHA-256, so the time that the index takes to compare tells nothing of the token.
 */
export function requireEdge(db: Db): MiddlewareHandler<EdgeEnv> {
  return async (c, next) => {
    const token = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
    const tokenHash = token === "" || token.length > MAX_TOKEN_LENGTH ? null : hashToken(token);
    const edge = tokenHash === null ? null : await findEdge(db, tokenHash);
    if (edge === null) return sendProblem(c, problem(401, "unknown_edge", "no edge has this bearer token"));
    c.set("edge", edge);
    return await next();
  };
}
