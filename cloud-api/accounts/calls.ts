import type { Api } from "../platform/api.ts";
import type { Job } from "../platform/job.ts";
import { deleteExpired } from "./expired.queries.ts";
import { keyCalls } from "./key-calls.ts";
import { organisationCalls } from "./organisation-calls.ts";
import { passwordCalls } from "./password-calls.ts";
import type { AccountDeps } from "./settings.ts";
import { staffCalls } from "./staff-calls.ts";
import { tokenCalls } from "./token-calls.ts";
import { totpCalls } from "./totp-calls.ts";
import { userCalls } from "./users-calls.ts";

/** Everything about people, organisations and keys. */
export function accountCalls(api: Api, deps: AccountDeps): void {
  userCalls(api, deps);
  tokenCalls(api, deps);
  passwordCalls(api, deps);
  totpCalls(api, deps);
  staffCalls(api, deps);
  organisationCalls(api, deps);
  keyCalls(api, deps);
}

const CLEAN_EVERY_SECONDS = 3_600;

export const accountJobs: readonly Job[] = [
  {
    name: "accounts.expired",
    everySeconds: CLEAN_EVERY_SECONDS,
    run: async ({ db }, now) => await deleteExpired(db, now),
  },
];
