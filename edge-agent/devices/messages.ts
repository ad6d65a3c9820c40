import type { z } from "zod";
import { err, ok, type Result } from "@parkme/shared/domain/result";

/** Reads JSON from a device through its schema. The error is one line, fit for a log. */
export function parseMessage<T>(schema: z.ZodType<T>, payload: Uint8Array): Result<T, string> {
  let document: unknown;
  try {
    document = JSON.parse(
      Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8"),
    );
  } catch {
    return err("not JSON");
  }
  const parsed = schema.safeParse(document);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  return err(`${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`.slice(0, 200));
}
