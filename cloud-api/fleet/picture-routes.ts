import { Hono, type Context } from "hono";
import type { Clock } from "@parkme/shared/domain/clock";
import { problem } from "@parkme/shared/domain/errors";
import { isUuid } from "@parkme/shared/domain/ids";
import {
  MAX_PICTURE_CHUNK,
  pictureHeadersSchema,
  type PictureProgress,
} from "@parkme/shared/protocol/pictures";
import type { Db } from "../db/connection.ts";
import { requireFacility, type FacilityEnv } from "../facilities/own-facility.ts";
import { limitBody, sendProblem } from "../http.ts";
import { requireEdge, type EdgeEnv } from "./edge-auth.ts";
import type { PictureFiles } from "./picture-files.ts";
import { progressOf, takeChunk, type ChunkOutcome } from "./pictures.ts";

type PictureDeps = { readonly db: Db; readonly clock: Clock; readonly files: PictureFiles };

/** `PUT` and `GET` (or `HEAD`) `/api/edge/pictures/:pictureId`: see shared/protocol/pictures. */
export function edgePictureRoutes({ db, clock, files }: PictureDeps): Hono<EdgeEnv> {
  const routes = new Hono<EdgeEnv>({ strict: false });
  const path = "/api/edge/pictures/:pictureId";
  const edge = requireEdge(db, clock);

  routes.put(path, edge, limitBody(MAX_PICTURE_CHUNK), async (c) => {
    const pictureId = c.req.param("pictureId").toLowerCase();
    if (!isUuid(pictureId)) return noSuchPicture(c);
    const headers = pictureHeadersSchema.safeParse(c.req.header());
    if (!headers.success) {
      const issue = headers.error.issues[0];
      return sendProblem(
        c,
        problem(400, "invalid", issue?.message ?? "not understood", issue?.path.join(".")),
      );
    }
    const {
      "upload-offset": offset,
      "upload-length": size,
      "upload-sha256": sha256,
      "upload-subject": subject,
    } = headers.data;
    const notice = { facilityId: c.get("edge").facilityId, pictureId, subject, size, sha256 };
    const bytes = new Uint8Array(await c.req.arrayBuffer());
    return answer(c, await takeChunk({ db, files }, notice, { offset, bytes }, new Date(clock.wallMs())));
  });

  routes.get(path, edge, async (c) => {
    const name = { facilityId: c.get("edge").facilityId, pictureId: c.req.param("pictureId").toLowerCase() };
    const progress = isUuid(name.pictureId) ? await progressOf({ db, files }, name) : null;
    if (progress === null) return noSuchPicture(c);
    const { received, complete, size } = progress;
    c.header("upload-offset", String(received));
    c.header("upload-length", String(size));
    return c.json<PictureProgress>({ received, complete });
  });

  return routes;
}

/** For headquarters: `GET /api/facilities/:facilityId/pictures/:pictureId`. */
export function pictureRoutes(deps: PictureDeps): Hono<FacilityEnv> {
  const routes = new Hono<FacilityEnv>({ strict: false });
  routes.get("/api/facilities/:facilityId/pictures/:pictureId", requireFacility(deps), async (c) => {
    const pictureId = c.req.param("pictureId").toLowerCase();
    const name = { facilityId: c.get("facility").id, pictureId };
    const progress = isUuid(pictureId) ? await progressOf(deps, name) : null;
    const jpeg = progress?.complete === true ? await deps.files.read(name) : null;
    if (jpeg === null) return noSuchPicture(c);
    c.header("cache-control", "private, max-age=3600");
    c.header("x-content-type-options", "nosniff");
    return c.body(new Uint8Array(jpeg), 200, { "content-type": "image/jpeg" });
  });
  return routes;
}

function answer(c: Context, outcome: ChunkOutcome): Response {
  switch (outcome.kind) {
    case "taken":
      return c.json<PictureProgress>({ received: outcome.received, complete: outcome.complete });
    case "wrong_offset":
      return sendProblem(c, problem(409, "wrong_offset", `send on from ${outcome.received}`), {
        received: outcome.received,
      });
    case "other_picture":
      return sendProblem(c, problem(409, "other_picture", "another picture has this id"));
    case "not_a_picture":
      return sendProblem(c, problem(422, "not_a_picture", "this is no JPEG"));
    case "too_long":
      return sendProblem(c, problem(422, "too_long", "the chunk goes beyond the announced length"));
    case "wrong_digest":
      return sendProblem(c, problem(422, "wrong_digest", "the picture is not the one that was announced"));
    default:
      return outcome satisfies never;
  }
}

function noSuchPicture(c: Context): Response {
  return sendProblem(c, problem(404, "no_such_picture", "there is no such picture"));
}
