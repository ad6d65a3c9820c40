import { z, type OpenAPIHono } from "@hono/zod-openapi";
import type { KeyScope, Role } from "../accounts/principal.ts";
import type { AppEnv } from "../http.ts";

/** Who may call: anybody, or people of these roles. */
export type Access = "anyone" | readonly Role[];

/** What the OpenAPI document says of a call. */
export type Described = {
  readonly method: "get" | "post" | "put" | "patch" | "delete";
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  readonly keyScope?: KeyScope;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType;
  readonly status?: number;
  readonly answer?: z.ZodType;
  readonly idempotent?: boolean;
};

const problemSchema = z
  .object({
    type: z.string().openapi({ example: "about:blank" }),
    title: z.string().openapi({ example: "Bad Request" }),
    status: z.number().int().openapi({ example: 400 }),
    code: z.string().openapi({ example: "invalid", description: "For programs: it stays as it is." }),
    detail: z.string().openapi({ example: "must be a UUID", description: "For people." }),
    field: z
      .string()
      .optional()
      .openapi({ example: "vehicle_id", description: "The member of the request that is wrong, with dots." }),
    errors: z
      .array(z.object({ field: z.string(), message: z.string() }))
      .optional()
      .openapi({ description: "All that is wrong with the request, the first twenty." }),
  })
  .openapi("Problem", { description: "RFC 9457" });

const PROBLEM = { "application/problem+json": { schema: problemSchema } };

const IDEMPOTENCY = z.object({
  "Idempotency-Key": z
    .string()
    .min(1)
    .max(200)
    .optional()
    .openapi({ description: "The same again within a day is answered the same, and done once." }),
});

/** Lists a call in the OpenAPI document. */
export function describeCall(routes: OpenAPIHono<AppEnv>, call: Described): void {
  const { method, path, tag, summary, params, query, body, answer } = call;
  const json = (schema: z.ZodType) => ({ "application/json": { schema } });
  const status = answer === undefined ? 204 : (call.status ?? 200);
  routes.openAPIRegistry.registerPath({
    method,
    path,
    operationId: operationId(method, path),
    tags: [tag],
    summary,
    description: [call.description, whoMay(call)].filter((part) => part !== undefined).join("\n\n"),
    security: securityOf(call),
    request: {
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(call.idempotent === true ? { headers: IDEMPOTENCY } : {}),
      ...(body === undefined ? {} : { body: { required: true, content: json(body) } }),
    },
    responses: {
      [status]: { description: "done", ...(answer === undefined ? {} : { content: json(answer) }) },
      ...refusals(call),
      default: { description: "refused", content: PROBLEM },
    },
  });
}

/** `post_bookings_id_cancel`: it stays as it is while the path does. */
export function operationId(method: string, path: string): string {
  const words = path.match(/\w+/g) ?? [];
  return [method.toLowerCase(), ...words.filter((word) => word !== "api")].join("_");
}

function whoMay({ access, keyScope }: Pick<Described, "access" | "keyScope">): string {
  if (access === "anyone") return "For anybody.";
  const keys = keyScope === undefined ? "" : `, and API keys with the scope \`${keyScope}\``;
  return `For: ${access.join(", ")}${keys}.`;
}

function securityOf({ access }: Pick<Described, "access">): Record<string, string[]>[] {
  return access === "anyone" ? [{}, { bearer: [] }] : [{ bearer: [] }, { cookie: [] }];
}

function refusals({ access, params, query, body }: Described) {
  const told: Record<number, string> = { 429: "too many requests; Retry-After says when", 503: "try again" };
  if (query !== undefined || body !== undefined) told[400] = "the request is not right; `field` says where";
  if (access !== "anyone") Object.assign(told, { 401: "not signed in", 403: "not allowed" });
  if (params !== undefined) told[404] = "not there, or another tenant's";
  return Object.fromEntries(
    Object.entries(told).map(([status, description]) => [status, { description, content: PROBLEM }]),
  );
}
