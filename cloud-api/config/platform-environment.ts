import { BlockList, isIP } from "node:net";
import { z } from "zod";

/** The variables of what every API call goes through: limits, caches, foreign pages, traces. */

export type PlatformConfig = {
  /** Pages of these origins may call the API from a browser; `*` = of any. */
  readonly corsOrigins: readonly string[];
  /** What several API processes share their caches and counts by; null = there is one process. */
  readonly redis: { readonly url: string; readonly passwordPath: string | null } | null;
  /** Requests an hour; 0 = as many as they like. */
  readonly limits: { readonly anonymous: number; readonly signedIn: number };
  /** Proxies whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: BlockList;
  /** Where traces are sent (OTLP over HTTP); null = none are made. */
  readonly otlpUrl: string | null;
  /** Statements that take longer are logged, in milliseconds. */
  readonly slowQueryMs: number;
};

const MAX_LISTED = 100;

const list = z
  .string()
  .max(10_000)
  .transform((text) => text.split(/[\s,]+/).filter((item) => item !== ""))
  .refine((items) => items.length <= MAX_LISTED, `must name at most ${MAX_LISTED}`);

const origins = list.refine(
  (items) => items.every((item) => item === "*" || isOrigin(item)),
  "must be origins such as https://parking.example, with commas between them",
);

const proxies = list.transform((items, ctx) => {
  const trusted = new BlockList();
  for (const item of items) {
    if (addRange(trusted, item)) continue;
    ctx.addIssue({ code: "custom", message: "must be addresses or ranges such as 10.0.0.0/8" });
    return z.NEVER;
  }
  return trusted;
});

const count = (max: number) =>
  z
    .string()
    .regex(/^\d{1,9}$/, "must be a number")
    .transform(Number)
    .refine((number) => number <= max, `must be at most ${max}`);

export const platformVariables = {
  PARKME_CORS_ORIGINS: origins.default([]),
  PARKME_REDIS_URL: z.url({ protocol: /^rediss?$/, error: "must be a redis:// URL" }).optional(),
  PARKME_REDIS_PASSWORD_FILE: z.string().max(4_096).optional(),
  PARKME_RATE_ANONYMOUS: count(1_000_000_000).default(100),
  PARKME_RATE_SIGNED_IN: count(1_000_000_000).default(1_000),
  PARKME_TRUSTED_PROXIES: proxies.optional(),
  PARKME_OTLP_URL: z.url({ protocol: /^https?$/, error: "must be an http:// URL" }).optional(),
  PARKME_SLOW_QUERY_MS: count(3_600_000).default(500),
};

export const PLATFORM_HELP = `  PARKME_CORS_ORIGINS   pages that may call the API from a browser, with commas between them; * = any
  PARKME_RATE_ANONYMOUS   requests an hour of an address that is not signed in (100; 0 = no limit)
  PARKME_RATE_SIGNED_IN   requests an hour of a person or an API key (1000; 0 = no limit)
  PARKME_TRUSTED_PROXIES  addresses or ranges of the proxies whose X-Forwarded-For is believed; unset = none
  PARKME_REDIS_URL      redis:// URL, for several API processes: they share caches and counts; unset = each has its own
  PARKME_REDIS_PASSWORD_FILE  file (0600) with the password of Redis
  PARKME_OTLP_URL       where traces go (OTLP over HTTP), such as http://127.0.0.1:4318/v1/traces; unset = none
  PARKME_SLOW_QUERY_MS  statements that take longer are logged (500)`;

type Values = z.output<z.ZodObject<typeof platformVariables>>;

export function platformOf(values: Values): PlatformConfig {
  const url = values.PARKME_REDIS_URL;
  return {
    corsOrigins: values.PARKME_CORS_ORIGINS,
    redis: url === undefined ? null : { url, passwordPath: values.PARKME_REDIS_PASSWORD_FILE ?? null },
    limits: { anonymous: values.PARKME_RATE_ANONYMOUS, signedIn: values.PARKME_RATE_SIGNED_IN },
    trustedProxies: values.PARKME_TRUSTED_PROXIES ?? new BlockList(),
    otlpUrl: values.PARKME_OTLP_URL ?? null,
    slowQueryMs: values.PARKME_SLOW_QUERY_MS,
  };
}

/** As browsers write it: no path, no slash at its end, nothing about users. */
function isOrigin(text: string): boolean {
  return /^https?:\/\/[^*]+$/.test(text) && URL.canParse(text) && new URL(text).origin === text;
}

/** `10.0.0.1`, `10.0.0.0/8`, `fd00::/8`. */
function addRange(list: BlockList, text: string): boolean {
  const [address = "", bits, ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  const type = version === 4 ? "ipv4" : "ipv6";
  if (bits === undefined) {
    list.addAddress(address, type);
    return true;
  }
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > (version === 4 ? 32 : 128)) return false;
  list.addSubnet(address, Number(bits), type);
  return true;
}
