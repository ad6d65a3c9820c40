import { z } from "zod";
import { slotRangeProblem } from "../domain/capacity-rights.ts";
import { slugSchema } from "./gate-mqtt.ts";

/** What the edge tells of its link with the cloud: payloads of events, as in sync.ts. */

const uuid = z.uuid();
const instant = z.iso.datetime({ offset: true });
const detail = z.string().max(200);
const version = z.number().int().nonnegative();
const amount = z.number().int().positive().max(1_000_000);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

export const COMMAND_OUTCOMES = ["done", "refused", "late", "failed", "unknown"] as const;
export type CommandOutcome = (typeof COMMAND_OUTCOMES)[number];

/** A remote command has its answer; `unknown` = the agent was stopped while it was being done. */
const commandAnsweredSchema = z.object({
  command_id: uuid,
  outcome: z.enum(COMMAND_OUTCOMES),
  detail,
  at: instant,
});

const manifestTakenSchema = z.object({ version, digest: sha256, at: instant });
/** It was not valid: the last good one stays. */
const manifestRefusedSchema = z.object({ version: version.nullable(), problem: detail, at: instant });

/** Whole hours of UTC, a month at most: what is longer is no range that anybody would book. */
function areSlots({ from, until }: { readonly from: string; readonly until: string }): boolean {
  return slotRangeProblem({ fromMs: Date.parse(from), untilMs: Date.parse(until) }) === null;
}
const notSlots = {
  error: "from and until must be full hours of UTC, at most a month apart",
  path: ["until"],
};

const rightsMoved = z.object({
  transfer_id: uuid,
  class: slugSchema,
  from: instant,
  until: instant,
  amount,
  at: instant,
});
/** Rights to spaces moved to the cloud: the edge has debited itself. Slots from `from` to before `until`. */
const rightsGivenSchema = rightsMoved.refine(areSlots, notSlots);
/**
 * Rights came back: the cloud had debited itself, and the edge has credited itself. Fewer than were sent, or none,
 * where the edge had not given as many: then the rest is the cloud's.
 */
const rightsTakenSchema = rightsMoved
  .extend({ amount: z.number().int().nonnegative().max(1_000_000) })
  .refine(areSlots, notSlots);

/** The edge runs short, and asks the cloud for what it has not sold. */
const rightsWantedSchema = z
  .object({
    request_id: uuid,
    class: slugSchema,
    from: instant,
    until: instant,
    amount,
    at: instant,
  })
  .refine(areSlots, notSlots);

export const EQUALITY_SUBJECTS = [
  "stays",
  "movements",
  "payments",
  "ledger",
  "receipts",
  "shifts",
  "validations",
] as const;
export type EqualitySubject = (typeof EQUALITY_SUBJECTS)[number];

/** One day of one kind of rows, counted, summed and digested by one side. See equality.ts. */
export const dayDigestSchema = z.object({
  /** Of the rows' own time, in UTC: YYYY-MM-DD. */
  day: z.iso.date(),
  subject: z.enum(EQUALITY_SUBJECTS),
  count: z.number().int().nonnegative(),
  amount_minor: z.number().int(),
  digest: sha256,
});
export type DayDigest = z.infer<typeof dayDigestSchema>;

/** What the edge's own rows add up to, at this very place of the log. */
const equalityReportedSchema = z.object({ days: z.array(dayDigestSchema).max(400), at: instant });

/** A new key signs tickets and receipts from now on: others verify with it. */
const ticketKeyMadeSchema = z.object({
  key_id: z.number().int().nonnegative(),
  /** SubjectPublicKeyInfo in base64. */
  public_key: z.string().max(200),
  at: instant,
});

/** The edge was restored, and has what the cloud knew of it. */
const logRestoredSchema = z.object({
  /** The last place that the restored database had in common with the cloud. */
  common_seq: z.number().int().nonnegative(),
  adopted: z.number().int().nonnegative(),
  /** Rows that could not be put into the state, because others were in their place: kept for a person. */
  conflicts: z.number().int().nonnegative(),
  at: instant,
});

export const linkPayloads = {
  /** No fact of its own: only rows go with it. */
  "rows.changed": z.object({}),
  "command.answered": commandAnsweredSchema,
  "manifest.taken": manifestTakenSchema,
  "manifest.refused": manifestRefusedSchema,
  "rights.given": rightsGivenSchema,
  "rights.taken": rightsTakenSchema,
  "rights.wanted": rightsWantedSchema,
  "equality.reported": equalityReportedSchema,
  "ticket_key.made": ticketKeyMadeSchema,
  "log.restored": logRestoredSchema,
} as const;
