import { randomUUID } from "node:crypto";
import { z } from "zod";
import { findOrganisation, listOrganisations } from "../accounts/organisations.queries.ts";
import { passwordProblem } from "../accounts/rules.ts";
import { hashPassword } from "../accounts/secrets.ts";
import { insertUser } from "../accounts/users.queries.ts";
import { writeAudit } from "../audit/entries.queries.ts";
import { Refused, type Answer, type Surroundings } from "./word.ts";

/** Accounts that nobody who is signed in has to make: the first admin, above all. */

const emailSchema = z.string().trim().toLowerCase().max(254).pipe(z.email());
const roleSchema = z.enum(["admin", "owner", "staff"]);
const MAX_SHOWN = 1_000;

export async function createAccount(surroundings: Surroundings, argument: string): Promise<Answer> {
  const { db, by, now, options } = surroundings;
  const email = emailSchema.safeParse(argument);
  if (!email.success) throw new Refused(`${JSON.stringify(argument)} is no email address`);
  const role = roleSchema.safeParse(options.role ?? "admin");
  if (!role.success) throw new Refused("--role is admin, owner or staff");
  const organisation = await organisationOf(surroundings, role.data);
  const password = await surroundings.password();
  const wrong = passwordProblem(password, email.data);
  if (wrong !== null) throw new Refused(`the password ${wrong}`);
  const user = {
    id: randomUUID(),
    email: email.data,
    firstName: options.name ?? "",
    lastName: "",
    phone: null,
    role: role.data,
    organisationId: organisation?.id ?? null,
    passwordHash: await hashPassword(password),
  };
  await db.transaction(async (tx) => {
    if (!(await insertUser(tx, user, now)))
      throw new Refused(`there is an account with the email ${user.email} already`);
    const principal = { actorId: user.id, name: by, role: "admin", organisationId: null } as const;
    const fact = {
      action: "user.made",
      subject: `user:${user.id}`,
      detail: { role: user.role, email: user.email },
    };
    const actor = { principal, requestId: "admin program", now };
    await writeAudit(tx, actor, organisation === null ? fact : { ...fact, organisationId: organisation.id });
  });
  const where = organisation === null ? "" : ` of ${organisation.name}`;
  const json = { id: user.id, email: user.email, role: user.role, organisation: organisation?.slug ?? null };
  return { json, text: `${user.email} is ${user.role}${where} from now on.` };
}

async function organisationOf({ db, options }: Surroundings, role: string) {
  const slug = options.organisation;
  if (role === "admin") {
    if (slug !== undefined) throw new Refused("admins are of no organisation: leave --organisation out");
    return null;
  }
  if (slug === undefined) throw new Refused(`--organisation SLUG is needed: whom does the ${role} work for?`);
  const found = await findOrganisation(db, { slug });
  if (found === null)
    throw new Refused(`there is no organisation ${JSON.stringify(slug)}: see the word organisations`);
  return found;
}

export async function organisations({ db }: Surroundings): Promise<Answer> {
  const rows = await listOrganisations(db, { only: null, after: null, limit: MAX_SHOWN });
  const lines = rows.map(({ slug, name, id }) => `${slug.padEnd(24)}  ${id}  ${name}`);
  return { json: rows, text: lines.length === 0 ? "there are no organisations" : lines.join("\n") };
}
