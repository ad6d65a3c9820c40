import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { Hono, type Context } from "hono";
import { z } from "zod";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { manifestKeySchema, sectionNameSchema, type ManifestChange } from "@parkme/shared/protocol/manifest";
import { sha256Hex } from "@parkme/shared/protocol/log";
import { isSection } from "@parkme/shared/protocol/manifest-sections";
import { requireOwnPage } from "../accounts/guard.ts";
import type { Db } from "../db/connection.ts";
import { requireFacility, type FacilityEnv } from "../facilities/own-facility.ts";
import { limitBody, readJson, sendProblem } from "../http.ts";
import { requireEdge, type EdgeEnv } from "./edge-auth.ts";
import type { ManifestChanged, ManifestProblem, ManifestView } from "./manifest-contract.ts";
import { readCursor, readManifestPage } from "./manifest-page.queries.ts";
import {
  bodyOf,
  countSections,
  type HadManifest,
  isOfLostTime,
  manifestAtEdge,
  newestOf,
  publish,
  raiseManifestAbove,
} from "./manifest.queries.ts";
import type { ChangeProblem } from "./manifest-rules.ts";

type ManifestDeps = { readonly db: Db; readonly clock: Clock };

const haveSchema = z
  .object({
    have: z.coerce.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER),
    digest: sha256Hex.optional(),
  })
  .refine(({ have, digest }) => have === 0 || digest !== undefined)
  .transform(({ have: version, digest = "" }) => ({ version, digest }));
const compress = promisify(gzip);

/** `GET /api/edge/manifest?have=VERSION`, then `?cursor=NEXT`: see shared/protocol/manifest. */
export function edgeManifestRoutes({ db, clock }: ManifestDeps): Hono<EdgeEnv> {
  const routes = new Hono<EdgeEnv>({ strict: false });
  routes.get("/api/edge/manifest", requireEdge(db, clock), async (c) => {
    const { facilityId } = c.get("edge");
    const cursor = c.req.query("cursor");
    const had = cursor === undefined ? haveSchema.safeParse(c.req.query()) : null;
    const from = cursor === undefined ? (had?.data ?? null) : readCursor(cursor);
    if (from === null)
      return sendProblem(c, problem(400, "invalid", "have (a version) and digest, or cursor, are needed"));
    if (had?.success === true) await putRight(facilityId, had.data);
    const page = await readManifestPage(db, facilityId, from);
    if (page === null) return c.body(null, 204);
    const lines = [page.header, ...page.lines].map((line) => JSON.stringify(line));
    return c.body(new Uint8Array(await compress(`${lines.join("\n")}\n`)), 200, {
      "content-type": "application/x-ndjson",
      "content-encoding": "gzip",
    });
  });
  /** Only a cloud that was restored does not know the manifest that an edge has. */
  async function putRight(facilityId: string, had: HadManifest): Promise<void> {
    const newest = await newestOf(db, facilityId);
    if (newest === null || !isOfLostTime(had, newest)) return;
    await db.transaction((tx) => raiseManifestAbove(tx, facilityId, had, new Date(clock.wallMs())));
  }

  return routes;
}

/** Of one request: room for a few thousand permits. */
const MAX_CHANGES = 10_000;
const MAX_CHANGES_BYTES = 8 * 1024 * 1024;
/** A tariff document, as JSON. */
const MAX_ENTRY_BYTES = 96 * 1024;

const nameShape = { section: sectionNameSchema, key: manifestKeySchema };
const changesSchema = z.strictObject({
  changes: z
    .array(z.strictObject({ ...nameShape, body: z.json() }))
    .min(1)
    .max(MAX_CHANGES),
});

/** Staff change what they may by calls of their own. */
const CHANGERS = ["admin", "owner"] as const;

/**
 * What headquarters decides for a facility, below `/api/facilities/:facilityId/manifest`:
 *
 * - `GET`: {@link ManifestView};
 * - `GET /:section/:key`: the body of an entry;
 * - `PUT /:section/:key`: the body of an entry, JSON; `DELETE` removes it;
 * - `POST`: `{changes: [{section, key, body}]}`, where a body of null removes; all of them or none.
 *
 * Changes answer {@link ManifestChanged}, or 422 with `problems`, each with its path.
 */
