import { createHash } from "node:crypto";
import type { HttpBindings } from "@hono/node-server";
import type { Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { problem, type Problem } from "@parkme/shared/domain/errors";
import type { Session, SignedIn } from "./accounts/principal.ts";
import { Refusal } from "./platform/refusal.ts";
import type { RateState } from "./platform/rate.ts";

/** What our requests carry. The bindings are absent when a test calls the app without a socket. */
export type AppEnv = {
  Bindings: Partial<HttpBindings>;
  Variables: {
    requestId: string;
    secureHeadersNonce?: string;
    session: Session;
    who: () => Promise<SignedIn | null>;
    /** Whose request it is, by address: see platform/client-address. */
    address?: string;
    /** What is left of the limit of who asks. */
    rate?: RateState;
  };
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

/**
 * The body, straight from the connection where there is one: the adaptor's own way to it makes a web Request and a stream
 * first, which takes longer than most calls do. Null = it is longer than `maxBytes`.
 */
export async function readBody(
  c: Pick<Context<AppEnv>, "env" | "req">,
  maxBytes: number,
): Promise<Buffer | null> {
  const env: AppEnv["Bindings"] | undefined = c.env;
  const incoming = env?.incoming;
  if (incoming === undefined) {
    const body = Buffer.from(await c.req.arrayBuffer());
    return body.length > maxBytes ? null : body;
  }
  if (Number(incoming.headers["content-length"] ?? 0) > maxBytes) return null;
  return await new Promise((done, fail) => {
    const chunks: Buffer[] = [];
    let length = 0;
    incoming.on("data", (chunk: Buffer) => {
      length += chunk.length;
      // It is not destroyed: the refusal goes out by the same connection.
      if (length > maxBytes) done(null);
      else chunks.push(chunk);
    });
    incoming.on("end", () => done(Buffer.concat(chunks, length)));
    incoming.on("error", () => fail(new Refusal(problem(400, "body_cut", "the body ended too early"))));
  });
}

/** The body as JSON, or undefined when it is none, or another than its `content-digest` says. */
export async function readJson(c: Context): Promise<unknown> {
  return parseJson(c, Buffer.from(await c.req.arrayBuffer()));
}

/** A body that was read. */
export function parseJson(c: Context, body: Buffer): unknown {
  const announced = c.req.header("content-digest");
  if (announced !== undefined && announced !== contentDigest(body)) return undefined;
  try {
    return JSON.parse(body.toString("utf8")) as unknown;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Whose request it is, by address; behind a proxy that is not trusted, the proxy's. */
export function peerAddress(c: Context<AppEnv>): string {
  return c.get("address") ?? socketAddress(c);
}

/** The other end of the connection. */
export function socketAddress(c: Context<AppEnv>): string {
  const env: AppEnv["Bindings"] | undefined = c.env;
  return env?.incoming?.socket.remoteAddress ?? "unknown";
}
