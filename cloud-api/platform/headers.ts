import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { NONCE, secureHeaders } from "hono/secure-headers";
import type { AppEnv } from "../http.ts";
import { rateHeaders } from "./rate.ts";

/** What every answer says about itself. */

const POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", NONCE],
  imgSrc: ["'self'", "data:"],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'self'"],
  frameAncestors: ["'none'"],
};

const OPTIONS: Parameters<typeof secureHeaders>[0] = {
  xFrameOptions: "DENY",
  permissionsPolicy: { camera: [], geolocation: [], microphone: [], payment: [], usb: [] },
  // TLS, and the promise to keep to it, belong to the proxy.
  strictTransportSecurity: false,
};

/** Everything the dashboard needs comes from here; the nonce is for the styles that its components write. */
const OF_PAGES = secureHeaders({ ...OPTIONS, contentSecurityPolicy: POLICY });

/** The API's reference writes nothing of its own: it needs no nonce, and submits no forms. */
const OF_DOCS = secureHeaders({
  ...OPTIONS,
  contentSecurityPolicy: { ...POLICY, styleSrc: ["'self'"], fontSrc: ["'none'"], formAction: ["'none'"] },
});

/** What no browser shows as a page needs little: these are set for every call, so there are no more. */
const OF_CALLS = Object.entries({
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
});

export const securityHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { path } = c.req;
  if (path.startsWith("/api/docs")) return await OF_DOCS(c, next);
  if (!path.startsWith("/api/")) return await OF_PAGES(c, next);
  await next();
  for (const [name, value] of OF_CALLS) c.res.headers.set(name, value);
};

/** How many requests are left, and that nobody but who asked keeps the answer. */
export const apiHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await next();
  const rate = c.get("rate");
  if (rate !== undefined)
    for (const [name, value] of Object.entries(rateHeaders(rate))) c.res.headers.set(name, value);
  if (!c.res.headers.has("cache-control")) c.res.headers.set("cache-control", "no-store");
};

const PREFLIGHT_SECONDS = 600;

/** Lets pages of other origins call the API. They show a token; cookies are never theirs to send. */
export function foreignPages(origins: readonly string[]): MiddlewareHandler<AppEnv> {
  const all = origins.includes("*");
  return cors({
    origin: (origin) => (all || origins.includes(origin) ? origin : null),
    allowMethods: ["GET", "POST", "PUT", "PATCH", "DELETE"],
    allowHeaders: ["authorization", "content-type", "idempotency-key", "if-none-match", "traceparent"],
    exposeHeaders: [
      "x-request-id",
      "retry-after",
      "idempotent-replayed",
      "ratelimit-limit",
      "ratelimit-remaining",
      "ratelimit-reset",
      "content-disposition",
      "etag",
    ],
    maxAge: PREFLIGHT_SECONDS,
  });
}
