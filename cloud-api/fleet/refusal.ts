import type { Context } from "hono";
import { problem } from "@parkme/shared/domain/errors";
import type { LogRefusal } from "@parkme/shared/protocol/log";
import { sendProblem } from "../http.ts";

/** A refusal with what the edge needs to go on. */
export function sendRefusal(c: Context, refusal: LogRefusal): Response {
  const { status, detail } = WORDS[refusal.code];
  if (refusal.code === "busy") c.header("retry-after", String(Math.ceil(refusal.retry_after_ms / 1_000)));
  return sendProblem(c, problem(status, refusal.code, detail), refusal);
}

const WORDS: Readonly<Record<LogRefusal["code"], { readonly status: number; readonly detail: string }>> = {
  sync_gap: { status: 409, detail: "lines before these are missing: send again from the one expected" },
  sync_fork: { status: 409, detail: "another line has this number: say hello" },
  broken_chain: { status: 422, detail: "from this line on the chain does not hold" },
  old_epoch: { status: 403, detail: "a newer history of this log has begun" },
  fenced: { status: 403, detail: "another program has taken the place of this one" },
  busy: { status: 429, detail: "too many edges send at once: come again later" },
};
