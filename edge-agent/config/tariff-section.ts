import { z } from "zod";
import { slugSchema } from "@parkme/shared/protocol/gate-mqtt";

/** One version of a tariff with its name and the time from which it is in force: in edge.yaml, or a file of its own. */

export const versionShape = {
  id: slugSchema,
  version: z
    .int({ error: ({ input }) => (input === undefined ? "is missing" : "must be a whole number") })
    .min(1, "must be at least 1")
    .max(1_000_000_000, "must be at most 1000000000"),
  /** Local to the facility, or with an offset; left out = from when the gate takes it. */
  valid_from: z.string().max(40).optional(),
  document: z.unknown().optional(),
};

/** Either such a version, or the file that has it and is looked at again and again. */
export const tariffSection = z
  .strictObject({ ...versionShape, file: z.string().min(1).max(500) })
  .partial()
  .superRefine(({ file, id, version, document }, ctx) => {
    const itself = id !== undefined || version !== undefined || document !== undefined;
    if (file !== undefined && itself) ctx.addIssue("names a file, or has id, version and document; not both");
    if (file !== undefined) return;
    const missing = Object.entries({ id, version, document }).filter(([, value]) => value === undefined);
    for (const [key] of missing) ctx.addIssue({ code: "custom", path: [key], message: "is missing" });
  });
