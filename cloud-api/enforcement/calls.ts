import type { Db } from "../db/connection.ts";
import type { PictureFiles } from "../fleet/picture-files.ts";
import type { Api } from "../platform/api.ts";
import { disputeCalls } from "./dispute-calls.ts";
import { penaltyCalls } from "./penalty-calls.ts";
import { violationPictureCalls } from "./picture-calls.ts";
import { violationCalls } from "./violation-calls.ts";

type EnforcementDeps = {
  readonly db: Db;
  /** Left out, no pictures are taken. */
  readonly pictures?: PictureFiles | undefined;
};

/** Violations, what they cost, and what their drivers say to them. */
export function enforcementCalls(api: Api, { db, pictures }: EnforcementDeps): void {
  penaltyCalls(api);
  // Before what has an id in the same place.
  disputeCalls(api, { db });
  violationCalls(api);
  if (pictures !== undefined) violationPictureCalls(api, { db, files: pictures });
}
