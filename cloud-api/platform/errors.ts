import type { Context, ErrorHandler } from "hono";
import { HTTPException } from "hono/http-exception";
import type { Logger } from "pino";
import { problem } from "@parkme/shared/domain/errors";
import { isDataError, isUnavailable } from "../db/errors.ts";
import { sendProblem, type AppEnv } from "../http.ts";
import { Refusal } from "./refusal.ts";

/** When to come again, in seconds: a server that is started again needs a few. */
const RETRY_SECONDS = "2";

/** Answers what was thrown with a problem document that tells nothing of the inside. */
export function answerErrors(log: Pick<Logger, "error">): ErrorHandler<AppEnv> {
  return (error, c) => {
    if (error instanceof Refusal) {
      for (const [name, value] of Object.entries(error.headers)) c.header(name, value);
      return sendProblem(c, error.problem, error.extra);
    }
    if (error instanceof HTTPException)
      return sendProblem(c, problem(error.status, "refused", error.message || "the request was refused"));
    log.error({ err: error, requestId: c.get("requestId") }, "request failed");
    // What no schema had against a request, but the database has.
    if (isDataError(error))
      return sendProblem(c, problem(409, "refused_by_data", "it does not fit what is there"));
    if (!isUnavailable(error))
      return sendProblem(c, problem(500, "internal", "this should not have happened"));
    c.header("retry-after", RETRY_SECONDS);
    return sendProblem(c, problem(503, "database_away", "the database does not answer; try again"));
  };
}

export function nothingThere(c: Context): Response {
  return sendProblem(c, problem(404, "not_found", "there is nothing at this address"));
}
