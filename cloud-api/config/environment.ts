import { join } from "node:path";
import { z } from "zod";
import { err, ok, type Result } from "@parkme/shared/domain/result";
import { ACCOUNT_HELP, accountsOf, accountVariables, type AccountConfig } from "./account-environment.ts";
import { PLATFORM_HELP, platformOf, platformVariables, type PlatformConfig } from "./platform-environment.ts";

/** What the program is told from outside. */
export type CloudConfig = {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  /** The embedded database's folder, or the address of another server. */
  readonly database: { readonly dataDir: string } | { readonly url: string };
  /** A server that replays the database's log: reports are read from it; null = there is none. */
  readonly replicaUrl: string | null;
  /** Folder of the pictures that edges send. */
  readonly picturesDir: string;
  readonly provisionPath: string | null;
  /** File with the secret that Razorpay signs its webhooks with; null = Razorpay is not set up. */
  readonly razorpaySecretPath: string | null;
  /** File with the payment providers; null = cash alone. */
  readonly paymentsPath: string | null;
  readonly accounts: AccountConfig;
  readonly platform: PlatformConfig;
  readonly logLevel: "fatal" | "error" | "warn" | "info" | "debug" | "trace";
};

const port = z
  .string()
  .regex(/^\d{1,5}$/, "must be a port number, 0..65535")
  .transform(Number)
  .refine((number) => number <= 65_535, "must be a port number, 0..65535");

const environmentSchema = z.object({
  PARKME_CLOUD_HOST: z.string().max(255).default("127.0.0.1"),
  PARKME_CLOUD_PORT: port.default(8080),
  PARKME_DATA_DIR: z.string().max(4_096).default(".parkme/cloud"),
  PARKME_PICTURES_DIR: z.string().max(4_096).optional(),
  PARKME_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: "must be a postgres:// URL" }).optional(),
  PARKME_REPLICA_URL: z.url({ protocol: /^postgres(ql)?$/, error: "must be a postgres:// URL" }).optional(),
  PARKME_PROVISION: z.string().max(4_096).optional(),
  PARKME_RAZORPAY_WEBHOOK_SECRET_FILE: z.string().max(4_096).optional(),
  PARKME_PAYMENTS: z.string().max(4_096).optional(),
  ...accountVariables,
  ...platformVariables,
  PARKME_LOG_LEVEL: z.enum(["fatal", "error", "warn", "info", "debug", "trace"]).default("info"),
});

/** Told by `--help`; the README has the same table. */
export const ENVIRONMENT_HELP = `Environment:
  PARKME_CLOUD_HOST     address to listen on (127.0.0.1)
  PARKME_CLOUD_PORT     port to listen on (8080; 0 takes any free one)
  PARKME_DATA_DIR       folder of the embedded PostgreSQL (.parkme/cloud)
  PARKME_PICTURES_DIR   folder of the pictures that edges send (pictures, in PARKME_DATA_DIR)
  PARKME_DATABASE_URL   postgres:// URL of another server, instead of the embedded one
  PARKME_REPLICA_URL    postgres:// URL of a replica of it, which reports are read from; unset = none
  PARKME_PROVISION      YAML file with the organisation, its facilities, edges and users; read at every start
  PARKME_RAZORPAY_WEBHOOK_SECRET_FILE   file with the secret of Razorpay's webhooks; unset = none are taken
  PARKME_PAYMENTS       YAML file with the payment providers that payments are begun with; unset = cash alone
${ACCOUNT_HELP}
${PLATFORM_HELP}
  PARKME_LOG_LEVEL      fatal, error, warn, info, debug or trace (info)`;

/**
 * Reads the configuration. An empty variable counts as unset.
 *
 * @returns every problem at once, each naming its variable and never showing its value.
 */
export function readEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Result<CloudConfig, readonly string[]> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = environmentSchema.safeParse(given);
  if (!parsed.success) {
    return err(parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`));
  }
  const values = parsed.data;
  const url = values.PARKME_DATABASE_URL;
  return ok({
    host: values.PARKME_CLOUD_HOST,
    port: values.PARKME_CLOUD_PORT,
    database: url === undefined ? { dataDir: values.PARKME_DATA_DIR } : { url },
    replicaUrl: values.PARKME_REPLICA_URL ?? null,
    picturesDir: values.PARKME_PICTURES_DIR ?? join(values.PARKME_DATA_DIR, "pictures"),
    provisionPath: values.PARKME_PROVISION ?? null,
    razorpaySecretPath: values.PARKME_RAZORPAY_WEBHOOK_SECRET_FILE ?? null,
    paymentsPath: values.PARKME_PAYMENTS ?? null,
    accounts: accountsOf(values),
    platform: platformOf(values),
    logLevel: values.PARKME_LOG_LEVEL,
  });
}
