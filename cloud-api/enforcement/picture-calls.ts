import { randomBytes } from "node:crypto";
import { z } from "@hono/zod-openapi";
import { createIdMint, type ImageId } from "@parkme/shared/domain/ids";
import { writeAudit } from "../audit/entries.queries.ts";
import type { Db } from "../db/connection.ts";
import { inScope } from "../db/tenancy.ts";
import type { PictureFiles } from "../fleet/picture-files.ts";
import type { Api } from "../platform/api.ts";
import { id } from "../platform/fields.ts";
import { notFound, refuse } from "../platform/refusal.ts";
import { isClosed, pictureTypeOf } from "./rules.ts";
import { lockOwn, maySee } from "./violation-calls.ts";
import { addPicture, findViolation } from "./violations.queries.ts";

const PATH = "/api/violations/{id}/pictures/";
const TAG = "enforcement";
const MAX_BYTES = 5 * 1024 * 1024;
/** Of one violation. */
const MAX_PICTURES = 10;

/**
 * What patrols saw: `/api/violations/{id}/pictures/`. They lie where the gates' pictures do. What a file is, its first
 * bytes say, and not who sends it.
 */
export function violationPictureCalls(
  api: Api,
  { db, files }: { readonly db: Db; readonly files: PictureFiles },
): void {
  // Their time is in them: by it the files are in a folder for each day.
  const mint = createIdMint((length) => randomBytes(length));

  api.bare(
    {
      method: "post",
      path: PATH,
      tag: TAG,
      summary: "Adds a picture to a violation: the body is a JPEG, PNG or WebP file of 5 MB at most",
      description: `415 not_a_picture: it is none of them. 409 too_many_pictures: there are ${MAX_PICTURES}.`,
      access: ["admin", "owner", "staff"],
      keyScope: "enforcement:write",
      params: z.object({ id }),
      maxBytes: MAX_BYTES,
      status: 201,
      answer: z.object({ id: z.uuid() }),
    },
    async ({ c, principal, params, now }) => {
      // Read to its end before anything of the database is taken: it may come slowly.
      const bytes = new Uint8Array(await c.req.arrayBuffer());
      if (pictureTypeOf(bytes) === null)
        refuse(415, "not_a_picture", "the body must be a JPEG, PNG or WebP file", "body");
      return await inScope(db, principal, async (tx) => {
        const { violation, organisationId } = await lockOwn(tx, principal, params.id);
        const { facilityId } = violation;
        if (isClosed(violation.status))
          refuse(409, "wrong_status", `it is ${violation.status}, and takes no pictures any more`);
        const pictureId = mint.next<ImageId>(now.getTime());
        if (!(await addPicture(tx, violation, pictureId, MAX_PICTURES)))
          refuse(409, "too_many_pictures", `a violation has ${MAX_PICTURES} pictures at most`);
        const fact = { action: "violation.pictured", subject: `violation:${violation.id}` };
        const actor = { principal, requestId: c.get("requestId"), now };
        await writeAudit(tx, actor, { ...fact, facilityId, organisationId, detail: { picture: pictureId } });
        // Last, so that a picture which a violation names is always there.
        await files.write({ facilityId, pictureId }, 0, bytes);
        await files.finish({ facilityId, pictureId });
        return { id: pictureId };
      });
    },
  );

  api.bare(
    {
      method: "get",
      path: `${PATH}{pictureId}/`,
      tag: TAG,
      summary: "A picture of a violation",
      access: ["admin", "owner", "staff", "driver"],
      params: z.object({ id, pictureId: id }),
    },
    async ({ c, principal, params: { id: violationId, pictureId } }) => {
      const violation = await inScope(db, principal, async (tx) => await findViolation(tx, violationId));
      if (violation === null || !maySee(principal, violation)) return notFound("violation");
      if (!violation.pictures.includes(pictureId)) return notFound("picture");
      const bytes = await files.read({ facilityId: violation.facilityId, pictureId });
      const type = bytes === null ? null : pictureTypeOf(bytes);
      // Deleted when its time was over.
      if (bytes === null || type === null) return notFound("picture");
      c.header("cache-control", "private, max-age=3600");
      c.header("x-content-type-options", "nosniff");
      return c.body(new Uint8Array(bytes), 200, { "content-type": type });
    },
  );
}
