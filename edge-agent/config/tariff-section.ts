import { z } from "zod";
import { tariffVersionShape } from "@parkme/shared/pricing/tariff-offer";

/** Either such a version, or the file that has it and is looked at again and again. */
export const tariffSection = z
  .strictObject({ ...tariffVersionShape, file: z.string().min(1).max(500) })
  .partial()
  .superRefine(({ file, id, version, document }, ctx) => {
    const itself = id !== undefined || version !== undefined || document !== undefined;
    if (file !== undefined && itself) ctx.addIssue("names a file, or has id, version and document; not both");
    if (file !== undefined) return;
    const missing = Object.entries({ id, version, document }).filter(([, value]) => value === undefined);
    for (const [key] of missing) ctx.addIssue({ code: "custom", path: [key], message: "is missing" });
  });
