import { z } from "@hono/zod-openapi";
import { instantText, iso, words } from "../platform/fields.ts";
import { refuse } from "../platform/refusal.ts";
import { MAX_PASSWORD, passwordProblem } from "./rules.ts";
import { ROLES } from "../db/schema.ts";
import type { UserRow } from "./users.queries.ts";

/** The members of accounts' requests and answers. */

export const email = z.string().trim().toLowerCase().max(254).pipe(z.email());
export const names = { first_name: words(80), last_name: words(80) };
/** Written as people write it; kept as digits, with a plus where it is international. */
export const phone = z
  .string()
  .trim()
  .regex(/^\+?[0-9][0-9 ()./-]{4,24}$/, "must be a telephone number")
  .transform((text) => text.replaceAll(/[^+0-9]/g, ""));
/** Of a sign-in: whatever it is, it is looked at in one way only. */
export const anyPassword = z.string().min(1).max(MAX_PASSWORD);
/** Of an authenticator app, or a recovery code. */
export const code = z.string().trim().min(1).max(40);

export const newPassword = { password: anyPassword, password_confirm: anyPassword };

/** A new password as the request has it. @throws a refusal where it is not taken. */
export function passwordOf(
  body: { readonly password: string; readonly password_confirm: string },
  whose: string,
): string {
  if (body.password !== body.password_confirm)
    refuse(400, "invalid", "is not the same as the password", "password_confirm");
  const problem = passwordProblem(body.password, whose);
  return problem === null ? body.password : refuse(400, "weak_password", problem, "password");
}

export const userAnswer = z.object({
  id: z.uuid(),
  email: z.string(),
  name: z.string(),
  first_name: z.string(),
  last_name: z.string(),
  phone: z.string().nullable(),
  role: z.enum(ROLES),
  organisation_id: z.uuid().nullable(),
  organisation_name: z.string().nullable(),
  /** Those that staff work at. */
  facility_ids: z.array(z.uuid()),
  second_factor: z.boolean(),
  disabled: z.boolean(),
  made_at: instantText,
});

export function userView(user: UserRow): z.input<typeof userAnswer> {
  return {
    id: user.id,
    email: user.email,
    name: user.name,
    first_name: user.firstName,
    last_name: user.lastName,
    phone: user.phone,
    role: user.role,
    organisation_id: user.organisationId,
    organisation_name: user.organisationName,
    facility_ids: [...user.facilityIds],
    second_factor: user.secondFactor,
    disabled: user.disabledAt !== null,
    made_at: iso(user.madeAt),
  };
}
