import type { OpenAPIHono } from "@hono/zod-openapi";
import { KEY_SCOPES } from "../accounts/principal.ts";
import { SESSION_COOKIE } from "../accounts/rules.ts";
import type { AppEnv } from "../http.ts";
import { operationId } from "./describe.ts";
import { OLDER_ROUTES, type OlderRoute, type Security } from "./older-routes.ts";

/** The OpenAPI document of everything that this program answers. */
export type ApiDocument = ReturnType<OpenAPIHono<AppEnv>["getOpenAPI31Document"]>;

const ABOUT = `The cloud of ParkMe Gate. Paths answer with and without the slash at their end. Bodies are JSON with snake_case
members; money is a decimal string beside its currency (ISO 4217); times are RFC 3339 in UTC; ids are UUIDs. Errors are
problem documents (RFC 9457) with a \`code\` that stays as it is, and the \`field\` that is wrong. Lists page by cursor:
\`?limit=&cursor=\` in, \`{items, next_cursor}\` out. What belongs to another tenant is answered as what is not there.

Sign in with \`POST /api/auth/token/\`, and send \`Authorization: Bearer ACCESS\`; programs send an API key in the same
place. Requests are counted by the hour: see the \`RateLimit-*\` headers.`;

/** @param version of the program. */
export function composeDocument(routes: OpenAPIHono<AppEnv>, version: string): ApiDocument {
  const registry = routes.openAPIRegistry;
  registry.registerComponent("securitySchemes", "bearer", {
    type: "http",
    scheme: "bearer",
    description: `An access token, or an API key (\`pmk_...\`) with scopes: ${KEY_SCOPES.join(", ")}.`,
  });
  registry.registerComponent("securitySchemes", "cookie", {
    type: "apiKey",
    in: "cookie",
    name: SESSION_COOKIE,
    description: "The dashboard's own. Calls that change something need the header `x-parkme: 1` as well.",
  });
  registry.registerComponent("securitySchemes", "edge", {
    type: "http",
    scheme: "bearer",
    description: "The token of a gate's edge: see POST /api/edge/token.",
  });
  const document = routes.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "ParkMe Gate",
      version,
      description: ABOUT,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    servers: [{ url: "/" }],
  });
  for (const route of OLDER_ROUTES) {
    const paths = (document.paths ??= {});
    const item = (paths[route.path] ??= {});
    item[route.method] ??= operationOf(route);
  }
  const tags = Object.values(document.paths ?? {})
    .flatMap((item) => Object.values(item))
    .flatMap((operation: { tags?: string[] }) => operation.tags ?? []);
  document.tags = [...new Set(tags)].toSorted().map((name) => ({ name }));
  return document;
}

const SECURITY: Readonly<Record<Security, Record<string, string[]>[]>> = {
  anybody: [],
  provider: [],
  edge: [{ edge: [] }],
  people: [{ bearer: [] }, { cookie: [] }],
};

function operationOf({ method, path, summary, tag, security }: OlderRoute) {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
  return {
    operationId: operationId(method, path),
    summary,
    tags: [tag],
    security: SECURITY[security],
    parameters: names.map((name) => ({
      name,
      in: "path" as const,
      required: true,
      schema: { type: "string" as const, ...(name.endsWith("Id") ? { format: "uuid" } : {}) },
    })),
    responses: {
      "2XX": { description: "done" },
      default: {
        description: "refused",
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      },
    },
  };
}
