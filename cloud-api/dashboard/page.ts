import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { Hono } from "hono";
import { problem } from "@parkme/shared/domain/errors";
import { sendProblem, type AppEnv } from "../http.ts";

/** The built page, held in memory: what is not in it cannot be asked for. */
export type Page = {
  /** Changes with the page's contents. */
  readonly version: string;
  readonly html: string;
  /** By name below `/assets/`. */
  readonly assets: ReadonlyMap<string, Asset>;
};

type Asset = {
  readonly type: string;
  readonly plain: Uint8Array;
  readonly br: Uint8Array;
  readonly gzip: Uint8Array;
};

/** Stands in the page where a response's nonce belongs. */
const NONCE_MARK = "__CSP_NONCE__";

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
};

/**
 * Reads the folder that the build wrote: `index.html`, and `assets/` with hashed names.
 *
 * @throws when a file has a type that the page is not known to need.
 */
export async function loadPage(folder: string): Promise<Page> {
  const html = await readFile(join(folder, "index.html"), "utf8");
  const names = await readdir(join(folder, "assets"));
  const assets = new Map<string, Asset>();
  for (const name of names) assets.set(name, await loadAsset(join(folder, "assets", name)));
  return { version: createHash("sha256").update(html).digest("hex").slice(0, 16), html, assets };
}

async function loadAsset(path: string): Promise<Asset> {
  const type = TYPES[extname(path)];
  if (type === undefined) throw new Error(`no content type is known for ${path}`);
  const plain = await readFile(path);
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 6 } };
  return {
    type,
    plain,
    br: await promisify(brotliCompress)(plain, quality),
    gzip: await promisify(gzip)(plain),
  };
}

/** `GET /` and `GET /assets/*`. Without a built page the API works alone. */
export function pageRoutes(page: Page | null): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get("/", (c) => {
    if (page === null)
      return sendProblem(c, problem(404, "no_page", "the dashboard was not built: npm run build"));
    c.header("cache-control", "no-cache");
    return c.html(page.html.replaceAll(NONCE_MARK, c.get("secureHeadersNonce") ?? ""));
  });

  routes.get("/assets/:name", (c) => {
    const asset = page?.assets.get(c.req.param("name"));
    if (asset === undefined) return c.notFound();
    const accepted = c.req.header("accept-encoding") ?? "";
    const encoding = (["br", "gzip"] as const).find((name) => new RegExp(`\\b${name}\\b`).test(accepted));
    // The name is a hash of the content: what was once fetched never changes.
    c.header("cache-control", "public, max-age=31536000, immutable");
    c.header("vary", "accept-encoding");
    if (encoding !== undefined) c.header("content-encoding", encoding);
    return c.body(new Uint8Array(asset[encoding ?? "plain"]), 200, { "content-type": asset.type });
  });

  return routes;
}
