import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { Hono, type Context } from "hono";
import { yamlText } from "@parkme/shared/config/yaml-text";
import type { AppEnv } from "../http.ts";
import type { ApiDocument } from "./document.ts";

/** A file as it is sent, with its hash for `if-none-match`. */
type Text = {
  readonly type: string;
  readonly gzipped: Uint8Array;
  readonly plain: string;
  readonly etag: string;
};

const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>ParkMe Gate: API</title>
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/api/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="api"></div>
    <script src="/api/docs/swagger-ui-bundle.js"></script>
    <script src="/api/docs/start.js"></script>
  </body>
</html>
`;

/** Nothing is asked of anybody else: the validator that the page would ask is switched off. */
const START = `window.addEventListener("load", () => {
  SwaggerUIBundle({
    url: "/api/schema/",
    dom_id: "#api",
    deepLinking: true,
    docExpansion: "none",
    filter: true,
    persistAuthorization: false,
    tryItOutEnabled: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
  });
});
`;

const HTML = "text/html; charset=utf-8";
const SCRIPT = "text/javascript; charset=utf-8";

/** What the page is made of; those of swagger-ui-dist are read when somebody asks for them first. */
const FILES: Readonly<Record<string, { readonly type: string; readonly text: () => Promise<string> }>> = {
  "": { type: HTML, text: async () => PAGE },
  "start.js": { type: SCRIPT, text: async () => START },
  "swagger-ui.css": {
    type: "text/css; charset=utf-8",
    text: () => fileOf(import.meta.resolve("swagger-ui-dist/swagger-ui.css")),
  },
  "swagger-ui-bundle.js": {
    type: SCRIPT,
    text: () => fileOf(import.meta.resolve("swagger-ui-dist/swagger-ui-bundle.js")),
  },
};

/** `GET /api/schema/` (JSON, or `?format=yaml`): the OpenAPI document; `GET /api/docs/`: Swagger UI with it. */
export function docsRoutes(compose: () => ApiDocument): Hono<AppEnv> {
  const routes = new Hono<AppEnv>({ strict: false });
  const made = new Map<string, Promise<Text>>();
  const remember = (name: string, type: string, text: () => Promise<string>): Promise<Text> => {
    const known = made.get(name) ?? text().then((plain) => packed(type, plain));
    made.set(name, known);
    // What could not be read is read again for the next who asks.
    known.catch(() => made.delete(name));
    return known;
  };

  routes.get("/api/schema", async (c) => {
    const yaml = c.req.query("format") === "yaml";
    const text = yaml
      ? await remember("yaml", "application/yaml; charset=utf-8", async () => yamlText(compose()))
      : await remember("json", "application/json", async () => JSON.stringify(compose()));
    return send(c, text);
  });

  routes.get("/api/docs/:name?", async (c) => {
    const name = c.req.param("name") ?? "";
    const file = Object.hasOwn(FILES, name) ? FILES[name] : undefined;
    return file === undefined ? c.notFound() : send(c, await remember(`docs/${name}`, file.type, file.text));
  });
  return routes;
}

function send(c: Context<AppEnv>, { type, plain, gzipped, etag }: Text): Response {
  const headers = { "cache-control": "no-cache", etag, vary: "accept-encoding" };
  const known = (c.req.header("if-none-match") ?? "").split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  if (known.includes(etag)) return c.body(null, 304, headers);
  const zip = /\bgzip\b/.test(c.req.header("accept-encoding") ?? "");
  const encoding = zip ? { "content-encoding": "gzip" } : {};
  return c.body(zip ? new Uint8Array(gzipped) : plain, 200, {
    ...headers,
    ...encoding,
    "content-type": type,
  });
}

async function packed(type: string, plain: string): Promise<Text> {
  const etag = `"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
  return { type, plain, etag, gzipped: await promisify(gzip)(plain) };
}

async function fileOf(url: string): Promise<string> {
  return await readFile(fileURLToPath(url), "utf8");
}
