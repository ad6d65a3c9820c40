import type { CallInfo } from "../platform/api.ts";
import type { JsonSchema } from "./json-schema.ts";

/** The calls of the OpenAPI document, as those who try them all need them. */

export type Parameter = {
  readonly name: string;
  readonly in: string;
  readonly required?: boolean;
  readonly schema: JsonSchema;
};
export type Operation = {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: JsonSchema | null;
  /** Null = a route that is older than the calls: its body is not described. */
  readonly call: CallInfo | null;
};
export type ApiDocument = {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<
        Record<
          string,
          {
            readonly parameters?: readonly Parameter[];
            readonly requestBody?: {
              readonly content: Readonly<Record<string, { readonly schema: JsonSchema }>>;
            };
          }
        >
      >
    >
  >;
  readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> };
};

/** Those that stream, and those of the edges, which have tests of their own. */
const LEFT_OUT = /^\/(ws|api\/edge|api\/dashboard\/live)\b/;
const MADE_FIRST = [
  "vehicles",
  "zones",
  "plans",
  "tariffs",
  "penalties",
  "reserve",
  "subscriptions",
  "violations",
];
const ORDER = ["get", "post", "put", "patch", "delete"];

/** Calls that may end what their caller is. */
export const ENDS_PEOPLE = /^\/api\/(auth|users|staff|session|organisations|api-keys)\b/;

/** Everything in the document, in an order in which one may ask for it. */
export function operationsOf(document: ApiDocument, known: readonly CallInfo[]): readonly Operation[] {
  const calls = new Map(known.map((call) => [`${call.method} ${call.path}`, call]));
  return Object.entries(document.paths)
    .filter(([path]) => !LEFT_OUT.test(path))
    .flatMap(([path, item]) =>
      Object.entries(item).map(([method, { parameters = [], requestBody }]) => ({
        method,
        path,
        parameters,
        body: requestBody?.content["application/json"]?.schema ?? null,
        call: calls.get(`${method} ${path}`) ?? null,
      })),
    )
    .toSorted((a, b) => turnOf(a) - turnOf(b));
}

/** What makes something comes before what needs it, and what ends people last. */
function turnOf({ method, path }: Operation): number {
  const last = /(\w+)(?:\/\{kind\})?\/$/.exec(path)?.[1] ?? "";
  const place = MADE_FIRST.indexOf(last);
  const makes = place >= 0 && (method === "post" || method === "put");
  return (ENDS_PEOPLE.test(path) ? 10 : 0) + (makes ? place - MADE_FIRST.length : ORDER.indexOf(method));
}
