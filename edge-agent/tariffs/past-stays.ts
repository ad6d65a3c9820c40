import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import type { PastStay } from "@parkme/shared/pricing/diff";
import { momentOf } from "@parkme/shared/domain/moment";

/** Stays that there were, from a file, to see what another tariff would have meant. */

export const MAX_PAST_STAYS = 100_000;
const MAX_FILE_BYTES = 32 * 1024 * 1024;

const fileSchema = z
  .array(
    z.strictObject({
      name: z.string().min(1).max(80).optional(),
      entry: z.string().max(40),
      exit: z.string().max(40),
      vehicle: z.string().min(1).max(40).optional(),
      ev: z.boolean().optional(),
      accessible: z.boolean().optional(),
      occupancy_percent: z.number().int().min(0).max(1_000).optional(),
    }),
  )
  .max(MAX_PAST_STAYS);

/** `[{ "name", "entry": "2026-11-23 08:00", "exit", "vehicle", "ev", "accessible", "occupancy_percent" }]` */
export function pastStaysFrom(path: string, timeZone: string): Result<readonly PastStay[], string> {
  const read = readJson(path);
  if (!read.ok) return read;
  const parsed = fileSchema.safeParse(read.value);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    return err(`${path}: ${first?.path.join(".") ?? ""} ${first?.message ?? ""}`);
  }
  const past: PastStay[] = [];
  for (const [i, row] of parsed.data.entries()) {
    const [entryMs, exitMs] = [momentOf(row.entry, timeZone), momentOf(row.exit, timeZone)];
    if (entryMs === null) return err(`${path}: ${i}.entry is not a time`);
    if (exitMs === null) return err(`${path}: ${i}.exit is not a time`);
    const { name = `${row.entry} - ${row.exit}`, vehicle = "car", ev = false, accessible = false } = row;
    const occupancyPercent = row.occupancy_percent ?? null;
    past.push({
      name,
      stay: { entryMs, exitMs, vehicleType: vehicle, ev, accessible, occupancyPercent },
    });
  }
  return ok(past);
}

function readJson(path: string): Result<unknown, string> {
  try {
    if (statSync(path).size > MAX_FILE_BYTES) return err(`${path} is longer than ${MAX_FILE_BYTES} bytes`);
    return ok(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    return err(`${path} ${error instanceof SyntaxError ? "is not JSON" : "cannot be read"}`);
  }
}
