import { randomUUID } from "node:crypto";
import { z } from "@hono/zod-openapi";

/** Ids that a sample has: `facility_id`, `vehicle_id`, `id`, ... */
export type IdOf = (member: string) => string;

/** What strings may look like that a schema has more to say about than their length. */
const TEXTS = [
  "15.00",
  "EUR",
  "B AB 1234",
  "a-slug",
  "2026-07-16T10:00:00Z",
  "2026-07-16",
  "12:30",
  "Europe/Berlin",
  "DE",
  "+49 171 5550101",
  "a good long password",
  "52.5,13.4",
  "A1",
  "1",
  "x".repeat(64),
  "https://parkme.test/",
];
const NUMBERS = [1, 10, 0, 0.5, 2026, 100];

/** Something that a schema takes, where that can be guessed: made for tests that ask every call of the API. */
export function sampleOf(schema: z.ZodType, idOf: IdOf, member = "id"): unknown {
  const go = (inner: unknown, name = member) => sampleOf(inner as z.ZodType, idOf, name);
  const fits = (candidates: readonly unknown[]) =>
    candidates.find((candidate) => schema.safeParse(candidate).success) ?? candidates[0];
  if (schema instanceof z.ZodObject) {
    const members = Object.entries(schema.shape).map(([name, inner]) => [name, go(inner, name)] as const);
    return Object.fromEntries(members.filter(([, value]) => value !== undefined));
  }
  // What may be left out is left out, but for ids: those are what tenants could reach each other by.
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault)
    return /_ids?$/.test(member) ? go(schema.def.innerType) : undefined;
  if (schema instanceof z.ZodNullable || schema instanceof z.ZodReadonly) return go(schema.def.innerType);
  if (schema instanceof z.ZodPipe) {
    const text = ["B AB 1234", ...TEXTS].find((candidate) => schema.safeParse(candidate).success);
    return text ?? go(schema.def.in);
  }
  if (schema instanceof z.ZodArray) return [go(schema.element)];
  if (schema instanceof z.ZodUnion) return go(schema.options[0]);
  if (schema instanceof z.ZodEnum) return Object.values(schema.enum)[0];
  if (schema instanceof z.ZodLiteral) return [...schema.values][0];
  if (schema instanceof z.ZodLazy) return go(schema.unwrap());
  if (schema instanceof z.ZodTuple) return schema.def.items.map((item) => go(item));
  if (schema instanceof z.ZodRecord) return {};
  if (schema instanceof z.ZodBoolean) return true;
  if (schema instanceof z.ZodNumber) return fits(NUMBERS);
  if (schema instanceof z.ZodUUID) return idOf(member);
  return fits([
    `p-${randomUUID().slice(0, 8)}@example.test`,
    "some words",
    idOf(member),
    ...TEXTS,
    1,
    true,
    null,
  ]);
}
