import { join } from "node:path";
import { z } from "zod";

/** How the cloud deals with people's accounts. */
export type AccountConfig = {
  /** `smtp://...`, with user and password; null = mails are written into `mailDir`. */
  readonly smtpUrl: string | null;
  readonly mailFrom: string;
  readonly mailDir: string;
  /** Where people reach the cloud, without a slash at its end. */
  readonly publicUrl: string;
  readonly secondFactor: "optional" | "required";
};

/** Part of the schema of the environment. */
export const accountVariables = {
  PARKME_SMTP_URL: z.url({ protocol: /^smtps?$/, error: "must be an smtp:// or smtps:// URL" }).optional(),
  PARKME_MAIL_FROM: z
    .string()
    .max(320)
    .regex(/^[^\r\n]+@[^\r\n]+$/, "must be an address that mails come from")
    .default("ParkMe <no-reply@localhost>"),
  PARKME_MAIL_DIR: z.string().max(4_096).optional(),
  PARKME_PUBLIC_URL: z
    .url({ protocol: /^https?$/, error: "must be an http:// or https:// URL" })
    .max(500)
    .optional(),
  PARKME_SECOND_FACTOR: z.enum(["optional", "required"]).default("optional"),
};

export const ACCOUNT_HELP = `  PARKME_SMTP_URL       smtp:// or smtps:// URL of the mail server; unset = mails are written into PARKME_MAIL_DIR
  PARKME_MAIL_FROM      address that mails come from (ParkMe <no-reply@localhost>)
  PARKME_MAIL_DIR       folder of mails where there is no mail server (mail, in PARKME_DATA_DIR)
  PARKME_PUBLIC_URL     where people reach the cloud: links in mails begin with it (http://127.0.0.1:PORT)
  PARKME_SECOND_FACTOR  optional, or required for admins and owners (optional)`;

type Values = z.output<z.ZodObject<typeof accountVariables>> & {
  readonly PARKME_DATA_DIR: string;
  readonly PARKME_CLOUD_PORT: number;
};

export function accountsOf(values: Values): AccountConfig {
  const publicUrl = values.PARKME_PUBLIC_URL ?? `http://127.0.0.1:${values.PARKME_CLOUD_PORT}`;
  return {
    smtpUrl: values.PARKME_SMTP_URL ?? null,
    mailFrom: values.PARKME_MAIL_FROM,
    mailDir: values.PARKME_MAIL_DIR ?? join(values.PARKME_DATA_DIR, "mail"),
    publicUrl: publicUrl.replace(/\/+$/, ""),
    secondFactor: values.PARKME_SECOND_FACTOR,
  };
}
