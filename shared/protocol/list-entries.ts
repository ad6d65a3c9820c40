import { z } from "zod";
import { credentialOf, MAX_CREDENTIAL_CHARACTERS } from "../domain/credential.ts";
import { normalisePlate } from "../domain/plate.ts";
import { slugSchema } from "./gate-mqtt.ts";

/**
 * The entries of the lists of who may park, as their maker hands them over: in a list file, and in the manifest. Read,
 * they have plates, cards and codes as they are compared, and times in Unix milliseconds.
 *
 * A permit without `spaces` lets one vehicle in at a time; with it, the permits of its account together let in so
 * many. `zone` names the quota: such a holder is let in while that zone has room, though the place is full for
 * others; a permit without a zone has no quota but its spaces. `pass` names the tariff's pass that says which hours and
 * minutes it pays for; without it, it pays for all of its time. A reservation lets one vehicle in, once, and keeps a
 * space for it (in its zone, where it names one) from `early_minutes` before `from` to `until`; what the time before
 * `from` and after `until` costs is the tariff's to say.
 */

/** Permits, reservations, blocked and watched plates of a facility, together. */
export const MAX_LIST_ENTRIES = 200_000;
const MAX_KEYS = 50;
const MINUTE_MS = 60_000;

/** Names of entries, accounts and passes. */
export const listIdSchema = z.string().trim().min(1).max(80);
const reason = z.string().trim().min(1).max(200);
export const listInstantSchema = z.iso.datetime({ offset: true }).transform((text) => Date.parse(text));

const plate = z
  .string()
  .max(60)
  .transform((text, ctx) => {
    const normal = normalisePlate(text);
    if (normal !== null) return normal;
    ctx.addIssue({ code: "custom", message: "is no plate" });
    return z.NEVER;
  });

const card = shown("card", "is no card number");
/** A code that reads as a ticket number would never be taken for a code. */
const code = shown("code", "is no code, or reads as a ticket number");

function shown(kind: "card" | "code", message: string) {
  return z
    .string()
    .max(MAX_CREDENTIAL_CHARACTERS)
    .transform((text, ctx) => {
      const credential = credentialOf(kind, text);
      if (credential?.kind === kind) return credential.text;
      ctx.addIssue({ code: "custom", message });
      return z.NEVER;
    });
}

export const permitSchema = z
  .strictObject({
    id: listIdSchema,
    plates: z.array(plate).max(MAX_KEYS).default([]),
    cards: z.array(card).max(MAX_KEYS).default([]),
    account: listIdSchema,
    valid_from: listInstantSchema,
    valid_until: listInstantSchema,
    spaces: z.number().int().min(1).max(100_000).optional(),
    zone: slugSchema.optional(),
    pass: listIdSchema.optional(),
  })
  .refine((permit) => permit.valid_from < permit.valid_until, {
    path: ["valid_until"],
    message: "must be after valid_from",
  })
  .transform(
    ({ valid_from: fromMs, valid_until: untilMs, spaces = null, zone = null, pass = null, ...rest }) => ({
      ...rest,
      fromMs,
      untilMs,
      spaces,
      zone,
      pass,
    }),
  );

export const reservationSchema = z
  .strictObject({
    id: listIdSchema,
    plates: z.array(plate).max(MAX_KEYS).default([]),
    codes: z.array(code).max(MAX_KEYS).default([]),
    from: listInstantSchema,
    until: listInstantSchema,
    early_minutes: z.number().int().min(0).max(1_440).default(0),
    zone: slugSchema.optional(),
  })
  .refine(({ from, until }) => from < until, { path: ["until"], message: "must be after from" })
  .transform(({ from, until: untilMs, early_minutes: early, zone = null, ...rest }) => ({
    ...rest,
    /** From when on it lets in. */
    fromMs: from - early * MINUTE_MS,
    /** What it is for begins here: before it, the tariff's price for coming early counts. */
    reservedFromMs: from,
    untilMs,
    zone,
  }));

/** A plate that is kept out, or that somebody watches for. */
export const listedPlateSchema = z.strictObject({ plate, reason });