export function manifestRoutes(deps: ManifestDeps): Hono<FacilityEnv> {
  const { db, clock } = deps;
  const routes = new Hono<FacilityEnv>({ strict: false });
  const base = "/api/facilities/:facilityId/manifest";

  routes.get(base, requireFacility(deps), async (c) =>
    c.json<ManifestView>(await viewOf(deps, c.get("facility").id)),
  );

  routes.get(`${base}/:section/:key`, requireFacility(deps), async (c) => {
    const { section, key } = c.req.param();
    const body = isSection(section) ? await bodyOf(db, c.get("facility").id, section, key) : null;
    if (body === null) return noEntry(c);
    return c.body(body, 200, { "content-type": "application/json" });
  });

  routes.put(
    `${base}/:section/:key`,
    requireFacility(deps, CHANGERS),
    requireOwnPage,
    limitBody(MAX_ENTRY_BYTES),
    async (c) => {
      const { section, key } = c.req.param();
      const body = await readJson(c);
      if (body === undefined || body === null)
        return sendProblem(c, problem(400, "invalid", "the body is no JSON"));
      return await change(c, [{ section, key, body: JSON.stringify(body) }], ([, ...path]) => path);
    },
  );

  routes.delete(`${base}/:section/:key`, requireFacility(deps, CHANGERS), requireOwnPage, async (c) => {
    const { section, key } = c.req.param();
    const known = isSection(section) && (await bodyOf(db, c.get("facility").id, section, key)) !== null;
    return known ? await change(c, [{ section, key, body: null }], (path) => path) : noEntry(c);
  });

  routes.post(
    base,
    requireFacility(deps, CHANGERS),
    requireOwnPage,
    limitBody(MAX_CHANGES_BYTES),
    async (c) => {
      const read = changesSchema.safeParse(await readJson(c));
      if (!read.success) return refused(c, read.error.issues, (path) => path);
      const changes = read.data.changes.map(({ section, key, body }) => ({
        section,
        key,
        body: body === null ? null : JSON.stringify(body),
      }));
      return await change(c, changes, (path) => ["changes", ...path]);
    },
  );

  async function change(
    c: Context<FacilityEnv>,
    changes: readonly ManifestChange[],
    place: PlaceOf,
  ): Promise<Response> {
    const { id } = c.get("facility");
    const done = await db.transaction((tx) => publish(tx, id, changes, new Date(clock.wallMs())));
    return done.ok ? c.json<ManifestChanged>(done.value) : refused(c, done.error, place);
  }

  return routes;
}

/** From the path of a problem to what the sender wrote. */
type PlaceOf = (path: readonly PropertyKey[]) => readonly PropertyKey[];

/** More than anybody reads. */
const MAX_PROBLEMS = 100;

function refused(c: Context, found: readonly ChangeProblem[], place: PlaceOf): Response {
  const problems = found
    .slice(0, MAX_PROBLEMS)
    .map<ManifestProblem>(({ path, message }) => ({ path: place(path).map(String).join("."), message }));
  const [first] = problems;
  const said = first === undefined ? "is not right" : `${first.path} ${first.message}`.trim();
  return sendProblem(c, problem(422, "manifest_invalid", said, first?.path || undefined), { problems });
}

function noEntry(c: Context): Response {
  return sendProblem(c, problem(404, "no_such_entry", "there is no such entry in the manifest"));
}

async function viewOf({ db, clock }: ManifestDeps, facilityId: string): Promise<ManifestView> {
  const [newest, sections, edge] = await Promise.all([
    newestOf(db, facilityId),
    countSections(db, facilityId),
    manifestAtEdge(db, facilityId),
  ]);
  return {
    version: newest?.version ?? 0,
    made_at: newest?.madeAt.toISOString() ?? null,
    digest: newest?.digest ?? null,
    entries: newest?.entries ?? 0,
    sections: Object.fromEntries(sections),
    edge:
      edge === null
        ? null
        : {
            version: edge.version,
            made_at: edge.madeAt?.toISOString() ?? null,
            age_seconds:
              edge.madeAt === null ? null : Math.round((clock.wallMs() - edge.madeAt.getTime()) / 1_000),
            newest: edge.version === newest?.version,
          },
  };
}
