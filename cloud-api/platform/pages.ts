import { z } from "@hono/zod-openapi";
import { refuse } from "./refusal.ts";

/**
 * Lists page by cursor: `?limit=&cursor=` in, `{items, next_cursor}` out. A cursor is the place of the last item, opaque to
 * clients; the last page has none.
 */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
};

export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({ items: z.array(item), next_cursor: z.string().nullable() });
}

/** Cuts a list that was read with one item more than asked for. @param place of an item, as it is compared. */
export function cutPage<T>(
  rows: readonly T[],
  limit: number,
  place: (row: T) => readonly (string | number)[],
): { readonly rows: readonly T[]; readonly next_cursor: string | null } {
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    rows: page,
    next_cursor: more ? Buffer.from(JSON.stringify(place(last))).toString("base64url") : null,
  };
}

/** The place that a cursor stands for; null = the beginning. @throws a refusal where it is none of ours. */
export function readCursor<S extends z.ZodType>(cursor: string | undefined, schema: S): z.output<S> | null {
  if (cursor === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(cursor, "base64url").toString("utf8"));
  } catch {
    value = undefined;
  }
  const read = schema.safeParse(value);
  return read.success ? read.data : refuse(400, "invalid", "is no cursor of this list", "cursor");
}
