import type { Logger } from "pino";
import type { Clock } from "@parkme/shared/domain/clock";
import type { Accounts } from "./accounts/settings.ts";
import type { Db } from "./db/connection.ts";
import type { PictureFiles } from "./fleet/picture-files.ts";
import type { WebhookReader } from "./payments/provider-event.ts";
import type { Provider } from "./payments/providers/contract.ts";
import type { Cache } from "./platform/cache.ts";

/** What the domains of the platform work with. */
export type DomainDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Logger;
  readonly cache: Cache;
  readonly accounts: Accounts;
  /** Where pictures lie; left out, none are taken. */
  readonly pictures?: PictureFiles | undefined;
  /** A copy of the database that only reports read; left out: `db`. */
  readonly replica?: Db | undefined;
  /** Payment providers; left out: cash alone. */
  readonly providers?: readonly Provider[] | undefined;
  /** Payment providers of which only the webhooks are set up. */
  readonly webhooks?: readonly WebhookReader[] | undefined;
};
