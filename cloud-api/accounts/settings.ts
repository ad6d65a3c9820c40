import type { Db } from "../db/connection.ts";
import type { Cache } from "../platform/cache.ts";
import type { Mailer } from "./mail.ts";
import type { PasswordDesk } from "./password-desk.ts";

/** How the cloud deals with people's accounts. */
export type AccountSettings = {
  readonly mail: Mailer;
  /** Where people reach the cloud, without a slash at its end: links in mails begin with it. */
  readonly publicUrl: string;
  /** `required` = admins and owners do not get in without one. Everybody may have one. */
  readonly secondFactor: "optional" | "required";
};

/** Where nobody is written to. */
export const NO_MAIL: AccountSettings = {
  mail: { post: () => undefined, settled: async () => undefined },
  publicUrl: "http://127.0.0.1",
  secondFactor: "optional",
};

/** With what looks at passwords. */
export type Accounts = AccountSettings & { readonly desk: PasswordDesk };

/**
 * What the calls of accounts work with. They run as the system does, not behind the walls of who asks: nobody's walls
 * show the tables of accounts. So each of them looks itself whose account it is.
 */
export type AccountDeps = {
  readonly db: Db;
  readonly cache: Pick<Cache, "forget">;
  readonly accounts: Accounts;
};
