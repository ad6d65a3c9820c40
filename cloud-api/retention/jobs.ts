import type { PictureFiles } from "../fleet/picture-files.ts";
import { forgetChanges } from "../live/changes.queries.ts";
import type { Job } from "../platform/job.ts";
import { forgetOld } from "./forgetting.ts";
import { forgetAnswers } from "./settings.queries.ts";

const HOUR_S = 3_600;
const DAY_S = 86_400;

/** What is forgotten when its time is over. @param files left out: this cloud takes no pictures. */
export function retentionJobs(files?: PictureFiles): readonly Job[] {
  return [
    {
      name: "retention.personal-data",
      everySeconds: DAY_S,
      run: async (deps, now) => await forgetOld(deps, files ?? null, now),
    },
    {
      name: "retention.changes",
      everySeconds: HOUR_S,
      run: async ({ db }, now) => await forgetChanges(db, now),
    },
    {
      name: "retention.answers",
      everySeconds: HOUR_S,
      run: async ({ db }, now) => await forgetAnswers(db, now),
    },
  ];
}
