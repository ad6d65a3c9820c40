import { createHash } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { problem, type Problem } from "@parkme/shared/domain/errors";
import type { Session } from "./accounts/rules.ts";

/** What our requests carry. The bindings are absent when a test calls the app without a socket. */
export type AppEnv = {
  Bindings: Partial<HttpBindings>;
  Variables: { requestId: string; secureHeadersNonce?: string; session: Session };
};

/** Answers with a problem document; `extra` members stand beside the standard ones (RFC 9457, section 3.2). */
export function sendProblem(
  c: Context,
  body: Problem,
  extra: Readonly<Record<string, unknown>> = {},
): Response {
  const text = JSON.stringify({ ...body, ...extra });
  return c.body(text, body.status as ContentfulStatusCode, { "content-type": "application/problem+json" });
}

/** Refuses a longer body, by its announced length or while it arrives, before anything reads it. */
export function limitBody(maxBytes: number) {
  return bodyLimit({
    maxSize: maxBytes,
    onError: (c) => {
      // The rest of the body is still coming: the connection is of no use for another request.
      c.header("connection", "close");
      return sendProblem(c, problem(413, "body_too_large", `the body is longer than ${maxBytes} bytes`));
    },
  });
}

/** A `content-digest` (RFC 9530): by it the other end sees what was damaged on its way. */
export function contentDigest(body: string | Uint8Array): string {
  return `sha-256=:${createHash("sha256").update(body).digest("base64")}:`;
}

/** The body as JSON, or undefined when it is none, or another than its `content-digest` says. */
export async function readJson(c: Context): Promise<unknown> {
  const body = Buffer.from(await c.req.arrayBuffer());
  const announced = c.req.header("content-digest");
  if (announced !== undefined && announced !== contentDigest(body)) return undefined;
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** The peer's address; behind a proxy, the proxy's. */
export function peerAddress(c: Context<AppEnv>): string {
  const env: AppEnv["Bindings"] | undefined = c.env;
  return env?.incoming?.socket.remoteAddress ?? "unknown";
}
